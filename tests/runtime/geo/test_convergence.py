"""Directions of axes on the globe, against PROJ's own figures and the geometry of each projection."""

from __future__ import annotations

import math

import pytest
from rasterio.crs import CRS

from landslip.runtime.geo.convergence import along_axes, axes, turn_of
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import transform_points

# CRS, longitude, latitude, bearing of x, bearing of y in degrees clockwise from true north.
AXES = [
    ("EPSG:32632", 9.0, 46.0, 90.0, 0.0),
    ("EPSG:32632", 12.0, 46.0, 92.16, 2.16),  # atan(tan 3 sin 46)
    ("EPSG:3413", 0.0, 75.0, 135.0, 45.0),  # polar stereographic: as far as the longitude from 45 west
    ("EPSG:3413", 25.0, 70.0, 160.0, 70.0),
    ("EPSG:3031", -60.0, -65.0, 150.0, 60.0),  # and on the other side of the globe the other way round
    ("EPSG:2054", 31.0, -29.0, 270.0, 180.0),  # x runs west, y runs south
    ("EPSG:2065", 15.0, 50.0, 172.61, 262.61),  # x runs south, y runs west: mirrored
    ("EPSG:5514", 15.0, 50.0, 82.61, -7.39),
    ("EPSG:5070", -122.0, 45.0, 74.36, -15.71),  # Albers: 26 degrees of longitude times 0.603
    ("EPSG:4326", 179.9999, -40.0, 90.0, 0.0),
    ("EPSG:4807", 3.0, 46.0, 90.0, 0.0),
]


@pytest.mark.parametrize(("name", "longitude", "latitude", "x", "y"), AXES)
def test_axes(name, longitude, latitude, x, y):
    crs = CRS.from_string(name)
    place = transform_points(CRS.from_epsg(4326), crs, [longitude], [latitude])
    for (east, north), bearing in zip(axes(crs, *place), (x, y), strict=True):
        assert math.hypot(east[0], north[0]) == pytest.approx(1)
        off = math.degrees(math.atan2(east[0], north[0])) - bearing
        assert (off + 180) % 360 - 180 == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(("name", "longitude", "latitude", "x", "y"), AXES)
def test_a_light_along_axes_points_to_its_azimuth(name, longitude, latitude, x, y):
    crs = CRS.from_string(name)
    place = transform_points(CRS.from_epsg(4326), crs, [longitude], [latitude])
    along_x, along_y = (part[0] for part in along_axes(crs, *place, 315.0))
    assert math.hypot(along_x, along_y) == pytest.approx(1, abs=1e-3)
    assert along_x == pytest.approx(math.cos(math.radians(315 - x)), abs=1e-3)
    assert along_y == pytest.approx(math.cos(math.radians(315 - y)), abs=1e-3)


@pytest.mark.parametrize(
    ("name", "turn"),
    [("EPSG:32632", 0.0), ("EPSG:4326", 0.0), ("EPSG:32633", 4.2), ("EPSG:3413", 54.0), ("EPSG:3031", 54.0)],
)
def test_how_far_a_grid_is_turned_over_a_map(name, turn):
    grid = MapGrid.covering((497_000.0, 4_997_000.0, 503_000.0, 5_003_000.0), CRS.from_epsg(32632), 6.0)
    assert turn_of(CRS.from_string(name), grid, 315.0) == pytest.approx(turn if name != "EPSG:3031" else 9.0, abs=0.15)
