"""Sizes of pixels on the ground."""

from __future__ import annotations

import pytest
from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.geo.fineness import pixel_metres
from landslip.runtime.geo.map_grid import MapGrid

GRID = MapGrid.covering((497_000.0, 6_697_000.0, 503_000.0, 6_703_000.0), CRS.from_epsg(32632), 6.0)

PIXELS = [
    ("EPSG:32632", Affine(30, 0, 0, 0, -30, 0), 30.0),
    ("EPSG:32632", Affine.rotation(30) @ Affine.scale(30, -30), 30.0),
    ("EPSG:32632", Affine(20, 0, 0, 0, 45, 0), 30.0),
    ("EPSG:32633", Affine(30, 0, 0, 0, -30, 0), 30.0),
    ("EPSG:4326", Affine(1 / 1200, 0, 0, 0, -1 / 1200, 0), 65.5),  # 92.9 m of latitude, 46.2 m of longitude at 60.4 N
    ("EPSG:3857", Affine(30, 0, 0, 0, -30, 0), 14.8),
    ("EPSG:3413", Affine(250, 0, 0, 0, -250, 0), 240.9),
]


@pytest.mark.parametrize(("crs", "transform", "metres"), PIXELS)
def test_pixels_on_the_ground(crs, transform, metres):
    assert pixel_metres(CRS.from_string(crs), transform, GRID) == pytest.approx(metres, rel=0.01)


def test_a_grid_without_a_place_has_no_size():
    local = CRS.from_wkt('LOCAL_CS["site grid",UNIT["metre",1]]')
    assert pixel_metres(local, Affine(30, 0, 0, 0, -30, 0), GRID) is None
