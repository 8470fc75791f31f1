"""Sentinel-2 products, built here in ESA's layouts."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.rasters import rgb, scene_mixed, write
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.sentinel2 import is_product, product_of, scene_classes, true_colour, zero_is_nodata
from landslip.runtime.mapping.run_record import describe_inputs
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.digests import sha256_of

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
    (root / "manifest.safe").write_text("<n1/>")
    # What lies beside it must not be taken, and neither what macOS leaves.
    path.with_name(f"._{path.name}").write_bytes(b"")
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
        target.writestr(f"__MACOSX/{root.name}/{PICTURES[root.name]}", b"")
    return archive


def read_all(files):
    with open_scene(files, 6.0) as scene:
        return scene.facts, scene.read(scene.grid.rows(0, scene.grid.height))


@pytest.fixture
def files(tmp_path):
    return replace(scene_mixed(tmp_path), masks=())


@pytest.mark.parametrize("name", [L1C, L2A])
@pytest.mark.parametrize(
    "given",
    ["folder", "zip", "renamed zip", "xml", "manifest", "GRANULE", "granule", "IMG_DATA", "folder of it", "file"],
)
def test_products_are_read_by_their_true_colour_image(tmp_path, files, name, given):
    plain = write(tmp_path / "plain.tif", picture(), 10.0, nodata=0)
    _, expected = read_all(replace(files, post=plain))
    root = product(tmp_path, name)
    location = {
        "folder": lambda: root,
        "zip": lambda: zipped(root),
        "renamed zip": lambda: zipped(root).rename(tmp_path / "after.zip"),
        "xml": lambda: root / "MTD_MSIL1C.xml",
        "manifest": lambda: root / "manifest.safe",
        "GRANULE": lambda: root / "GRANULE",
        "granule": lambda: (root / PICTURES[name]).parents[len(Path(PICTURES[name]).parts) - 3],
        "IMG_DATA": lambda: (root / PICTURES[name]).parents[len(Path(PICTURES[name]).parts) - 4],
        "folder of it": lambda: root.parent,
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


def test_of_several_granules_the_one_that_is_given_is_taken(tmp_path):
    root = product(tmp_path, L1C)
    other = root / PICTURES[L1C].replace("L1C_T32TNS", "L1C_T32TNT")
    other.parent.mkdir(parents=True)
    other.write_bytes(b"")
    assert true_colour(other.parents[1], "post-event image") == other


def test_a_folder_of_several_products_is_refused_by_their_names(tmp_path):
    for name in (L1C, L2A):
        product(tmp_path, name)
    assert is_product(tmp_path)
    with pytest.raises(
        InputError, match=f"is a folder of 2 Sentinel-2 products \\({L1C}, {L2A}\\). Give the one wanted"
    ):
        true_colour(tmp_path, "post-event image")


def test_an_archive_beside_its_folder_is_the_same_product(tmp_path):
    root = product(tmp_path, L1C)
    zipped(root)
    assert product_of(tmp_path, "post-event image") == root


@pytest.mark.parametrize("name", [f"{L1C}.zip", "MTD_MSIL1C.xml", "manifest.safe"])
def test_a_product_that_is_not_there_is_missing(tmp_path, name):
    with pytest.raises(InputMissingError, match="does not exist"):
        true_colour(tmp_path / name, "post-event image")


@pytest.mark.parametrize(
    "name",
    [
        "GRANULE/L2A_T32TNS_A014741_20200101T101430/IMG_DATA/R20m/T32TNS_20200101T101319_SCL_20m.jp2",
        "GRANULE/L2A_T32TNS_A014741_20200101T101430/IMG_DATA/R20m/L2A_T32TNS_20170101T101319_SCL_20m.jp2",
        "GRANULE/S2A_USER_MSI_L2A_TL_EPA_A005000_T32TNS_N02.02/IMG_DATA/S2A_USER_SCL_L2A_TL_EPA_T32TNS_20m.jp2",
    ],
)
def test_the_scene_classification_is_found(tmp_path, name):
    root = product(tmp_path, L2A)
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(b"")
    (root / name).with_name(f"._{Path(name).name}").write_bytes(b"")
    coarse = root / name.replace("R20m", "R60m").replace("20m.jp2", "60m.jp2")
    coarse.parent.mkdir(exist_ok=True)
    coarse.write_bytes(b"")
    assert scene_classes(root, "mask") == root / name
    archive = zipped(root)
    assert scene_classes(archive, "mask") == f"/vsizip/{archive}/{root.name}/{name}"


def test_a_product_without_classes_says_which_have_them(tmp_path):
    with pytest.raises(InputError, match=r"holds no scene classification .* Give the L2A product"):
        scene_classes(product(tmp_path, L1C), "mask")


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


@pytest.mark.parametrize("nodata_by", ["name", "the user"])
def test_what_is_nodata_by_its_name_is_no_news(tmp_path, files, nodata_by, caplog):
    """The end of the swath in a picture, which no file declares, and every other product has."""
    reading = ReadOptions() if nodata_by == "name" else ReadOptions(nodata=0)
    read_all(replace(files, post=product(tmp_path, L2A), reading=reading))
    assert not [record for record in caplog.records if "nodata" in record.getMessage()]
