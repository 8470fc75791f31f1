"""Sentinel-2 products, built here in ESA's layouts."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from helpers.rasters import rgb, scene_mixed, write
from landslip.runtime.errors import InputError
from landslip.runtime.record import describe_inputs, sha256_of
from landslip.runtime.scene import open_scene
from landslip.runtime.sentinel2 import is_product, true_colour, zero_is_nodata

L1C = "S2B_MSIL1C_20200101T101319_N0208_R022_T32TNS_20200101T115632.SAFE"
L2A = "S2B_MSIL2A_20200101T101319_N0213_R022_T32TNS_20200101T124152.SAFE"
PICTURES = {
    L1C: "GRANULE/L1C_T32TNS_A014741_20200101T101430/IMG_DATA/T32TNS_20200101T101319_TCI.jp2",
    L2A: "GRANULE/L2A_T32TNS_A014741_20200101T101430/IMG_DATA/R10m/T32TNS_20200101T101319_TCI_10m.jp2",
}
LOSSLESS = {"driver": "JP2OpenJPEG", "quality": "100", "reversible": "YES"}


def picture():
    """240 x 300 pixels with a corner outside the swath."""
    values = rgb(240, 300)
    values[:, :80, :60] = 0
    values[0, 150:170, 150:170] = 0  # no red is a colour
    return values


def product(folder, name):
    root = folder / name
    path = root / PICTURES[name]
    path.parent.mkdir(parents=True)
    write(path, picture(), 10.0, **LOSSLESS)
    (root / "MTD_MSIL1C.xml").write_text("<n1/>")
    # What lies beside it must not be taken.
    for other in (path.with_name("T32TNS_20200101T101319_B04.jp2"), root / "GRANULE" / "T32TNS_TCI.jp2"):
        other.write_bytes(b"")
    if "R10m" in path.parts:
        coarse = path.parents[1] / "R20m" / "T32TNS_20200101T101319_TCI_20m.jp2"
        coarse.parent.mkdir()
        coarse.write_bytes(b"")
    return root


def zipped(root):
    archive = root.with_name(root.name + ".zip")
    with zipfile.ZipFile(archive, "w") as target:
        for path in root.rglob("*"):
            target.write(path, path.relative_to(root.parent))
    return archive


def read_all(files):
    with open_scene(files, 6.0) as scene:
        return scene.facts, scene.read(scene.grid.rows(0, scene.grid.height))


@pytest.fixture
def files(tmp_path):
    return replace(scene_mixed(tmp_path), masks=())


@pytest.mark.parametrize("name", [L1C, L2A])
@pytest.mark.parametrize("given", ["folder", "zip", "xml", "file"])
def test_products_are_read_by_their_true_colour_image(tmp_path, files, name, given):
    plain = write(tmp_path / "plain.tif", picture(), 10.0, nodata=0)
    _, expected = read_all(replace(files, post=plain))
    root = product(tmp_path, name)
    location = {
        "folder": lambda: root,
        "zip": lambda: zipped(root),
        "xml": lambda: root / "MTD_MSIL1C.xml",
        "file": lambda: root / PICTURES[name],
    }[given]()
    facts, patch = read_all(replace(files, post=location))
    np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"])
    np.testing.assert_array_equal(patch.valid, expected.valid)
    assert 0.8 < patch.valid.mean() < 0.98
    assert facts["images"]["post"]["bands"] == [1, 2, 3]
    assert facts["images"]["post"].get("file", PICTURES[name]).endswith(PICTURES[name])


def test_chosen_bands_are_not_for_products(tmp_path, files):
    root = product(tmp_path, L2A)
    _, expected = read_all(replace(files, post=root))
    _, patch = read_all(replace(files, post=root, reading=replace(files.reading, bands=(3, 2, 1))))
    np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"])
    assert (patch.arrays["pre"] != expected.arrays["pre"]).any()


def test_the_record_holds_the_checksum_of_the_picture(tmp_path, files):
    root = product(tmp_path, L1C)
    entry = next(entry for entry in describe_inputs(replace(files, post=root)) if entry["role"] == "post")
    assert entry == {"role": "post", "path": str(root), "sha256": sha256_of(root / PICTURES[L1C])}


def test_a_product_without_a_picture_is_refused(tmp_path):
    root = product(tmp_path, L1C)
    (root / PICTURES[L1C]).unlink()
    with pytest.raises(InputError, match=r"holds no true colour image .* B04, B03 and B02"):
        true_colour(root, "post-event image")


def test_several_granules_are_refused(tmp_path):
    root = product(tmp_path, L1C)
    other = root / PICTURES[L1C].replace("L1C_T32TNS", "L1C_T32TNT")
    other.parent.mkdir(parents=True)
    other.write_bytes(b"")
    with pytest.raises(InputError, match="holds 2 true colour images"):
        true_colour(root, "post-event image")


def test_a_damaged_archive_is_refused(tmp_path):
    archive = tmp_path / f"{L1C}.zip"
    archive.write_bytes(b"PK\x03\x04")
    with pytest.raises(InputError, match=r"cannot be read as a zip archive .* Download it again"):
        true_colour(archive, "post-event image")


def test_other_files_and_folders_are_no_products(tmp_path):
    for name in ("image.tif", "scene.zip", "metadata.xml", "areas.gdb"):
        assert not is_product(tmp_path / name)
    assert not is_product("https://example.org/" + L1C)
    assert is_product(tmp_path / L2A.replace(".SAFE", ".zip"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("T32TNS_20200101T101319_TCI.jp2", True),
        ("L2A_T32TNS_20170101T101319_TCI_10m.jp2", True),
        ("T32TNS_20200101T101319_B04.jp2", True),
        ("T32TNS_20200101T101319_B8A_20m.jp2", True),
        ("tiles/32/T/NS/2020/1/1/0/TCI.jp2", True),
        ("B04.jp2", True),
        ("FTCI.jp2", False),
        ("SUB04.jp2", False),
        ("T32TNS_20200101T101319_TCI.tif", False),
    ],
)
def test_zero_is_nodata_only_in_files_named_as_those_of_sentinel_2(name, expected):
    assert zero_is_nodata(name) is expected
