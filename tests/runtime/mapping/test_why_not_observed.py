"""Areas of what was and was not observed in a whole map, and reasons of all of its pixels, resumed or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from helpers.engines import SPEC, mixing_engine, mixture
from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, write
from landslip.runtime.confidence import REASONS
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run import run_files
from landslip.runtime.scene.scene import open_scene

AREAS = ("observed_km2", "not_observed_km2", "above_threshold_km2")


@pytest.fixture
def files(tmp_path):
    """A mask, nodata, a void of elevation, and an elevation model that ends before the images do."""
    scene = scene_mixed(tmp_path, height_m=3000.0, width_m=1200.0)
    image = rgb(300, 120, 1)
    image[:, 200:230, 30:80] = 0
    heights = elevation(100, 60)
    heights[40:50, 20:30] = -9999
    return replace(
        scene,
        post=write(tmp_path / "nodata.tif", image, 10.0, nodata=0),
        dem=write(tmp_path / "dem.tif", heights, 30.0, left=LEFT - 300, top=TOP + 300, nodata=-9999),
    )


def run(files, out, engine=None, **options):
    request = MapRequest(out / "none", files, out, engine=EngineOptions(tile=64, batch=3), min_area=0, **options)
    return map_scene(request, engine=engine or mixing_engine())


def reasons_by_pixel(out):
    """Names of the reasons in the layer of what was not observed, drawn by an independent hand: code by pixel."""
    with rasterio.open(out / "confidence.tif") as dataset:
        shape, transform = dataset.shape, dataset.transform
    fields, _, outlines, values = pyogrio.raw.read(out / "landslides.gpkg", layer="not_observed")
    names = values[list(fields["fields"]).index("reason")]
    codes = {name: code for code, name in REASONS.items()}
    shapes = [(shape, codes[name]) for shape, name in zip(shapely.from_wkb(outlines), names, strict=True)]
    return rasterio.features.rasterize(shapes, shape, transform=transform) if shapes else np.zeros(shape, np.uint8)


def seen_by_scene(files):
    with open_scene(files, 6.0) as scene:
        return scene.read(scene.grid.rows(0, scene.grid.height)).reasons


def test_the_layer_holds_the_reason_of_every_pixel_and_the_record_their_areas(files, tmp_path):
    record = run(files, tmp_path / "out")
    found = reasons_by_pixel(tmp_path / "out")
    np.testing.assert_array_equal(found, seen_by_scene(files))
    with rasterio.open(tmp_path / "out" / "confidence.tif") as dataset:
        percent = dataset.read(1)
    np.testing.assert_array_equal(found > 0, percent == 255)
    assert set(record["not_observed_km2"]) == {"outside", "nodata", "mask", "void"}
    # On the zone's central meridian a metre of the grid is 1.0004 on the ground.
    square = 36e-6 / 0.9996**2
    for code, name in REASONS.items():
        count = np.count_nonzero(found == code)
        assert record["not_observed_km2"].get(name, 0.0) == pytest.approx(count * square, rel=1e-5)
    assert record["observed_km2"] == pytest.approx(np.count_nonzero(percent != 255) * square, rel=1e-5)
    above = np.count_nonzero((percent >= 50) & (percent <= 100))
    assert record["above_threshold_km2"] == pytest.approx(above * square, rel=1e-5)
    assert record["landslide_km2"] == pytest.approx(record["above_threshold_km2"], rel=1e-6)


@pytest.mark.parametrize("protocol", ["gaussian", "notebook"])
def test_areas_and_reasons_are_the_same_after_a_resume(files, tmp_path, monkeypatch, protocol):
    monkeypatch.setattr(run_files, "INTERVAL", 0.0)
    whole, calls = run(files, tmp_path / "whole", protocol=protocol), []

    def stopping(batch):
        calls.append(1)
        if len(calls) == 14:
            raise KeyboardInterrupt
        return mixture(batch)

    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "out", FakeEngine(SPEC, stopping), protocol=protocol)
    resumed = run(files, tmp_path / "out", protocol=protocol, resume=True)
    assert resumed["resumed_after_row"] > 100
    assert {name: resumed[name] for name in AREAS} == {name: whole[name] for name in AREAS}
    np.testing.assert_array_equal(reasons_by_pixel(tmp_path / "out"), reasons_by_pixel(tmp_path / "whole"))


def test_what_is_valid_and_lies_under_no_tile_is_unmapped(files, tmp_path):
    record = run(files, tmp_path / "out", protocol="notebook")
    found, read = reasons_by_pixel(tmp_path / "out"), seen_by_scene(files)
    unmapped = next(code for code, name in REASONS.items() if name == "unmapped")
    assert set(np.unique(read[found == unmapped])) == {0}
    np.testing.assert_array_equal(found[read > 0], read[read > 0])
    assert (found[0, read[0] == 0] == unmapped).all()
    assert record["not_observed_km2"]["unmapped"] > 0


def test_a_map_too_small_for_any_tile_still_says_what_hides_it(files, tmp_path):
    small = replace(
        files, aoi=write(tmp_path / "aoi.tif", np.ones((100, 30), np.uint8), 10.0, left=LEFT + 200, top=TOP - 300)
    )
    record = run(small, tmp_path / "out", protocol="notebook", force=True)
    assert record["tiles"]["total"] == 0
    found, read = reasons_by_pixel(tmp_path / "out"), seen_by_scene(small)
    np.testing.assert_array_equal(found[read > 0], read[read > 0])
    assert set(record["not_observed_km2"]) >= {"mask", "unmapped"}
    assert record["observed_km2"] == 0
