"""Connected components of a map that arrives in strips of rows.

They are the compiled half of :mod:`landslip.runtime.products.pixel_sets`: of landslides, whose values are confidences
from a level on, and of what was not observed, whose values are reasons.

Two kinds of connection are kept, in two union-find forests over the same labels:

* a *component* is 8-connected, one feature of the product;
* a *region* is 4-connected, one polygon of the component's multipolygon: pixels that touch at a corner only would make
  a polygon that crosses itself.

Labels start at 1; 0 is background. They are given out in row-major order and the smallest label of a set is its root,
so that roots sort by first pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

ROW, COL, ALONG_ROW, REGION, CORNER_FIELDS = range(5)
"""Columns of a corner: its place on the pixel lattice, whether a walk that keeps the set on its right leaves it
along the lattice row (1) or column (0), the region it belongs to; and their number."""

# ALONG_ROW by which of the four pixels around a lattice point are in the set: NW 1, NE 2, SW 4, SE 8; -1 where the
# outline does not turn. Diagonal pairs, 6 and 9, have two corners, which are left the same way.
_ALONG_ROW = np.array([-1, 1, 0, -1, 0, -1, 0, 0, 1, 1, -1, 1, -1, 1, 0, -1], dtype=np.int8)

STEP = 64
"""Columns looked at together first: most of a map is in no set, and that is seen many pixels at a time."""

Array = NDArray[Any]


@kernel
def _has_member(values: Array, low: int, high: int) -> bool:  # pragma: no cover - compiled
    found = False
    for col in range(len(values)):
        found |= low <= values[col] <= high
    return found


@kernel
def has_label(labels: Array) -> bool:  # pragma: no cover - compiled
    """Tell whether one of a few pixels belongs to a set."""
    found = False
    for col in range(len(labels)):
        found |= labels[col] > 0
    return found


@kernel
def _root(parents: Array, label: int) -> int:  # pragma: no cover - compiled
    while parents[label] != label:
        parents[label] = parents[parents[label]]
        label = parents[label]
    return label


@kernel
def _unite(parents: Array, a: int, b: int) -> None:  # pragma: no cover - compiled
    a = _root(parents, a)
    b = _root(parents, b)
    if a < b:
        parents[b] = a
    else:
        parents[a] = b


@kernel
def count_runs(values: Array, low: int, high: int) -> int:  # pragma: no cover - compiled
    """Number of horizontal runs of pixels from ``low`` to ``high``: no labelling needs more new labels."""
    runs = 0
    for row in range(values.shape[0]):
        inside = False
        line = values[row]
        for first in range(0, len(line), STEP):
            last = min(first + STEP, len(line))
            if not (inside or _has_member(line[first:last], low, high)):
                continue
            for col in range(first, last):
                here = low <= line[col] <= high
                runs += here and not inside
                inside = here
    return runs


@kernel
def label_rows(
    values: Array, low: int, high: int, above: Array, used: int, labels: Array, regions: Array, components: Array
) -> int:  # pragma: no cover - compiled
    """Label the pixels of a strip whose values are ``low`` to ``high``, going on from the row above it.

    Args:
        values: uint8 (rows, width).
        low: least value of a pixel that counts.
        high: greatest one.
        above: int32 (width,), labels of the row above the first one.
        used: highest label in use so far.
        labels: int32 (rows, width), written.
        regions: int32 parents of the 4-connected forest, updated; long enough for ``used + count_runs`` labels.
        components: the same for the 8-connected forest.

    Returns:
        The highest label in use now.
    """
    for row in range(values.shape[0]):
        line = labels[row]
        line[:] = 0
        for first in range(0, len(line), STEP):
            last = min(first + STEP, len(line))
            if _has_member(values[row, first:last], low, high):
                used = _label(values[row], low, high, above, used, first, last, line, regions, components)
        above = line
    return used


@kernel
def _label(
    values: Array,
    low: int,
    high: int,
    above: Array,
    used: int,
    first: int,
    last: int,
    line: Array,
    regions: Array,
    components: Array,
) -> int:  # pragma: no cover - compiled
    """:func:`label_rows` for the columns ``first`` to ``last`` of one row, whose labels ``line`` come as zeros."""
    for col in range(first, last):
        if not low <= values[col] <= high:
            continue
        left = line[col - 1] if col > 0 else 0
        up = above[col]
        if left > 0:
            label = left
            # Where the pixel above is in one set with its left neighbour, they were joined one pixel ago.
            if up > 0 and up != left and up != above[col - 1]:
                _unite(regions, left, up)
                _unite(components, left, up)
        elif up > 0:
            label = up
        else:
            used += 1
            label = used
        # Diagonal neighbours matter only where nothing between them and this pixel joins them already.
        if up == 0 and left == 0 and col > 0 and above[col - 1] > 0:
            _unite(components, label, above[col - 1])
        if up == 0 and col + 1 < len(line) and above[col + 1] > 0:
            _unite(components, label, above[col + 1])
        line[col] = label
    return used


@kernel
def flatten(parents: Array) -> None:  # pragma: no cover - compiled
    """Point every label straight at its root; parents are never larger than their children."""
    for label in range(1, parents.shape[0]):
        parents[label] = parents[parents[label]]


@kernel
def _put(
    corners: Array, place: int, row: int, col: int, along_row: int, region: int
) -> int:  # pragma: no cover - compiled
    if place < corners.shape[0]:
        corners[place, ROW] = row
        corners[place, COL] = col
        corners[place, ALONG_ROW] = along_row
        corners[place, REGION] = region
    return place + 1


@kernel
def find_corners(labels: Array, above: Array, first_row: int, corners: Array) -> int:  # pragma: no cover - compiled
    """Find where outlines turn, on the lattice rows at the upper edges of the pixel rows of a strip.

    A rectilinear outline is its corners: straight edges, and with them the borders of strips, leave no trace.

    Args:
        labels: int32 (rows, width).
        above: int32 (width,), labels of the row above the first one.
        first_row: map row of ``labels[0]``.
        corners: int32 (n, CORNER_FIELDS), written in row-major order as far as it goes.

    Returns:
        How many corners there are.
    """
    width = labels.shape[1]
    place = 0
    for row in range(labels.shape[0]):
        line = labels[row]
        for first in range(0, width + 1, STEP):
            last = min(first + STEP, width + 1)
            # The pixels to the left of the first lattice point belong to it too.
            begin = max(0, first - 1)
            if has_label(line[begin:last]) or has_label(above[begin:last]):
                place = _corners(line, above, first_row + row, first, last, place, corners)
        above = line
    return place


@kernel
def _corners(
    line: Array, above: Array, row: int, first: int, last: int, place: int, corners: Array
) -> int:  # pragma: no cover - compiled
    """:func:`find_corners` for the points ``first`` to ``last`` of lattice row ``row``."""
    nw = above[first - 1] if first > 0 else 0
    sw = line[first - 1] if first > 0 else 0
    for col in range(first, last):
        ne = above[col] if col < len(line) else 0
        se = line[col] if col < len(line) else 0
        pattern = (nw > 0) + 2 * (ne > 0) + 4 * (sw > 0) + 8 * (se > 0)
        along_row = _ALONG_ROW[pattern]
        if pattern in (6, 9):
            place = _put(corners, place, row, col, along_row, max(nw, sw))
            place = _put(corners, place, row, col, along_row, max(ne, se))
        elif along_row >= 0:
            place = _put(corners, place, row, col, along_row, max(nw, ne, sw, se))
        nw, sw = ne, se
    return place
