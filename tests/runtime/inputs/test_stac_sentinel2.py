"""Bands of STAC Items of public archives: by name, at their finest resolution, and no offset applied twice."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from helpers.sentinel2 import Kind, write_product
from helpers.sentinel2_items import ARCHIVES, earth_search, planetary_computer, stored_in
from landslip.runtime.inputs.scene_toml import read_scene_file
from landslip.runtime.inputs.sentinel2_bands import BANDS
from landslip.runtime.scene.scene import open_scene

PRE = Kind(side=600, sensed="20221226T101319")
POST = Kind(side=600)
OLD = Kind(side=600, sensed="20200101T101319", baseline="0213", offset=0)


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    folder = tmp_path_factory.mktemp("items")
    return {kind: write_product(folder, kind, seed) for seed, kind in enumerate((PRE, POST, OLD))}


def scene(folder, *items):
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}), encoding="utf-8")
    return read_scene_file(path)


def pair(products, folder, archive):
    """A scene of two Items; their files lie beside it, those of the second in a folder of its own."""
    before, after = ARCHIVES[archive](products[PRE], folder), ARCHIVES[archive](products[POST], folder / "after")
    for asset in after["assets"].values():
        asset["href"] = asset["href"] if asset["href"].startswith("/") else f"after/{asset['href']}"
    return scene(folder, before, after)


def reflectance(band):
    return stored_in(band.location, band.number) * band.scale + band.offset


@pytest.mark.parametrize("archive", ARCHIVES)
def test_every_band_of_an_archive_is_its_reflectance(products, tmp_path, archive):
    files = pair(products, tmp_path, archive)
    for date, kind in (("pre", PRE), ("post", POST)):
        (granule,) = files.granules_of(date)
        assert granule.kind == "Sentinel-2 L2A"
        for label, stored in products[kind].stored.items():
            band = granule.bands[BANDS[label].common_name]
            assert (band.label, band.unstated, band.nodata) == (label, "", 0.0)
            expected = np.where(stored > 0, products[kind].reflectance(label), band.offset)
            np.testing.assert_allclose(reflectance(band), expected, atol=1e-9)
        assert "SCL" in str(granule.mask.location)
        assert "TCI" in str(granule.true_colour)
        assert granule.acquired.start.strftime("%Y%m%d") == kind.sensed[:8]


def test_an_offset_that_is_out_of_the_files_is_not_applied_again(products, tmp_path):
    item = earth_search(products[PRE], tmp_path)
    assert item["assets"]["red"]["raster:bands"][0]["offset"] == -0.1
    files = scene(tmp_path, item, earth_search(products[POST], tmp_path / "after"))
    (granule,) = files.granules_of("pre")
    assert {band.offset for band in granule.bands.values()} == {0.0}
    assert all(str(band.location).endswith(".tif") for band in granule.bands.values())


def test_an_offset_that_the_baseline_does_not_know_is_left_out(products, tmp_path, caplog):
    caplog.set_level("INFO")
    before, after = earth_search(products[OLD], tmp_path, applied=False), planetary_computer(products[POST], tmp_path)
    files = scene(tmp_path, before, after)
    (granule,) = files.granules_of("pre")
    assert {band.offset for band in granule.bands.values()} == {0.0}
    assert "products of processing baseline 02.13 have none" in caplog.text


def test_an_item_that_says_neither_scale_nor_baseline_is_told_of(products, tmp_path):
    items = [planetary_computer(products[kind], tmp_path) for kind in (PRE, POST)]
    del items[0]["properties"]["s2:processing_baseline"]
    (granule,) = scene(tmp_path, *items).granules_of("pre")
    assert "does not say how its numbers become reflectance" in granule.band("B04").unstated


def test_the_classes_of_items_mask_and_what_takes_their_place_is_no_granule(products, tmp_path):
    files = pair(products, tmp_path, "Earth Search")
    with open_scene(files, 10.0) as opened:
        said = [entry["image"] for entry in opened.facts["product_masks"]]
        block = opened.read(opened.grid.rows(0, opened.grid.height))
    assert said == ["pre", "post"]
    hidden = np.isin(products[POST].classes, (0, 1, 3, 8, 9, 10, 11))
    classes = hidden | np.isin(products[PRE].classes, (0, 1, 3, 8, 9, 10, 11))
    np.testing.assert_array_equal(block.valid, ~np.kron(classes, np.ones((2, 2), bool)))
    other = replace(files, post=products[POST].root)
    assert [granule.name for granule in other.granules_of("post")] == [POST.name]
