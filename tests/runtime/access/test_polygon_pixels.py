"""Pixels from polygons and polygons from pixels, from several threads at once."""

from __future__ import annotations

import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import shapely
from affine import Affine

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


def test_threads_keep_the_filters_of_the_host(monkeypatch):
    enter, leave = warnings.catch_warnings.__enter__, warnings.catch_warnings.__exit__
    inside, most = [], []

    def entered(block):
        inside.append(block)
        most.append(len(inside))
        time.sleep(0.002)  # another thread has its turn, if it may
        return enter(block)

    def left(block, *reason):
        inside.remove(block)
        return leave(block, *reason)

    monkeypatch.setattr(warnings.catch_warnings, "__enter__", entered)
    monkeypatch.setattr(warnings.catch_warnings, "__exit__", left)
    before, pixels = list(warnings.filters), np.eye(5, dtype=np.bool_)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda turn: outlines_of(pixels) if turn % 2 else burnt([shapely.box(0, -2, 2, 0)], (3, 3), PLACE),
            range(40),
        )
        assert [len(each) for each in found] == [3, 5] * 20
    assert max(most) == 1
    assert warnings.filters == before
