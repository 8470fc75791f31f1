"""The labelling kernels, against plain numpy and Python."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from landslip.runtime.products import labels as lab

Mask = NDArray[np.bool_]

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))


def labelled(mask: Mask) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Labels, regions and components of a mask, flattened."""
    confidence = np.where(mask, 60, 255).astype(np.uint8)
    regions = np.arange(lab.count_runs(confidence, 50, 100) + 1, dtype=np.int32)
    components = regions.copy()
    labels = np.full(mask.shape, -7, np.int32)
    above = np.zeros(mask.shape[1], np.int32)
    used = lab.label_rows(confidence, 50, 100, above, 0, labels, regions, components)
    lab.flatten(regions)
    lab.flatten(components)
    return labels, regions[: used + 1], components[: used + 1]


def linked(mask: Mask, steps: list[tuple[int, int]]) -> NDArray[np.int64]:
    """For every pixel the row-major index of the first pixel it is connected with, found by repeated spreading."""
    first = np.where(mask, np.arange(mask.size).reshape(mask.shape), mask.size)
    while True:
        padded = np.pad(first, 1, constant_values=mask.size)
        rows, cols = mask.shape
        near = [padded[1 + i : 1 + i + rows, 1 + j : 1 + j + cols] for i, j in [(0, 0), *steps]]
        spread = np.where(mask, np.min(near, axis=0), mask.size)
        if (spread == first).all():
            return first
        first = spread


SIDES = [(-1, 0), (1, 0), (0, -1), (0, 1)]
CORNERS = [(-1, -1), (-1, 1), (1, -1), (1, 1)]


@given(masks)
@settings(deadline=None)
def test_regions_are_4_connected_and_components_8_connected(mask: Mask) -> None:
    labels, regions, components = labelled(mask)
    assert ((labels > 0) == mask).all()
    for parents, steps in ((regions, SIDES), (components, SIDES + CORNERS)):
        roots = parents[labels]
        first = linked(mask, steps)
        pairs = sorted(set(zip(first[mask].tolist(), roots[mask].tolist(), strict=True)))
        assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
        assert [b for _, b in pairs] == sorted(b for _, b in pairs), "roots sort by first pixel"


@given(masks)
@settings(deadline=None)
def test_runs_are_counted(mask: Mask) -> None:
    confidence = np.where(mask, 100, 0).astype(np.uint8)
    starts = mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1]
    assert lab.count_runs(confidence, 1, 100) == np.count_nonzero(starts)


@given(st.integers(0, 255), st.integers(1, 100), st.integers(1, 254))
@settings(deadline=None)
def test_what_counts(value: int, low: int, high: int) -> None:
    values = np.array([[value]], np.uint8)
    assert lab.count_runs(values, low, high) == (value in range(low, high + 1))


@given(masks)
@settings(deadline=None)
def test_corners_are_where_an_outline_turns(mask: Mask) -> None:
    labels, _, _ = labelled(mask)
    # One empty row below, so that the lower edges are looked at too.
    labels = np.pad(labels, ((0, 1), (0, 0)))
    above = np.zeros(mask.shape[1], np.int32)
    count = lab.find_corners(labels, above, 100, np.empty((0, lab.CORNER_FIELDS), np.int32))
    corners = np.empty((count, lab.CORNER_FIELDS), np.int32)
    assert lab.find_corners(labels, above, 100, corners) == count

    padded = np.pad(mask, 1).astype(int)
    nw, ne, sw, se = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    total = nw + ne + sw + se
    expected = np.where(total % 2 == 1, 1, np.where((total == 2) & (nw == se), 2, 0))
    found = np.zeros_like(expected)
    np.add.at(found, (corners[:, lab.ROW] - 100, corners[:, lab.COL]), 1)
    np.testing.assert_array_equal(found, expected)
    place = corners[:, lab.ROW].astype(int) * 1000 + corners[:, lab.COL]
    assert (np.diff(place) >= 0).all()
    assert (corners[:, lab.REGION] > 0).all()
