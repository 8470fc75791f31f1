"""The loops that bring source pixels to the map: the compiled half of :mod:`landslip.runtime.geo.resampler`.

Sums are of float32, in the order of the taps. All loops over columns are free of branches, so that compilers turn them
into vector instructions: what is not valid is computed too, and struck out afterwards.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

Array = NDArray[Any]
Taps = tuple[NDArray[np.int32], NDArray[np.float32]]
"""Indices (taps, n) into a source window and weights (taps, n), for n pixels along an axis."""


def taps(places: NDArray[np.float64], radius: float, length: int, span: tuple[int, int]) -> Taps:
    """Filter taps along one axis.

    Args:
        places: (n,) where the pixels lie in the source.
        radius: half width of the triangle.
        length: pixels of the source.
        span: first pixel and number of pixels of the source window.

    Returns:
        indices and weights that sum to 1 over the taps inside the source; a pixel outside the source has none.
    """
    count = 2 * math.ceil(radius)
    first = np.floor(places - radius).astype(np.int64) + 1
    indices = first + np.arange(count)[:, None]
    weights = np.maximum(0.0, 1.0 - np.abs(indices - places) / radius)
    outside = (places < -0.5) | (places >= length - 0.5)
    weights[(indices < 0) | (indices >= length) | outside] = 0.0
    total = weights.sum(axis=0)
    np.divide(weights, total, out=weights, where=total > 0)
    # A tap without weight may lie outside the window that was read; any pixel inside will do for it.
    return np.clip(indices - span[0], 0, span[1] - 1).astype(np.int32), weights.astype(np.float32)


@kernel
def pick_nearest(
    values: Any, valid: Any, rows: Any, cols: Any, place: Any, limits: Any, out: Any, out_valid: Any
) -> None:  # pragma: no cover - compiled
    """The source pixel each map pixel lies in; ``out`` and ``out_valid`` come as zeros.

    Args:
        values: (bands, rows, cols) of the source window.
        valid: (rows, cols) which of them are valid.
        rows: source row of each map pixel: (h, 1) or (h, w).
        cols: source column likewise: (1, w) or (h, w).
        place: first row and column of the source window.
        limits: rows and columns of the source.
        out: (bands, h, w), written.
        out_valid: (h, w) bool, written.
    """
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            row = rows[i, 0] if rows.shape[1] == 1 else rows[i, j]
            col = cols[0, j] if cols.shape[0] == 1 else cols[i, j]
            if not (-0.5 <= row < limits[0] - 0.5 and -0.5 <= col < limits[1] - 0.5):
                continue
            y = math.floor(row + 0.5) - place[0]
            x = math.floor(col + 0.5) - place[1]
            out_valid[i, j] = valid[y, x]
            if valid[y, x]:
                for band in range(out.shape[0]):
                    out[band, i, j] = values[band, y, x]


@kernel
def mix_separable(
    values: Array, valid: Array, down: Taps, across: Taps, whole: bool, out: Array, out_valid: Array
) -> None:  # pragma: no cover - compiled
    """Weighted means of source pixels, with weights that are products of one along rows and one along columns.

    Args:
        values: (bands, rows, cols) of the source window.
        valid: (rows, cols) which of them are valid.
        down: taps of the map rows.
        across: taps of the map columns.
        whole: round half up, to whole numbers.
        out: (bands, h, w) in the type of ``values``, written; 0 where not valid.
        out_valid: (h, w) bool, written: every tap with a weight is valid.
    """
    row_index, row_weight = down
    half = np.float32(0.5) if whole else np.float32(0.0)
    line = np.empty(values.shape[2], dtype=np.float32)
    valid_columns = np.empty(values.shape[2], dtype=np.bool_)
    total = np.empty(out.shape[2], dtype=np.float32)
    inside = np.empty(out.shape[2], dtype=np.bool_)
    _reached(across, inside)
    for i in range(out.shape[1]):
        out_valid[i] = inside
        if not _valid_columns(valid, row_index[:, i], row_weight[:, i], valid_columns):
            _valid_pixels(valid_columns, across, out_valid[i])
        for band in range(out.shape[0]):
            _mix_rows(values[band], row_index[:, i], row_weight[:, i], line)
            _mix_columns(line, across, half, total)
            _put(total, whole, out_valid[i], out[band, i])


@kernel
def _valid_columns(
    valid: Array, index: Array, weight: Array, valid_columns: Array
) -> bool:  # pragma: no cover - compiled
    """Find the columns that are valid in every row with a weight; whether there is such a row, and all columns are."""
    inside = complete = False
    valid_columns[:] = True
    for t in range(len(index)):
        if weight[t] > 0.0:
            inside = complete = True
            row = valid[index[t]]
            for x in range(len(valid_columns)):
                valid_columns[x] &= row[x]
    for x in range(len(valid_columns)):
        valid_columns[x] &= inside
        complete &= valid_columns[x]
    return complete


@kernel
def _valid_pixels(valid_columns: Array, across: Taps, out_valid: Array) -> None:  # pragma: no cover - compiled
    """Strike out the map pixels that have a column under their weights that is not valid."""
    index, weight = across
    for t in range(len(index)):
        for j in range(len(out_valid)):
            out_valid[j] &= valid_columns[index[t, j]] | (weight[t, j] <= 0.0)


@kernel
def _reached(across: Taps, inside: Array) -> None:  # pragma: no cover - compiled
    """Mask of the map pixels that have a weight at all."""
    _, weight = across
    inside[:] = False
    for t in range(len(weight)):
        for j in range(len(inside)):
            inside[j] |= weight[t, j] > 0.0


@kernel
def _mix_rows(values: Array, index: Array, weight: Array, line: Array) -> None:  # pragma: no cover - compiled
    line[:] = np.float32(0.0)
    for t in range(len(index)):
        share = weight[t]
        if share > 0.0:
            row = values[index[t]]
            for x in range(len(line)):
                line[x] += share * np.float32(row[x])


@kernel
def _mix_columns(line: Array, across: Taps, start: Any, total: Array) -> None:  # pragma: no cover - compiled
    index, weight = across
    total[:] = start
    for t in range(len(index)):
        for j in range(len(total)):
            total[j] += weight[t, j] * line[index[t, j]]


@kernel
def _put(total: Array, whole: bool, out_valid: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Put valid numbers into an array of any type; whole numbers are rounded down."""
    if whole:
        for j in range(len(total)):
            below = np.int64(total[j])  # towards zero
            out[j] = below - (total[j] < below) if out_valid[j] else 0
    else:
        for j in range(len(total)):
            out[j] = total[j] if out_valid[j] else 0


@kernel
def mix_scattered(
    values: Any,
    valid: Any,
    rows: Any,
    cols: Any,
    place: Any,
    limits: Any,
    radius: Any,
    whole: bool,
    out: Any,
    out_valid: Any,
) -> None:  # pragma: no cover - compiled
    """Weighted means of source pixels where each map pixel has its place; ``out`` and ``out_valid`` come as zeros.

    Args:
        values: (bands, rows, cols) of the source window, contiguous.
        valid: (rows, cols) which of them are valid, contiguous.
        rows: (h, w) source row of each map pixel.
        cols: (h, w) source column.
        place: first row and column of the source window.
        limits: rows and columns of the source.
        radius: half width of the triangle, along rows and columns.
        whole: round half up, to whole numbers.
        out: (bands, h, w) in the type of ``values``, written; 0 where not valid.
        out_valid: (h, w) bool, written: every source pixel with a weight is valid.
    """
    half = np.float32(0.5) if whole else np.float32(0.0)
    bands, height, width = out.shape
    stride = values.shape[2]
    totals, line = np.empty(bands, dtype=np.float32), np.empty(width, dtype=np.float32)
    corner, well = np.empty(width, dtype=np.int64), np.zeros(width, dtype=np.bool_)
    down, across = np.empty(width, dtype=np.float32), np.empty(width, dtype=np.float32)
    flat, flat_valid = values.reshape(bands, -1), valid.reshape(-1)
    fine = radius[0] == 1.0 == radius[1]
    for i in range(height):
        if fine and _places(rows[i], cols[i], place, limits, stride, corner, down, across, well):
            _valid_of_four(flat_valid, stride, corner, down, across, out_valid[i])
            for band in range(bands):
                _mix_four(flat[band], stride, corner, down, across, half, line)
                _put(line, whole, out_valid[i], out[band, i])
        for j in range(width):
            # One by one, so that what comes out for a pixel does not depend on those beside it.
            if not well[j]:
                at = rows[i, j], cols[i, j]
                inside = -0.5 <= at[0] < limits[0] - 0.5 and -0.5 <= at[1] < limits[1] - 0.5
                out_valid[i, j] = inside and _mix_many(values, valid, at, place, limits, radius, totals)
                for band in range(bands):
                    total = totals[band] + half if out_valid[i, j] else np.float32(0.0)
                    out[band, i, j] = math.floor(total) if whole else total


@kernel
def _places(
    rows: Array,
    cols: Array,
    place: Any,
    limits: Any,
    stride: int,
    corner: Array,
    down: Array,
    across: Array,
    well: Array,
) -> bool:  # pragma: no cover - compiled
    """Find the four pixels around each place, where they are well inside the raster; tell whether any are.

    Args:
        rows: (w,) source rows.
        cols: (w,) source columns.
        place: first row and column of the source window.
        limits: rows and columns of the source.
        stride: columns of the source window.
        corner: (w,) int64, written: the first of the four, in the window laid out as one line.
        down: (w,) float32, written: how far the place lies below it, in pixels.
        across: (w,) float32, written: how far to the right.
        well: (w,) bool, written: which are inside; the others are sent to the corner of the window.
    """
    some = False
    for j in range(len(well)):
        inside = (rows[j] >= 1.0) & (rows[j] < limits[0] - 2.0) & (cols[j] >= 1.0) & (cols[j] < limits[1] - 2.0)
        well[j] = inside
        some |= inside
    if not some:
        return False
    for j in range(len(well)):
        row, col = (rows[j], cols[j]) if well[j] else (np.float64(place[0]), np.float64(place[1]))
        top, left = np.int64(row), np.int64(col)
        corner[j] = (top - place[0]) * stride + (left - place[1])
        down[j] = row - top
        across[j] = col - left
    return True


@kernel
def _valid_of_four(
    valid: Array, stride: int, corner: Array, down: Array, across: Array, out_valid: Array
) -> None:  # pragma: no cover - compiled
    """Tell whether all of the four that have a weight are valid."""
    zero = np.float32(0.0)
    for j in range(len(corner)):
        k, single, level = corner[j], across[j] == zero, down[j] == zero
        above = valid[k] & (valid[k + 1] | single)
        out_valid[j] = above & (level | (valid[k + stride] & (valid[k + stride + 1] | single)))


@kernel
def _mix_four(
    values: Array, stride: int, corner: Array, down: Array, across: Array, half: Any, line: Array
) -> None:  # pragma: no cover - compiled
    one = np.float32(1.0)
    for j in range(len(corner)):
        k, low, right = corner[j], down[j], across[j]
        above = (one - right) * np.float32(values[k]) + right * np.float32(values[k + 1])
        under = (one - right) * np.float32(values[k + stride]) + right * np.float32(values[k + stride + 1])
        line[j] = (one - low) * above + low * under + half


@kernel
def _mix_many(
    values: Array, valid: Array, at: Any, place: Any, limits: Any, radius: Any, totals: Array
) -> bool:  # pragma: no cover - compiled
    """The mean of all pixels under the triangle around ``at``, as far as the source goes; whether all are valid."""
    top, left = math.floor(at[0] - radius[0]) + 1, math.floor(at[1] - radius[1]) + 1
    good: Any = True
    weights = np.float32(0.0)
    totals[:] = 0.0
    for m in range(top, top + 2 * math.ceil(radius[0])):
        along = max(0.0, 1.0 - abs(m - at[0]) / radius[0])
        if along == 0.0 or m < 0 or m >= limits[0]:
            continue
        y = m - place[0]
        for n in range(left, left + 2 * math.ceil(radius[1])):
            weight = np.float32(along * max(0.0, 1.0 - abs(n - at[1]) / radius[1]))
            if weight == 0.0 or n < 0 or n >= limits[1]:
                continue
            x = n - place[1]
            good &= valid[y, x]
            weights += weight
            for band in range(len(totals)):
                totals[band] += weight * np.float32(values[band, y, x])
    for band in range(len(totals)):
        totals[band] /= weights
    return bool(good)


@kernel
def between_nodes(nodes: Array, row_off: int, col_off: int, node: int, out: Array) -> None:  # pragma: no cover
    """Bilinear interpolation at pixel centres of values known at every ``node``-th pixel corner.

    Args:
        nodes: (rows, cols) float64.
        row_off: pixels from the first row of nodes to the first pixel.
        col_off: pixels from the first column of nodes to the first pixel.
        node: pixels between nodes.
        out: (h, w) float64, written.
    """
    along = np.empty(nodes.shape[1], dtype=np.float64)
    left = np.empty(out.shape[1], dtype=np.int32)
    across = np.empty(out.shape[1], dtype=np.float64)
    for j in range(len(left)):
        place = (j + col_off + 0.5) / node
        left[j] = np.int32(place)
        across[j] = place - left[j]
    for i in range(out.shape[0]):
        place = (i + row_off + 0.5) / node
        top = math.floor(place)
        down = place - top
        for k in range(len(along)):
            along[k] = nodes[top, k] * (1.0 - down) + nodes[top + 1, k] * down
        line = out[i]
        for j in range(len(line)):
            line[j] = along[left[j]] * (1.0 - across[j]) + along[left[j] + 1] * across[j]


@kernel
def extent(places: Array, length: int) -> tuple[float, float]:  # pragma: no cover - compiled
    """The least and the largest of the places (h, w) that lie in a source of ``length`` pixels; inf, -inf for none."""
    least, most = np.inf, -np.inf
    for i in range(places.shape[0]):
        line = places[i]
        for j in range(len(line)):
            inside = (line[j] >= -0.5) & (line[j] < length - 0.5)
            least = min(least, line[j] if inside else np.inf)
            most = max(most, line[j] if inside else -np.inf)
    return least, most
