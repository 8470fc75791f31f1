"""The kernels that count pixels, against plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from landslip.runtime.products import tallies as tal


def test_folding_gathers_every_tally_at_its_root_once() -> None:
    components = np.array([0, 1, 1, 3, 1], np.int32)
    tallies = np.arange(5 * tal.TALLIES, dtype=np.int64).reshape(5, tal.TALLIES)
    before = tallies.copy()
    tal.fold(tallies, components)
    sums, maxima = slice(tal.PIXELS, tal.VALUE_MAX), slice(tal.VALUE_MAX, tal.HEIGHTS)
    np.testing.assert_array_equal(tallies[1, sums], before[[1, 2, 4], sums].sum(axis=0))
    np.testing.assert_array_equal(tallies[1, maxima], before[4, maxima])
    assert tallies[1, tal.HEIGHTS] == before[[1, 2, 4], tal.HEIGHTS].sum()
    np.testing.assert_array_equal(tallies[1, tal.LOW :], before[1, tal.LOW :])  # the least of them
    np.testing.assert_array_equal(tallies[3], before[3])
    assert not tallies[[2, 4]].any()


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf, -9999.0, 90.01, 1e30])
def test_slopes_that_are_none_are_not_counted(unknown: float) -> None:
    tallies = np.zeros((2, tal.TALLIES), np.int64)
    tal.tally_slope(np.array([[unknown, 45.0, 0.0]], np.float32), np.ones((1, 3), np.int32), 0, tallies)
    assert tallies[1, tal.SLOPE_PIXELS] == 2
    assert tallies[1, tal.SLOPE_SUM] == 45 * tal.UNIT


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf, 1e30])
def test_heights_and_rises_that_are_no_numbers_are_not_counted(unknown: float) -> None:
    tallies, labels = np.zeros((2, tal.TALLIES), np.int64), np.ones((1, 3), np.int32)
    values = np.array([[unknown, 2.0, -4.0]], np.float32)
    tal.tally_elevation(values, labels, 5, 0, tallies)
    tal.tally_rise(values, values, labels, 0, tallies)
    assert tallies[1, tal.HEIGHTS :].tolist() == [2, -4 * tal.UNIT, 5, 2, -2 * tal.UNIT, 5, 1]
    assert tallies[1, [tal.EAST_SUM, tal.NORTH_SUM]].tolist() == [-2 * tal.UNIT] * 2


heights = hnp.arrays(
    np.float32, (4, 5), elements=st.sampled_from([-3.0, 0.0, 1.0, 2.5, float("nan")]) | st.floats(-500, 9000, width=32)
)


@given(heights, hnp.arrays(np.int32, (4, 5), elements=st.integers(0, 3)))
@settings(deadline=None)
def test_the_lowest_and_highest_pixel_of_each_component(
    elevation: NDArray[np.float32], labels: NDArray[np.int32]
) -> None:
    tallies = np.zeros((4, tal.TALLIES), np.int64)
    tal.tally_elevation(elevation[:, :2].copy(), labels, 10, 0, tallies)
    tal.tally_elevation(elevation[:, 2:].copy(), labels, 10, 2, tallies)  # in whatever order blocks come
    tal.fold(tallies, np.array([0, 1, 1, 3], np.int32))
    for root, members in ((1, (1, 2)), (3, (3,))):
        units = np.floor(elevation.astype(np.float64) * tal.UNIT + 0.5)
        known = [
            (units[row, col], row + 10, col) for row, col in np.argwhere(np.isin(labels, members) & np.isfinite(units))
        ]
        assert tallies[root, tal.HEIGHTS] == len(known)
        if known:
            highest = min((-value, row, col) for value, row, col in known)
            assert tallies[root, tal.LOW :].tolist() == [*min(known), *highest]
