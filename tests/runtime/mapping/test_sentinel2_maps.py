"""Sentinel-2 products mapped in one word, compared with scenes of the same pixels that are made by hand."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import rasterio

import landslip
from helpers.landsat import Pass, write_landsat
from helpers.measured import described, network
from helpers.models import brightness_model, first_band_model
from helpers.rasters import LEFT, TOP, elevation, rgb, write
from helpers.sentinel2 import Kind, write_product, zipped
from landslip.runtime.cli.main import run
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene

PRE = Kind(sensed="20200101T101319", baseline="0213", offset=0)
POST = Kind()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two products of one tile, an elevation model, and a model."""
    folder = tmp_path_factory.mktemp("place")
    dem = write(folder / "dem.tif", elevation(100, 100), 30.0, left=LEFT - 300, top=TOP + 300)
    products = write_product(folder, PRE), write_product(folder, POST, seed=1, outside=300)
    return folder, *products, dem, brightness_model(folder / "m.onnx")


def by_hand(product, folder, name):
    """The picture of a product as a GeoTIFF that says what is nodata, and its classes."""
    at = {"left": product.kind.left, "top": product.kind.top, "crs": product.kind.crs}
    picture = write(folder / f"{name}.tif", product.picture, 10.0, nodata=0, **at)
    classes = write(folder / f"{name}_SCL.tif", product.classes, 20.0, **at)
    return picture, classes


def percent(out):
    with rasterio.open(out / "confidence.tif") as dataset:
        return dataset.read(1)


def mapped(place, out, **files):
    _, _, _, dem, model = place
    return landslip.map_scene(dem=dem, model=model, out=out, **files).record


@pytest.mark.slow
@pytest.mark.parametrize("given", ["folders", "zips"])
def test_two_products_are_the_scene_that_is_made_of_them_by_hand(place, tmp_path, given):
    pre, post = place[1:3]
    (before, hidden), (after, hidden_after) = by_hand(pre, tmp_path, "before"), by_hand(post, tmp_path, "after")
    mapped(place, tmp_path / "hand", pre=before, post=after, masks=(hidden, hidden_after))
    files = [zipped(each.root).rename(tmp_path / f"{each.root.name}.zip") for each in (pre, post)]
    if given == "folders":
        files = [pre.root, post.root]
    record = mapped(place, tmp_path / "out", pre=files[0], post=files[1])
    found, expected = percent(tmp_path / "out"), percent(tmp_path / "hand")
    np.testing.assert_array_equal(found, expected)
    assert 0.5 < (found != 255).mean() < 0.9
    assert [entry.acquired for entry in record.inputs if entry.acquired] == [
        "2020-01-01T10:13:19Z",
        "2023-01-05T10:13:19Z",
    ]
    said = record.reading["product_masks"]
    assert [(entry["image"], entry["read_as"][:10]) for entry in said] == [
        ("pre", "Sentinel-2"),
        ("post", "Sentinel-2"),
    ]
    assert all(entry["files"][0].endswith("_SCL_20m.jp2") for entry in said)


@pytest.mark.slow
def test_the_masks_of_products_can_be_left_out(place, tmp_path):
    pre, post = place[1:3]
    (before, _), (after, _) = by_hand(pre, tmp_path, "before"), by_hand(post, tmp_path, "after")
    mapped(place, tmp_path / "hand", pre=before, post=after)
    flags = ["--pre", pre.root, "--post", post.root, "--dem", place[3], "-m", place[4], "-o", tmp_path / "out"]
    assert run(["-q", "map", *map(str, flags), "--no-product-mask"]) == 0
    np.testing.assert_array_equal(percent(tmp_path / "out"), percent(tmp_path / "hand"))


def test_a_mask_that_the_user_gives_as_well_is_used_once(place, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    pre, post = place[1:3]
    files = SceneFiles(pre=pre.root, post=post.root, masks=(post.root, pre.paths["SCL"]))
    with open_scene(files, 6.0) as scene:
        whole = scene.read(scene.grid.rows(0, scene.grid.height))
        masks = [entry.name for entry in scene.inputs if entry.kind == "mask"]
    assert len(masks) == 2
    with open_scene(replace(files, masks=()), 6.0) as scene:
        np.testing.assert_array_equal(scene.read(scene.grid.rows(0, scene.grid.height)).valid, whole.valid)
    assert sum("calls clouds" in record.getMessage() for record in caplog.records) == 4


def test_classes_that_are_chosen_hold_for_the_products_that_are_given_as_masks(place):
    pre, post = place[1:3]
    chosen = SceneFiles(pre=pre.root, post=post.root, masks=(pre.root, post.root), reading=ReadOptions(mask_values="9"))
    plain = SceneFiles(pre=pre.root, post=post.root)
    valid = []
    for files in (chosen, plain):
        with open_scene(files, 6.0) as scene:
            valid.append(scene.read(scene.grid.rows(0, scene.grid.height)).valid)
    assert (valid[0] & ~valid[1]).any()
    assert not (valid[1] & ~valid[0]).any()


def test_products_without_classes_are_told_of(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    product = write_product(tmp_path, Kind(level="L1C", side=600))
    with open_scene(SceneFiles(post=product.root), 6.0) as scene:
        assert scene.facts["images"]["post"]["bands"] == [1, 2, 3]
        assert not [entry for entry in scene.inputs if entry.kind == "mask"]
    assert any("no mask of clouds comes with" in record.getMessage() for record in caplog.records)


def test_products_of_landsat_that_lack_their_quality_are_told_of(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    pre, post = (write_landsat(tmp_path / day, Pass(day=day)) for day in ("20200716", "20200801"))
    post.file("QA_PIXEL").unlink()
    with open_scene(SceneFiles(pre=pre.folder, post=post.folder), 30.0):
        assert f"post-event image: no mask of clouds comes with {post.of.name}" in caplog.text
    assert caplog.text.count("no mask of clouds comes with") == 1


def test_levels_that_differ_between_the_dates_are_warned_of(tmp_path, caplog):
    pre = write_product(tmp_path, replace(PRE, level="L1C", side=600)).root
    post, dem = (
        write_product(tmp_path, replace(POST, side=600)).root,
        write(tmp_path / "dem.tif", elevation(30, 30), 30.0),
    )
    model = brightness_model(tmp_path / "m.onnx")
    landslip.dry_run(pre=pre, post=post, dem=dem, model=model, out=tmp_path / "out", force=True)
    said = "The image before the event is of Sentinel-2 L1C and the one after it of Sentinel-2 L2A"
    assert said in caplog.text


WEST = 732_000.0
ZONES = (
    Kind(tile="T32TQR", left=WEST, top=TOP, side=1200),
    # 733 000 E in zone 32 is 261 049 E in zone 33 here.
    Kind(tile="T33TUL", left=260_700.0, top=TOP + 300, side=1800, crs="EPSG:32633"),
)


@pytest.fixture
def zones(tmp_path):
    """A wide image before the event, and two products after it, in two zones."""
    pre = write(tmp_path / "pre.tif", rgb(160, 300), 10.0, left=WEST - 100, top=TOP + 200)
    dem = write(tmp_path / "dem.tif", elevation(80, 120), 30.0, left=WEST - 300, top=TOP + 500)
    return pre, dem, [write_product(tmp_path, kind, seed, 100) for seed, kind in enumerate(ZONES)]


def whole(files, resolution=6.0):
    with open_scene(files, resolution) as scene:
        block = scene.read(scene.grid.rows(0, scene.grid.height))
        return block, scene.grid, scene.facts["images"]["post"]


def laid_on(grid, block, other):
    """Picture and validity of a block on another grid that covers it."""
    col = round((other.bounds[0] - grid.bounds[0]) / grid.resolution)
    row = round((grid.bounds[3] - other.bounds[3]) / grid.resolution)
    valid = np.zeros((grid.height, grid.width), bool)
    values = np.zeros((3, grid.height, grid.width), np.uint8)
    place = (slice(row, row + other.height), slice(col, col + other.width))
    valid[place], values[(slice(None), *place)] = block.valid, block.arrays["post"]
    return values, valid


def test_products_of_two_zones_are_laid_on_one_map(zones, caplog):
    caplog.set_level(logging.INFO)
    pre, _, products = zones
    reading = ReadOptions(product_mask=False, crs="EPSG:32632")
    files = SceneFiles(pre=pre, post=[each.root for each in products], reading=reading)
    both, grid, facts = whole(files)
    assert facts["seam_between"] == ["EPSG:32632", "EPSG:32633"]
    assert any("a seam may be seen" in record.getMessage() for record in caplog.records)
    first, second = (laid_on(grid, *whole(replace(files, post=each.root))[:2]) for each in products)
    assert (second[1] & ~first[1]).sum() > 3000
    assert (second[1] & first[1]).sum() > 1000
    np.testing.assert_array_equal(both.valid, first[1] | second[1])
    expected = np.where(first[1], first[0], second[0])
    found = both.arrays["post"][:, both.valid]
    np.testing.assert_allclose(found.astype(int), expected[:, both.valid], atol=1)  # rounded on another grid


def test_masks_of_two_zones_hide_what_each_sees(zones, tmp_path):
    """Each product's mask hides its own part; where one ends, the other still counts."""
    pre, _, products = zones
    reading = ReadOptions()
    files = SceneFiles(pre=pre, post=[each.root for each in products], reading=reading)
    both, grid, _ = whole(files)
    copies = tuple(by_hand(each, tmp_path, each.kind.tile)[1] for each in products)
    expected, _, _ = whole(replace(files, masks=copies, reading=replace(reading, product_mask=False)))
    np.testing.assert_array_equal(both.valid, expected.valid)
    unmasked, _, _ = whole(replace(files, reading=replace(reading, product_mask=False)))
    assert 0.05 < (unmasked.valid & ~both.valid).mean() < 0.4
    east = slice(grid.width // 2 + 30, None)
    assert both.valid[:, east].mean() > 0.3


def test_a_folder_of_products_of_two_zones_is_mapped(zones, tmp_path):
    pre, dem, products = zones
    folder = products[0].root.parent
    model = brightness_model(tmp_path / "m.onnx")
    record = landslip.map_scene(pre=pre, post=folder, dem=dem, model=model, out=tmp_path / "out").record
    assert len(record.reading["images"]["post"]["tiles"]) == 2
    assert (percent(tmp_path / "out") != 255).sum() > 10_000
    again = landslip.map_scene(pre=pre, post=folder, dem=dem, model=model, out=tmp_path / "out", resume=True).record
    assert again.fingerprint == record.fingerprint
    # The second product is no less an input than the first.
    write_product(folder, ZONES[1], seed=9)
    with pytest.raises(landslip.UsageError, match="of something else"):
        landslip.map_scene(pre=pre, post=folder, dem=dem, model=model, out=tmp_path / "out", resume=True)


def test_products_of_two_dates_in_one_folder_are_refused_before_anything_is_read(place, tmp_path):
    with pytest.raises(InputError, match=r"products of 2 dates are given: .*2020-01-01.*2023-01-05"):
        mapped(place, tmp_path / "out", post=place[0], pre=place[1].root)
    assert not (tmp_path / "out" / "run.json").exists()


def test_a_network_of_reflectance_maps_two_products_by_one_command(place, tmp_path):
    """Its confidence is the near infrared after the event: the numbers of the product with their offset."""
    _, pre, post, _, _ = place
    spec = network(described("image", "post.nir", "post.red", "pre.nir", "pre.swir16"))
    model = first_band_model(tmp_path / "m.onnx", replace(spec, resolution=10.0))
    flags = ["--pre", pre.root, "--post", zipped(post.root), "-m", model, "-o", tmp_path / "out", "--no-product-mask"]
    assert run(["-q", "map", *map(str, flags)]) == 0
    found = percent(tmp_path / "out")
    known = found != 255
    assert 0.8 < known.mean() < 0.9  # the swath does not reach the rest
    cut_off = (100 * post.reflectance("B08") - found)[known]  # maps hold whole percent
    assert -0.01 < cut_off.min() < 0.1
    assert 0.9 < cut_off.max() < 1.01
    record = landslip.RunRecord.read(tmp_path / "out" / "run.json")
    offsets = {each["band"]: round(each["offset"], 6) for each in record.reading["images"]["post"]["channels"]}
    assert offsets == {"nir": -0.1, "red": -0.1}
    assert {each["offset"] for each in record.reading["images"]["pre"]["channels"]} == {0.0}
