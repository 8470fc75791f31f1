"""Orders of PlanetScope and products of Landsat, mapped by one command: equal to scenes that were made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.landsat import Pass, packed, write_landsat
from helpers.models import brightness_model
from helpers.planet import Strip, order, zipped
from helpers.rasters import elevation, write
from landslip.runtime.cli.main import run

pytestmark = pytest.mark.slow

BEFORE, AFTER = Strip(item="20240701_101112_45_2439", rows=240, cols=260), Strip(rows=240, cols=260, seed=5)
RGB = ("red", "green", "blue")


def mapped(folder, name, capsys, *options):
    """The record and the confidence of a map."""
    model, dem = folder / "model.onnx", folder / "dem.tif"
    if not model.exists():
        brightness_model(model)
        write(dem, elevation(160, 160), 30.0, left=499_000, top=5_001_000)
    out = folder / name
    arguments = ["map", "-m", model, "--dem", dem, "--tile", 64, "-o", out, "--json", *options]
    assert run([*map(str, arguments)]) == 0
    record = json.loads(capsys.readouterr().out)
    with rasterio.open(out / "confidence.tif") as dataset:
        return record, dataset.read(1)


def by_hand(folder, name, stored, metres, clear):
    """Red, green and blue in one file, and a plain mask."""
    image = write(
        folder / f"{name}.tif", np.stack([stored[colour] for colour in RGB]), metres, nodata=0, photometric="RGB"
    )
    mask = write(folder / f"{name}_mask.tif", (~clear).astype(np.uint8), metres)
    return image, mask


@pytest.mark.parametrize("kind", ["AnalyticMS_SR_8b", "AnalyticMS"])
@pytest.mark.parametrize("given", ["order", "file", "zip"])
def test_orders_of_planet_are_mapped_as_a_scene_by_hand(tmp_path, capsys, kind, given):
    scenes = {
        date: order(tmp_path / date, replace(strip, kind=kind, described=given != "file"))[0]
        for date, strip in (("pre", BEFORE), ("post", AFTER))
    }
    options = []
    for date, scene in scenes.items():
        location = {"order": tmp_path / date, "file": scene.analytic}.get(given) or zipped(tmp_path / date)
        options += [f"--{date}", location]
    record, found = mapped(tmp_path, "out", capsys, *options)
    images = {date: by_hand(tmp_path, f"by_hand_{date}", each.stored, 3.0, each.clear) for date, each in scenes.items()}
    hand = [flag for date, (image, mask) in images.items() for flag in (f"--{date}", image, "--mask", mask)]
    _, expected = mapped(tmp_path, "expected", capsys, *hand, "--pre-date", "2024-07-01", "--post-date", "2024-08-01")
    np.testing.assert_array_equal(found, expected)
    assert 255 in found
    assert found.min() < 200 < 255
    times = [entry.get("acquired") for entry in record["inputs"][:2]]
    assert times == ["2024-07-01T10:11:12Z", "2024-08-01T10:11:12Z"]
    assert [mask["read_as"] for mask in record["reading"]["product_masks"]] == ["usable data (band clear)"] * 2
    _, everything = mapped(tmp_path, "everything", capsys, *options, "--no-product-mask")
    assert (everything == 255).sum() < (found == 255).sum()


def test_strips_of_one_pass_are_one_image(tmp_path, capsys):
    """Both strips have the same numbers as one that is twice as long, and lie one after the other."""
    whole = {}
    for date, strip in (("pre", BEFORE), ("post", AFTER)):
        north = replace(strip, rows=150)
        south = replace(north, item=strip.item.replace("101112", "101114"), top=strip.top - 3 * 120)
        first, second = order(tmp_path / date, north, south)
        whole[date] = (
            {name: np.concatenate([first.stored[name], second.stored[name][30:]]) for name in first.stored},
            np.concatenate([first.clear[:120], first.clear[120:] & second.clear[:30], second.clear[30:]]),
        )
    record, found = mapped(tmp_path, "out", capsys, "--pre", tmp_path / "pre", "--post", tmp_path / "post")
    images = {date: by_hand(tmp_path, f"by_hand_{date}", *both[:1], 3.0, both[1]) for date, both in whole.items()}
    hand = [flag for date, (image, mask) in images.items() for flag in (f"--{date}", image, "--mask", mask)]
    _, expected = mapped(tmp_path, "expected", capsys, *hand, "--pre-date", "2024-07-01", "--post-date", "2024-08-01")
    np.testing.assert_array_equal(found, expected)
    assert len(record["reading"]["images"]["post"]["tiles"]) == 2


def test_items_of_landsat_are_mapped_as_their_folders(tmp_path, capsys):
    products = [write_landsat(tmp_path / day, Pass(day=day, seed=int(day[-2:]))) for day in ("20200716", "20200801")]
    options = [part for date, each in zip(("--pre", "--post"), products, strict=True) for part in (date, each.folder)]
    _, expected = mapped(tmp_path, "expected", capsys, *options)
    items = []
    for product in products:
        day, bands = product.of.day, {"red": "4", "green": "3", "blue": "2", "nir08": "5"}
        assets = {
            name: {"href": f"{day}/{product.file(f'SR_B{number}').name}", "eo:bands": [{"common_name": name}]}
            for name, number in bands.items()
        }
        assets["qa_pixel"] = {"href": f"{day}/{product.file('QA_PIXEL').name}", "roles": ["cloud", "cloud-shadow"]}
        properties = {"datetime": f"{day[:4]}-{day[4:6]}-{day[6:]}T10:03:20Z"}
        item = {"type": "Feature", "stac_version": "1.0.0", "id": product.of.name, "geometry": None, "links": []}
        items.append({**item, "assets": assets, "properties": properties})
    scene = tmp_path / "items.json"
    scene.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    record, found = mapped(tmp_path, "out", capsys, "--scene", scene)
    np.testing.assert_array_equal(found, expected)
    assert 255 in found
    assert [mask["read_as"] for mask in record["reading"]["product_masks"]] == ["Landsat QA_PIXEL, bits 0 to 5"] * 2


@pytest.mark.parametrize("given", ["folder", "tar", "MTL"])
@pytest.mark.parametrize("level", ["L2SP", "L1TP"])
def test_products_of_landsat_are_mapped_as_a_scene_by_hand(tmp_path, capsys, given, level):
    passes = {"pre": Pass(level=level, day="20200716"), "post": Pass(level=level, seed=5)}
    products = {date: write_landsat(tmp_path / date, of) for date, of in passes.items()}
    options = []
    for date, product in products.items():
        location = {"folder": product.folder, "MTL": product.folder / f"{product.of.name}_MTL.txt"}.get(given)
        options += [f"--{date}", location or packed(product)]
    record, found = mapped(tmp_path, "out", capsys, *options)
    images = {
        date: by_hand(tmp_path, f"by_hand_{date}", each.stored, 30.0, each.clear) for date, each in products.items()
    }
    hand = [flag for date, (image, mask) in images.items() for flag in (f"--{date}", image, "--mask", mask)]
    _, expected = mapped(tmp_path, "expected", capsys, *hand, "--pre-date", "2020-07-16", "--post-date", "2020-08-01")
    np.testing.assert_array_equal(found, expected)
    assert 255 in found
    times = [entry.get("acquired") for entry in record["inputs"][:2]]
    assert times == ["2020-07-16T10:03:20Z", "2020-08-01T10:03:20Z"]
    assert [mask["read_as"] for mask in record["reading"]["product_masks"]] == ["Landsat QA_PIXEL, bits 0 to 5"] * 2
