"""True north in the middle of a map, and the arrow towards it."""

from __future__ import annotations

import math

import pytest
from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.cartography.north import arrow, true_north
from landslip.runtime.geo.map_grid import MapGrid


def grid(epsg, x, y):
    return MapGrid(CRS.from_epsg(epsg), Affine(10, 0, x - 500, 0, -10, y + 500), 100, 100)


def test_on_the_central_meridian_it_is_up():
    assert true_north(grid(32632, 500_000, 5_200_000)) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(("east", "sign"), [(800_000, -1), (200_000, 1)])
def test_beside_it_meridians_lean_towards_it(east, sign):
    found = true_north(grid(32632, east, 5_200_000))
    # Convergence of the meridians of a transverse Mercator projection: difference of longitude times sine of latitude.
    assert found == pytest.approx(sign * 3.93 * math.sin(math.radians(46.9)), abs=0.06)


def test_beyond_a_pole_it_is_down():
    # NSIDC's polar stereographic: the meridian of 45 W runs straight down from the pole, that of 135 E straight up.
    assert true_north(grid(3413, 0, -2_000_000)) == pytest.approx(0, abs=0.01)
    assert abs(true_north(grid(3413, 0, 2_000_000))) == pytest.approx(180, abs=0.01)


def test_a_pole_has_none_and_neither_has_a_place_off_the_globe():
    assert true_north(grid(3413, 0, 0)) is None
    local = CRS.from_wkt('LOCAL_CS["here",UNIT["metre",1]]')
    assert true_north(MapGrid(local, Affine(6, 0, 0, 0, -6, 0), 10, 10)) is None


@pytest.mark.parametrize(("direction", "tip"), [(0, (5, 0)), (90, (10, 5)), (180, (5, 10)), (-90, (0, 5))])
def test_an_arrow_points_there(direction, tip):
    dark, light = arrow((5, 5), 10, direction)
    assert dark[0] == light[0] == pytest.approx(tip)
    assert dark[2] == light[2]
    assert len(set(dark)) == len(set(light)) == 3


def test_the_dark_half_is_on_the_left():
    dark, light = arrow((5, 5), 10, 0)
    assert min(x for x, _ in dark) < 5 < max(x for x, _ in light)
