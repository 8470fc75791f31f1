"""Pixels that may be used, chosen from a window."""

from __future__ import annotations

import numpy as np

from landslip.runtime.geo.pixels import Pixels


def test_known_values_are_those_of_valid_pixels_row_by_row() -> None:
    values = np.arange(12).reshape(2, 2, 3)
    valid = np.array([[True, False, True], [False, True, True]])
    assert Pixels(values, valid).known.tolist() == [[0, 2, 4, 5], [6, 8, 10, 11]]
    assert Pixels(values, np.zeros_like(valid)).known.shape == (2, 0)


def test_where_all_may_be_used_nothing_is_copied() -> None:
    values = np.arange(12).reshape(2, 2, 3)
    known = Pixels(values, np.ones((2, 3), dtype=np.bool_)).known
    assert known.tolist() == values.reshape(2, 6).tolist()
    assert np.shares_memory(known, values)
