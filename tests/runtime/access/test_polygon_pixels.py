"""Pixels from polygons and polygons from pixels, from several threads at once."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely
from affine import Affine

from helpers.filter_watch import blocks_at_once
from landslip.runtime.access.polygon_pixels import burnt, outlines_of

PLACE = Affine(1, 0, 0, 0, -1, 0)
"""The map's first window, whose transform GDAL takes for none."""


def test_pixels_are_those_whose_centres_lie_inside():
    found = burnt([shapely.box(1.0, -3.0, 4.0, -1.4), shapely.box(5.0, -1.0, 5.6, 0.0)], (4, 6), PLACE)
    expected = np.zeros((4, 6), dtype=np.bool_)
    expected[1:3, 1:4] = expected[0, 5] = True
    np.testing.assert_array_equal(found, expected)
    assert not burnt([], (4, 6), PLACE).any()


def test_outlines_are_those_of_pixels_that_share_a_side():
    pixels = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], dtype=np.bool_)
    outlines = outlines_of(pixels)
    assert sorted(shapely.area(outlines).tolist()) == [2, 3]
    np.testing.assert_array_equal(burnt(outlines, (3, 3), Affine(1, 0, 0, 0, 1, 0)), pixels)
    assert not len(outlines_of(np.zeros((3, 3), dtype=np.bool_)))


def test_threads_exchange_the_filters_of_warnings_one_by_one():
    before, pixels = list(warnings.filters), np.eye(5, dtype=np.bool_)

    def work(turn):
        return outlines_of(pixels) if turn % 2 else burnt([shapely.box(0, -2, 2, 0)], (3, 3), PLACE)

    with blocks_at_once() as counts, ThreadPoolExecutor(4) as pool:
        assert [len(each) for each in pool.map(work, range(40))] == [3, 5] * 20
    assert set(counts) == {1}
    assert warnings.filters == before
