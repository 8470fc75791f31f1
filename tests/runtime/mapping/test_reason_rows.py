"""Reasons that wait for the tracer: any rows of what is kept, and no more kept than is waited for."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.mapping.reason_rows import ReasonRows

WIDTH = 3


def whole(rows):
    return (np.arange(rows * WIDTH) % 6 + 1).astype(np.uint8).reshape(rows, WIDTH)


@given(
    st.lists(st.integers(1, 39), max_size=6), st.lists(st.booleans(), min_size=8, max_size=8), st.integers(0, 39),
    st.integers(1, 40), st.integers(0, 500),
)  # fmt: skip
def test_rows_come_back_whatever_the_blocks_and_others_are_0(cuts, with_reasons, top, height, first):
    reasons, rows, bottom = whole(40), ReasonRows(WIDTH), min(40, top + height)
    for (start, stop), kept in zip(pairwise([0, *sorted(cuts), 40]), with_reasons, strict=False):
        if kept:
            rows.add(first + start, reasons[start:stop])
        else:
            reasons[start:stop] = 0
    found = rows.of(first + top, first + bottom)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, reasons[top:bottom])


def test_only_blocks_that_end_before_a_row_are_dropped():
    rows = ReasonRows(WIDTH)
    for top in (0, 10, 20):
        rows.add(top, whole(30)[top : top + 10])
    rows.drop_before(15)
    np.testing.assert_array_equal(rows.of(10, 30), whole(30)[10:])
    assert not rows.of(0, 10).any()
    rows.drop_before(30)
    assert not rows.of(0, 30).any()


def test_one_thread_reads_ahead_while_another_traces():
    reasons, rows, ahead = whole(2000), ReasonRows(WIDTH), threading.Semaphore(0)

    def read():
        for top in range(0, 2000, 7):
            rows.add(top, reasons[top : top + 7])
            ahead.release()

    reader = threading.Thread(target=read)
    reader.start()
    for top in range(0, 1995, 5):
        while not rows.of(top, top + 5).all():
            assert ahead.acquire(timeout=10)
        np.testing.assert_array_equal(rows.of(top, top + 5), reasons[top : top + 5])
        rows.drop_before(top + 5)
    reader.join()
