"""Ready hillshade and slope against each other: pairs of one ground pass, other units and other ground do not."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import mixing_engine
from helpers.ground import stated
from helpers.rasters import elevation, scene_mixed
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.terrain.ready_checks import ReadyTerrain

HILLS = elevation(100, 120).astype(np.float64)


def lit(heights, azimuth=315.0, altitude=45.0):
    """Hillshade in float and slope in degrees."""
    down, east = np.gradient(heights, 30.0)
    sun = [math.radians(part) for part in (azimuth, altitude)]
    across = math.cos(sun[1]) * (east * math.sin(sun[0]) - down * math.cos(sun[0]))
    rise = np.hypot(east, down)
    light = (math.sin(sun[1]) - across) / np.sqrt(1 + rise**2)
    return 1 + 254 * np.maximum(0, light), np.degrees(np.arctan(rise))


def mapped(folder, shade, slope, caplog, **options):
    given = {
        "hillshade": stated(folder / "hillshade.tif", shade, **options),
        "slope": stated(folder / "slope.tif", slope.astype(np.float32), **options),
    }
    files = replace(scene_mixed(folder), dem=None, **given)
    request = MapRequest(folder / "none", files, folder / "out", engine=EngineOptions(tile=64))
    record = map_scene(request, engine=mixing_engine())
    assert record["objections_overruled"] == []
    return [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]


RIGHT = {
    "gdaldem": (315, 45, 1.0),
    "QGIS": (300, 40, 1.0),
    "Google Earth Engine": (270, 45, 1.0),
    "gentle hills": (315, 45, 0.1),
    "flat land": (315, 45, 0.01),
    "level water": (315, 45, 0.0),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_right_pairs_pass_without_a_word(tmp_path, caplog, kind):
    azimuth, altitude, height = RIGHT[kind]
    shade, slope = lit(HILLS * height, azimuth, altitude)
    assert mapped(tmp_path, np.round(shade).astype("uint8"), slope, caplog) == []


@pytest.mark.parametrize("unit", ["radians", "rise over run"])
@pytest.mark.parametrize("height", [1.0, 0.5])
def test_a_slope_in_another_unit_is_objected_to(tmp_path, caplog, unit, height):
    shade, slope = lit(HILLS * height)
    slope = np.radians(slope) if unit == "radians" else np.tan(np.radians(slope))
    with pytest.raises(
        InputError, match=r"slope\.tif never passes .* degrees, though the hillshade shows .*force=True"
    ):
        mapped(tmp_path, np.round(shade).astype("uint8"), slope, caplog)


def test_terrain_made_in_degrees_as_if_they_were_metres_is_objected_to(tmp_path, caplog):
    """The slope of GDAL before 3.11 and of QGIS, without -s 111120."""
    shade, slope = lit(HILLS * 111120)
    with pytest.raises(InputError, match=r"steeper than 80 degrees in \d+ % .* `dem` instead.*force=True"):
        mapped(tmp_path, np.round(shade).astype("uint8"), slope, caplog)


def test_steep_walls_are_ground():
    seen = ReadyTerrain()
    seen.add(None, np.repeat(np.float32([85, 60]), [400, 600]))
    assert seen.of_walls("slope") is None


def test_a_slope_in_percent_below_90_is_warned_of(tmp_path, caplog):
    rows, cols = np.mgrid[:100, :120]
    shade, slope = lit(200 * np.sin((rows + cols) / 11.5))  # ridges that face the light
    percent = 100 * np.tan(np.radians(slope))
    assert 70 < percent.max() < 90
    (said,) = mapped(tmp_path, np.round(shade).astype("uint8"), percent, caplog)
    assert "do not fit together" in said
    assert "the slope in percent" in said


def test_terrain_of_other_ground_is_warned_of(tmp_path, caplog):
    shade, slope = lit(HILLS)
    (said,) = mapped(tmp_path, np.round(shade).astype("uint8"), slope[:, ::-1] * 0 + 5, caplog)
    assert "do not fit together" in said


def test_a_hillshade_of_ones_is_objected_to(tmp_path, caplog):
    shade, slope = lit(HILLS)
    with pytest.raises(InputError, match=r"hillshade\.tif has no value above 1.*0 to 255.*force=True"):
        mapped(tmp_path, (shade / 255).astype("float32"), slope, caplog)


def test_a_hillshade_on_a_turned_grid_is_warned_of(tmp_path, caplog):
    shade, slope = (np.full((400, 400), level) for level in (181, 0.0))
    place = {"crs": "EPSG:3413", "left": 4_126_000.0, "top": -2_992_000.0, "resolution": 60.0}
    said = mapped(tmp_path, shade.astype("uint8"), slope, caplog, **place)
    assert any("hillshade.tif lies on a grid whose north is 54 degrees beside the true one" in words for words in said)


@given(st.floats(0, 85), st.floats(0, 360), st.floats(0, 360))
def test_bounds_hold_for_any_ground_and_any_azimuth(slope, aspect, azimuth):
    light = math.cos(math.radians(slope)) + math.sin(math.radians(slope)) * math.cos(math.radians(aspect - azimuth))
    level = np.uint8(round(1 + 254 * max(0.0, light * math.sqrt(0.5))))
    seen = ReadyTerrain()
    seen.add(np.full(2000, level), np.full(2000, slope, np.float32))
    if level > 1:
        assert seen.at_odds("hillshade", "slope") is None
