"""Scale bars are round, as long as they can be, and true on the ground."""

from __future__ import annotations

import math

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.cartography.scale_bar import ground_metres, round_length, scale_bar, shown_length
from landslip.runtime.geo.map_grid import MapGrid


@given(metres=st.floats(1e-3, 1e6), room=st.floats(1, 1e4))
def test_bars_are_round_and_the_longest_that_fit(metres, room):
    bar = scale_bar(metres, room)
    first = float(f"{bar.metres:.3e}".partition("e")[0])
    assert first in {1.0, 2.0, 5.0}
    assert bar.pixels * metres == pytest.approx(bar.metres)
    assert 0.4 * room <= bar.pixels * (1 + 1e-9)
    assert bar.pixels <= room * (1 + 1e-9)


@pytest.mark.parametrize(
    ("most", "length"), [(1000.0, 1000), (999.999, 500), (4999, 2000), (5000, 5000), (1, 1), (0.3, 0.2), (1e9, 1e9)]
)
def test_lengths_at_the_steps(most, length):
    assert round_length(most) == pytest.approx(length)


@pytest.mark.parametrize(
    ("metres", "text"), [(500, "500 m"), (1000, "1 km"), (2500, "2.5 km"), (0.2, "0.2 m"), (2e6, "2,000 km")]
)
def test_lengths_are_shown_in_metres_and_kilometres(metres, text):
    assert shown_length(metres) == text


def test_web_mercator_is_true_on_the_ground_and_not_in_its_own_metres():
    y = 6378137.0 * math.asinh(math.tan(math.radians(60)))
    grid = MapGrid(CRS.from_epsg(3857), Affine(10, 0, -500, 0, -10, y + 500), 100, 100)
    prime_vertical = 6378137.0 / math.sqrt(1 - 0.00669437999014 * math.sin(math.radians(60)) ** 2)
    assert ground_metres(grid) == pytest.approx(10 * prime_vertical * 0.5 / 6378137.0, rel=1e-4)


def test_utm_is_nearly_true():
    grid = MapGrid(CRS.from_epsg(32632), Affine(6, 0, 499_000, 0, -6, 5_200_000), 100, 333)
    assert ground_metres(grid) == pytest.approx(6 / 0.9996, rel=1e-5)


def test_a_crs_without_a_place_on_the_globe_counts_as_it_says():
    local = CRS.from_wkt('LOCAL_CS["here",UNIT["metre",1]]')
    assert ground_metres(MapGrid(local, Affine(6, 0, 0, 0, -6, 0), 10, 10)) == 6
