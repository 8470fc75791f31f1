"""Polygons together: their bounds, and which of them are valid."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely

from helpers.filter_watch import blocks_at_once
from landslip.runtime.geo.areas import are_valid, bounds_around

BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


@pytest.mark.parametrize(
    "shapes",
    [
        [shapely.box(3, 4, 5, 6)],
        [shapely.box(3, 4, 5, 6), shapely.box(-2, 5, 4, 9)],
        [shapely.Polygon(), shapely.box(3, 4, 5, 6), shapely.Polygon()],
        [shapely.Polygon(), shapely.Polygon()],
    ],
)
def test_bounds_are_those_of_all_shapes_that_are_not_empty(shapes):
    np.testing.assert_array_equal(bounds_around(np.array(shapes)), shapely.total_bounds(shapes))


def test_shapes_are_judged_one_by_one_or_many_at_a_time():
    assert are_valid(shapely.box(0, 0, 1, 1))
    assert not are_valid(BOW_TIE)
    assert are_valid(np.array([BOW_TIE, shapely.box(0, 0, 1, 1)])).tolist() == [False, True]


def test_threads_exchange_the_filters_of_warnings_one_by_one():
    with blocks_at_once() as counts, ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(are_valid, [BOW_TIE] * 20))
    assert counts == [1] * 20
