"""Slopes that wait for the tracer: any rows of what is kept, and no more kept than is waited for."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.mapping.slope_rows import SlopeRows


def whole(rows):
    return np.arange(rows * 3, dtype=np.float32).reshape(rows, 3)


def kept(slope, cuts, first=0):
    slopes, rows = SlopeRows(), [0, *sorted(cuts), len(slope)]
    for top, bottom in pairwise(rows):
        slopes.add(first + top, slope[top:bottom])
    return slopes


@given(st.lists(st.integers(1, 39), max_size=6), st.integers(0, 39), st.integers(1, 40), st.integers(0, 500))
def test_rows_come_back_whatever_the_blocks(cuts, top, height, first):
    slope, bottom = whole(40), min(40, top + height)
    found = kept(slope, cuts, first).of(first + top, first + bottom)
    np.testing.assert_array_equal(found, slope[top:bottom])


def test_only_blocks_that_end_before_a_row_are_dropped():
    slopes = kept(whole(30), [10, 20])
    slopes.drop_before(15)
    np.testing.assert_array_equal(slopes.of(15, 30), whole(30)[15:])
    assert len(slopes.of(0, 10)) == 0
    slopes.drop_before(30)
    assert slopes.of(0, 30).size == 0


def test_one_thread_reads_ahead_while_another_traces():
    slope, slopes, ahead = whole(2000), SlopeRows(), threading.Semaphore(0)

    def read():
        for top in range(0, 2000, 7):
            slopes.add(top, slope[top : top + 7])
            ahead.release()

    reader = threading.Thread(target=read)
    reader.start()
    for top in range(0, 1995, 5):
        while len(slopes.of(top, top + 5)) < 5:
            assert ahead.acquire(timeout=10)
        np.testing.assert_array_equal(slopes.of(top, top + 5), slope[top : top + 5])
        slopes.drop_before(top + 5)
    reader.join()
