"""Windows spread over a map."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.inspection.sample_windows import EDGES, sample_windows

sizes = st.integers(1, 3000)


@given(sizes, sizes)
def test_windows_lie_inside_and_do_not_overlap(height, width):
    seen = np.zeros((height, width), np.uint8)
    windows = list(sample_windows(height, width))
    for window in windows:
        assert min(window.row_off, window.col_off) >= 0
        assert window.row_off + window.height <= height
        assert window.col_off + window.width <= width
        rows, cols = window.toslices()
        seen[rows, cols] += 1
    assert seen.max() == 1
    assert 1 <= len(windows) <= 9 + 25


@given(st.integers(128, 3000), st.integers(128, 3000))
def test_all_but_small_maps_are_shown_by_three_squares_or_more(height, width):
    windows = list(sample_windows(height, width))
    assert len(windows) >= 3
    assert {(window.height, window.width) for window in windows} <= {(edge, edge) for edge in EDGES}


def test_the_first_nine_reach_every_ninth_of_the_map():
    first = list(sample_windows(3000, 6000))[:9]
    ninths = {((w.row_off + w.height / 2) // 1000, (w.col_off + w.width / 2) // 2000) for w in first}
    assert len(ninths) == 9


def test_a_small_map_is_shown_whole():
    (window,) = sample_windows(30, 90)
    assert (window.row_off, window.col_off, window.height, window.width) == (0, 0, 30, 90)
