"""Filling of voids: exact on planes, bounded, and equal to a slow twin."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from helpers.rasters import elevation
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.terrain.voids import fill_voids


def filled(values, known, reach):
    found = fill_voids(Pixels(values[None], known), (slice(0, len(values)), slice(0, values.shape[1])), reach)
    return found.values[0], found.valid


def slowly(values, known, reach):
    """Each void pixel by itself, from the definition."""
    out, after = np.where(known, values, 0).astype(np.float64), known.copy()

    def first(row, col, step):
        for k in range(1, reach + 1):
            y, x = row + k * step[0], col + k * step[1]
            if not (0 <= y < known.shape[0] and 0 <= x < known.shape[1]):
                return None
            if known[y, x]:
                return k, float(values[y, x])
        return None

    for row, col in np.argwhere(~known):
        parts = []
        for step in ((0, 1), (1, 0), (1, 1), (1, -1)):
            one, other = first(row, col, step), first(row, col, (-step[0], -step[1]))
            if one and other:
                along = np.interp(0, [-other[0], one[0]], [other[1], one[1]])
                parts.append((along, 1 / (one[0] * other[0] * sum(map(abs, step)))))
        if parts:
            out[row, col] = np.average([p[0] for p in parts], weights=[p[1] for p in parts])
            after[row, col] = True
    return out, after


@given(st.integers(0, 1000), st.floats(0.1, 0.95), st.integers(1, 9))
def test_equal_to_the_definition(seed, share, reach):
    known = np.random.default_rng(seed).random((14, 17)) < share
    values = np.where(known, elevation(14, 17, seed), np.float32(1e30))
    out, after = filled(values, known, reach)
    expected, expected_after = slowly(values, known, reach)
    np.testing.assert_array_equal(after, expected_after)
    np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_a_plane_is_filled_exactly():
    rows, cols = np.mgrid[:30, :40]
    plane = (100 + 3 * rows - 2 * cols).astype(np.float32)
    known = np.ones(plane.shape, bool)
    known[5:20, 8:25], known[22:25, 30:39] = False, False
    out, after = filled(np.where(known, plane, np.float32(-9999)), known, 20)
    assert after.all()
    np.testing.assert_array_equal(out, plane)


def test_nothing_is_filled_from_one_side_or_from_afar():
    values, known = elevation(40, 60), np.ones((40, 60), bool)
    known[:, 50:] = False  # beyond what was surveyed
    known[5:30, 10:35] = False
    _, after = filled(values, known, 6)
    assert not after[:, 50:].any()
    assert not after[12:23, 17:28].any()
    assert after[known].all()
    assert not after[17, 10:35].any()  # its ends are further apart than the reach
    _, after = filled(values, known, 25)
    assert after[:, :50].all()
