"""Relief: mountains with flat valleys, the same whatever window they are computed in."""

from __future__ import annotations

import numpy as np
import pytest

from landslip.models.synthetic.relief import fill_relief, height_at, steepest, valley_field


def relief(rows, cols, corner=(0, 0), pixel=30.0, offset=0.0, seed=4):
    height, valley = np.empty((2, rows, cols))
    fill_relief(height, valley, corner, pixel, offset, seed)
    return height, valley


def test_windows_are_parts_of_the_whole():
    height, valley = relief(40, 50)
    part_height, part_valley = relief(15, 20, corner=(20, 25))
    np.testing.assert_array_equal(part_height, height[20:35, 25:45])
    np.testing.assert_array_equal(part_valley, valley[20:35, 25:45])


def test_arrays_hold_the_values_at_pixel_centres():
    height, valley = relief(4, 5, corner=(7, -3), pixel=10.0, offset=-487.0)
    x, y = -487.0 + 0.5 * 10.0, -487.0 + 9.5 * 10.0
    assert height[2, 3] == height_at(x, y, 4)
    assert valley[2, 3] == valley_field(x, y, 4)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_there_is_flat_ground_and_steep_ground(seed):
    height, valley = relief(400, 400, seed=seed)
    east, south = np.gradient(height, 30.0)
    slope = np.degrees(np.arctan(np.hypot(east, south)))
    assert 15.0 < np.median(slope) < 35.0
    assert 40.0 < np.percentile(slope, 97) < 60.0
    assert np.median(slope[np.abs(valley) < 0.015]) < 8.0
    assert 600.0 < height.max() - height.min() < 3000.0


def test_the_steepest_way_leads_down():
    for x, y in np.random.default_rng(2).uniform(0, 8000, (200, 2)):
        east, south = steepest(x, y, 2.0, 4)
        size = np.hypot(east, south)
        if size > 0.05:
            assert height_at(x + 2.0 * east / size, y + 2.0 * south / size, 4) < height_at(x, y, 4)
