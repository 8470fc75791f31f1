"""What ground cannot be is unknown, whatever a file declares; what it can be is left alone."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from helpers.engines import mixing_engine
from helpers.ground import stated, terrain_of
from helpers.rasters import elevation, scene_mixed
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError
from landslip.runtime.geo.earth import can_be_height, can_be_slope
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

HILLS = elevation(100, 120)
SLOPES = np.random.default_rng(3).uniform(0, 60, HILLS.shape).astype(np.float32)
HOLE = (slice(40, 47), slice(50, 57))

FILLS = [("float32", value) for value in (-99999, -999, -9999, 32767, 65535, 9.97e36, -3.4028234663852886e38)]
FILLS += [("int16", value) for value in (-9999, -999, 32767, -32768)] + [("uint16", 65535), ("int32", -99999)]


@pytest.fixture
def files(tmp_path):
    return replace(scene_mixed(tmp_path), masks=())


def holed(values, fill, dtype):
    values = values.astype(dtype)
    values[HOLE] = fill
    return values


@pytest.mark.parametrize(("dtype", "fill"), FILLS)
@pytest.mark.parametrize("declared", [None, -1])
def test_a_void_of_elevation_that_is_not_declared_is_not_observed(tmp_path, files, caplog, dtype, fill, declared):
    if dtype == "uint16":
        declared = declared and 1
    expected = terrain_of(files, dem=stated(tmp_path / "told.tif", holed(HILLS, fill, dtype), nodata=fill))
    assert not caplog.records
    found = terrain_of(files, dem=stated(tmp_path / "odd.tif", holed(HILLS, fill, dtype), nodata=declared))
    np.testing.assert_array_equal(found.valid, expected.valid)
    assert 0.95 < expected.valid.mean() < 1
    for role in ("hillshade", "slope"):
        np.testing.assert_array_equal(found.arrays[role], expected.arrays[role])
    (said,) = caplog.records
    assert said.levelno == logging.WARNING
    assert f"such as {np.float32(fill):g} (49 of " in said.getMessage()
    assert "odd.tif holds numbers that cannot be heights of ground" in said.getMessage()


def test_such_voids_are_filled_as_others_are(tmp_path, files):
    reading = ReadOptions(fill_voids=True)
    told = stated(tmp_path / "told.tif", holed(HILLS, -999, "float32"), nodata=-999)
    dem = stated(tmp_path / "odd.tif", holed(HILLS, -999, "float32"))
    expected, found = (terrain_of(replace(files, reading=reading, dem=path), dem=path) for path in (told, dem))
    assert found.valid.all()
    np.testing.assert_array_equal(found.arrays["slope"], expected.arrays["slope"])


@pytest.mark.parametrize("base", [-430.0 - 1500, 0.0, 7000.0, 8848.0 - 1800])
def test_the_dead_sea_and_the_highest_mountains_are_ground(tmp_path, files, caplog, base):
    values = np.maximum(HILLS + np.float32(base), -440)
    found = terrain_of(files, dem=stated(tmp_path / "odd.tif", values.astype(np.float32)))
    assert found.valid.all()
    assert not caplog.records


@pytest.mark.parametrize("fill", [-9999, -1, 255, 9999, 32767, 65535, 9.97e36])
@pytest.mark.parametrize("declared", [None, -5])
def test_a_void_of_a_ready_slope_that_is_not_declared_is_not_observed(tmp_path, files, caplog, fill, declared):
    shade = stated(tmp_path / "hillshade.tif", np.full(HILLS.shape, 150, np.uint8))
    told, odd = (
        stated(tmp_path / f"{name}.tif", holed(SLOPES, fill, "float32"), nodata=nodata)
        for name, nodata in (("told", fill), ("odd", declared))
    )
    expected, found = (terrain_of(files, hillshade=shade, slope=slope) for slope in (told, odd))
    np.testing.assert_array_equal(found.valid, expected.valid)
    assert 0.95 < expected.valid.mean() < 1
    np.testing.assert_array_equal(found.arrays["slope"], expected.arrays["slope"])
    (said,) = [record.getMessage() for record in caplog.records]
    assert "odd.tif holds numbers that cannot be slopes (0 to 90 degrees)" in said
    assert f"such as {np.float32(fill):g} (49 of " in said


def test_level_ground_that_was_resampled_by_a_cubic_is_level(tmp_path, files, caplog):
    shade = stated(tmp_path / "hillshade.tif", np.full(HILLS.shape, 181, np.uint8))
    slopes = np.where(SLOPES < 20, -SLOPES / 30, SLOPES).astype(np.float32)
    expected, found = (
        terrain_of(files, hillshade=shade, slope=stated(tmp_path / f"{name}.tif", values))
        for name, values in (("level", np.maximum(slopes, 0)), ("cubic", slopes))
    )
    assert found.valid.all()
    np.testing.assert_array_equal(found.arrays["slope"], expected.arrays["slope"])
    assert not caplog.records


@pytest.mark.parametrize(("unit", "fill"), [("percent", 9999), ("m/m", 9999), ("percent", -9999), ("rad", 9999)])
def test_a_void_in_another_unit(tmp_path, files, unit, fill):
    shade = stated(tmp_path / "hillshade.tif", np.full(HILLS.shape, 150, np.uint8))
    slope = stated(tmp_path / "slope.tif", holed(SLOPES / 60, fill, "float32"), unit=unit)
    assert 0.95 < terrain_of(files, hillshade=shade, slope=slope).valid.mean() < 1


@pytest.mark.parametrize("most", [120, 359.9, 91])
def test_percent_and_aspect_are_refused(tmp_path, files, most):
    shade = stated(tmp_path / "hillshade.tif", np.full(HILLS.shape, 150, np.uint8))
    slope = stated(tmp_path / "slope.tif", SLOPES / SLOPES.max() * np.float32(most))
    with pytest.raises(InputError, match=r"slope\.tif reaches .*, but 90 degrees is the most .*percent, or .*aspect"):
        terrain_of(files, hillshade=shade, slope=slope)


def test_a_map_of_a_void_is_that_of_a_declared_one_to_the_byte(tmp_path, files):
    maps = []
    for name, nodata in (("told", -99999.0), ("untold", None)):
        dem = stated(tmp_path / f"{name}.tif", holed(HILLS, -99999, "float32"), nodata=nodata)
        request = MapRequest(tmp_path / "none", replace(files, dem=dem), tmp_path / name, engine=EngineOptions(tile=64))
        map_scene(request, engine=mixing_engine())
        maps.append((tmp_path / name / "confidence.tif").read_bytes())
    assert maps[0] == maps[1]


def test_limits():
    heights = np.array([-500.1, -500, -430, 0, 8849, 9000, 9000.1, np.nan, np.inf])
    assert can_be_height(heights).tolist() == [False, True, True, True, True, True, False, False, False]
    assert can_be_slope(np.array([-0.1, 0, 90, 90.1, np.nan])).tolist() == [False, True, True, False, False]
