"""A finished map is kept over ``resume`` where it would be the same, and for nothing else."""

from __future__ import annotations

import json
import shutil

import pytest

import landslip
from helpers.measured import described, network
from helpers.models import first_band_model
from helpers.rasters import write
from helpers.sentinel2 import Kind, write_product, zipped
from helpers.sentinel2_items import earth_search

SIDE = 600
SOMETHING_ELSE = "of something else"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A product, a mask for it, and a network that takes two of its bands."""
    folder = tmp_path_factory.mktemp("place")
    product = write_product(folder, Kind(side=SIDE))
    mask = write(folder / "mask.tif", (product.classes == 9).astype("uint8") * 8, 20.0)
    spec = network(described("image", "post.nir", "post.green"), resolution=10.0)
    return product, mask, first_band_model(folder / "m.onnx", spec)


@pytest.fixture
def mapped(place, tmp_path):
    """Maps into one folder, again and again."""

    def again(post, **options):
        model = options.pop("model", place[2])
        files = {"post": post} if "scene" not in options else {}
        return landslip.map_scene(**files, model=model, out=tmp_path / "out", resume=True, **options).record

    return again


def test_a_product_in_another_folder_is_the_same(place, mapped, tmp_path):
    record = mapped(place[0].root)
    copy = shutil.copytree(place[0].root, tmp_path / "copy" / place[0].root.name)
    assert mapped(copy).fingerprint == record.fingerprint


def test_an_archive_in_another_folder_is_the_same(place, mapped, tmp_path):
    archive = zipped(place[0].root, "S2.zip").rename(tmp_path / "S2.zip")
    record = mapped(archive)
    (tmp_path / "other").mkdir()
    assert mapped(archive.rename(tmp_path / "other" / "S2.zip")).fingerprint == record.fingerprint


def test_bands_that_have_changed_places_are_another_scene(place, mapped, tmp_path):
    root = shutil.copytree(place[0].root, tmp_path / "copy" / place[0].root.name)
    mapped(root)
    first, second = (root / place[0].paths[label].relative_to(place[0].root) for label in ("B08", "B03"))
    between = first.rename(tmp_path / "between.jp2")
    second.rename(first)
    between.rename(second)
    with pytest.raises(landslip.UsageError, match=SOMETHING_ELSE):
        mapped(root)


def test_bands_of_another_baseline_by_their_folder_are_another_scene(place, mapped, tmp_path):
    def folder(baseline):
        product = tmp_path / f"S2B_MSIL2A_20230105T101319_N{baseline}_R022_T32TNS_20230105T124152"
        product.mkdir()
        for label in ("B08", "B03"):
            shutil.copy(place[0].paths[label], product)
        return product

    assert mapped(folder("0509")).reading["images"]["post"]["channels"][0]["offset"] == pytest.approx(-0.1)
    with pytest.raises(landslip.UsageError, match=SOMETHING_ELSE):
        mapped(folder("0301"))


def test_an_item_that_states_another_offset_is_another_scene(place, mapped, tmp_path):
    item = earth_search(place[0], tmp_path, applied=False) | {"id": "post"}
    item["properties"] |= {"landslip:role": "post"}
    items = [item, json.loads(json.dumps(item)) | {"id": "pre"}]
    items[1]["properties"] |= {"landslip:role": "pre"}
    path = tmp_path / "items.json"
    path.write_text(json.dumps(items))
    mapped(None, scene=path)
    for asset in items[0]["assets"].values():
        for band in asset.get("raster:bands", ()):
            band["offset"] = -0.05
    path.write_text(json.dumps(items))
    with pytest.raises(landslip.UsageError, match=SOMETHING_ELSE):
        mapped(None, scene=path)


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 0.0002}, {"offset": 0.0}, {"product_mask": False}, {"nodata": 3}, {"mask_values": "9"},
        {"mask_bits": "3"}, {"mask_above": 8}, {"mask_below": 0},
    ],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_other_options_of_reading_are_another_map(place, mapped, options):
    given = {"masks": place[1]} if "mask_" in next(iter(options)) else {}
    mapped(place[0].root, **given)
    with pytest.raises(landslip.UsageError, match=SOMETHING_ELSE):
        mapped(place[0].root, **given, **options)


@pytest.mark.parametrize(
    "changes",
    [{"channels": ("post.nir", "post.red")}, {"clip": ((0.0, 0.3), (0.0, 0.3))}, {"unit": "dn"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_network_of_other_inputs_makes_another_map(place, mapped, tmp_path, changes):
    mapped(place[0].root)
    options = {"channels": ("post.nir", "post.green")} | changes
    other = described("image", *options.pop("channels"), **options)
    model = first_band_model(tmp_path / "m.onnx", network(other, resolution=10.0))
    with pytest.raises(landslip.UsageError, match=SOMETHING_ELSE):
        mapped(place[0].root, model=model)
