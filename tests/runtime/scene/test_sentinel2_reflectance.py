"""Reflectance of Sentinel-2 as networks take it: products of either side of baseline 04.00 against plain numpy."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.measured import described, network, read_whole
from helpers.rasters import TOP, write
from helpers.reference_map import load, on_map
from helpers.sentinel2 import NATIVE, Kind, write_product, zipped
from helpers.sentinel2_items import ARCHIVES
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inputs.scene_toml import read_scene_file
from landslip.runtime.inputs.sentinel2_bands import BANDS

PRE = Kind(side=1200, sensed="20200101T101319", baseline="0213", offset=0)
POST = Kind(side=1200)
LABELS = [label for label in NATIVE if label != "B10"]
UNMASKED = ReadOptions(product_mask=False)


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reflectance")
    return {kind: write_product(folder, kind, seed, 60) for seed, kind in enumerate((PRE, POST))}


def by_hand(folder, product, label):
    """A band as a GeoTIFF of reflectance, NaN where nothing was seen."""
    values = np.where(product.stored[label] > 0, product.reflectance(label), np.nan).astype(np.float32)
    at = {"left": product.kind.left, "top": product.kind.top, "crs": product.kind.crs}
    name = f"{product.kind.tile}_{product.kind.sensed}_{label}.tif"
    return write(folder / name, values, NATIVE[label], nodata=float("nan"), **at)


def expected_of(folder, product, labels, grid):
    """Bands (labels, rows, cols) on a map grid, and where all of them are known."""
    found = [on_map(load(by_hand(folder, product, label)), grid) for label in labels]
    return np.concatenate([values for values, _ in found]), np.logical_and.reduce([known for _, known in found])


def spec_of(*names):
    dates = {date: [f"{date}.{name}" for name in names] for date in ("pre", "post")}
    return network(*(described(date, *channels) for date, channels in dates.items()))


@pytest.mark.parametrize("given", ["folders", "zips"])
def test_every_band_of_both_dates_is_its_reflectance(products, tmp_path, given):
    places = {kind: product.root for kind, product in products.items()}
    if given == "zips":
        places = {kind: zipped(root).rename(tmp_path / f"{kind.sensed}.zip") for kind, root in places.items()}
    files = SceneFiles(pre=places[PRE], post=places[POST], reading=UNMASKED)
    scene, block = read_whole(files, spec_of(*(BANDS[label].common_name for label in LABELS)), 10.0)
    known = np.ones(block.valid.shape, bool)
    for date, kind in (("pre", PRE), ("post", POST)):
        expected, there = expected_of(tmp_path, products[kind], LABELS, scene.grid)
        assert np.abs(block.arrays[date] - expected)[:, block.valid].max() < 1e-6
        known &= there
    np.testing.assert_array_equal(block.valid, known)
    assert 0.8 < known.mean() < 1
    channels = {date: scene.facts["images"][date]["channels"] for date in ("pre", "post")}
    assert {each["offset"] for each in channels["pre"]} == {0.0}
    assert {round(each["offset"], 9) for each in channels["post"]} == {-0.1}


def test_the_mask_of_the_classes_is_that_of_pictures(products):
    files = SceneFiles(pre=products[PRE].root, post=products[POST].root)
    _, unmasked = read_whole(replace(files, reading=UNMASKED), spec_of("red", "nir"), 10.0)
    _, masked = read_whole(files, spec_of("red", "nir"), 10.0)
    hidden = np.isin(products[POST].classes, (0, 1, 3, 8, 9, 10, 11))
    hidden |= np.isin(products[PRE].classes, (0, 1, 3, 8, 9, 10, 11))
    np.testing.assert_array_equal(masked.valid, unmasked.valid & ~np.kron(hidden, np.ones((2, 2), bool)))


def test_a_picture_and_bands_of_one_product_beside_each_other(products, tmp_path):
    rgb = described("picture", "post.red", "post.green", "post.blue", unit="8-bit")
    spec = network(rgb, described("infrared", "post.swir16", "post.nir08"))
    files = SceneFiles(post=products[POST].root, reading=UNMASKED)
    scene, block = read_whole(files, spec, 10.0)
    expected, _ = expected_of(tmp_path, products[POST], ["B11", "B8A"], scene.grid)
    assert np.abs(block.arrays["infrared"] - expected)[:, block.valid].max() < 1e-6
    picture = products[POST].picture[:, block.valid]
    np.testing.assert_array_equal(block.arrays["picture"][:, block.valid], picture)


def test_bands_of_two_zones_are_laid_on_one_map(tmp_path):
    west = 732_000.0
    kinds = (
        replace(POST, tile="T32TQR", left=west, top=TOP),
        replace(POST, tile="T33TUL", left=260_700.0, top=TOP + 300, side=1800, crs="EPSG:32633"),
    )
    both = [write_product(tmp_path, kind, seed, 120) for seed, kind in enumerate(kinds)]
    spec = network(described("image", "post.red", "post.rededge1"))
    files = SceneFiles(post=[each.root for each in both], reading=UNMASKED)
    scene, block = read_whole(files, spec, 6.0)
    (first, there), (second, also) = (expected_of(tmp_path, each, ["B04", "B05"], scene.grid) for each in both)
    assert (also & ~there).sum() > 3000
    assert (block.valid != (there | also)).mean() < 0.002  # beside edges the oracle turns half a pixel the other way
    expected = np.where(there, first, second)
    difference = np.abs(block.arrays["image"] - expected)[:, block.valid & (there | also)]
    assert (difference > 1e-4).mean() < 0.002


@pytest.mark.parametrize("archive", ARCHIVES)
def test_items_of_archives_give_the_reflectance_of_the_product(products, tmp_path, archive):
    later = write_product(tmp_path / "later", replace(POST, sensed="20230115T101319"), 5)
    items = []
    for number, product in enumerate((products[POST], later)):
        items.append(ARCHIVES[archive](product, tmp_path / str(number)))
        for asset in items[-1]["assets"].values():
            asset["href"] = asset["href"] if asset["href"].startswith("/") else f"{number}/{asset['href']}"
    (tmp_path / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    files = replace(read_scene_file(tmp_path / "items.json"), masks=())
    files = replace(files, reading=replace(files.reading, product_mask=False))
    scene, block = read_whole(files, spec_of("red", "rededge2", "swir22", "coastal"), 10.0)
    for date, product in (("pre", products[POST]), ("post", later)):
        expected, _ = expected_of(tmp_path, product, ["B04", "B06", "B12", "B01"], scene.grid)
        assert np.abs(block.arrays[date] - expected)[:, block.valid].max() < 1e-6
    assert block.valid.mean() > 0.8


def test_single_bands_need_to_say_how_they_become_reflectance(products, tmp_path):
    (tmp_path / "alone").mkdir()
    bands = [Path(shutil.copy(products[POST].paths[label], tmp_path / "alone")) for label in ("B04", "B08")]
    spec = network(described("image", "post.red", "post.nir"))
    with pytest.raises(InputError, match="processing baseline") as error:
        read_whole(SceneFiles(post=bands), spec, 10.0)
    assert "MTD_MSIL2A.xml" in str(error.value)
    inside = [products[POST].paths[label] for label in ("B04", "B08")]
    stated = SceneFiles(post=bands, reading=ReadOptions(scale=1e-4, offset=-0.1))
    _, expected = read_whole(SceneFiles(post=inside), spec, 10.0)
    _, found = read_whole(stated, spec, 10.0)
    np.testing.assert_allclose(found.arrays["image"], expected.arrays["image"], atol=1e-7)
    np.testing.assert_array_equal(found.valid, expected.valid)
