"""Tallies of connected components: what is counted while their pixels pass, in integers.

Integers come out the same in whatever order pixels arrive, so no figure depends on how a map is cut into strips.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.products.labels import STEP, has_label

Array = NDArray[Any]

(
    PIXELS, ROW_SUM, COL_SUM, VALUE_SUM, SLOPE_PIXELS, SLOPE_SUM, EAST_SUM, NORTH_SUM,
    VALUE_MAX, LAST_ROW, EDGE,
    HEIGHTS, LOW, LOW_ROW, LOW_COL, HIGH, HIGH_ROW, HIGH_COL, TALLIES,
) = range(19)  # fmt: skip
"""Columns of a tally, and their number: sums, then maxima, then the lowest and the highest pixel.

HEIGHTS counts the pixels whose elevation is known; LOW and HIGH mean nothing where that is none. HIGH is the negative
of the highest elevation, so that both are least values. In maps of several classes a column of pixels of each follows.
"""

UNIT = 1 << 20
"""Slopes (degrees), elevations (metres) and rises (metres per metre) are counted as integers in this fraction."""

_STEEPEST_RISE = 8192.0
"""Metres per metre: sums of as many pixels as a map may have stay within 64 bits."""

_FARTHEST = 1e6
"""Metres above or below zero: more is no elevation."""


@kernel
def tally_pixels(values: Array, labels: Array, first_row: int, tallies: Array) -> None:  # pragma: no cover
    """Add the pixels of a strip to the tallies of their labels.

    Args:
        values: uint8 (rows, width), confidences of landslides.
        labels: int32 (rows, width).
        first_row: map row of ``labels[0]``.
        tallies: int64 (labels, TALLIES), updated.
    """
    for row in range(labels.shape[0]):
        for first in range(0, labels.shape[1], STEP):
            line = labels[row, first : first + STEP]
            if not has_label(line):
                continue
            col = 0
            while col < len(line):
                label, begin, total, most = line[col], col, np.int64(0), np.int64(0)
                while col < len(line) and line[col] == label:
                    value = np.int64(values[row, first + col])
                    total, most, col = total + value, max(most, value), col + 1
                if label > 0:
                    _tally_run(tallies[label], first_row + row, first + begin, first + col, total, most)


@kernel
def _tally_run(
    tally: Array, row: int, first_col: int, end_col: int, total: np.int64, most: np.int64
) -> None:  # pragma: no cover - compiled
    """Add neighbours along a row, with the sum of their values and the greatest one."""
    pixels = end_col - first_col
    tally[PIXELS] += pixels
    tally[ROW_SUM] += row * pixels
    tally[COL_SUM] += (first_col + end_col - 1) * pixels // 2
    tally[VALUE_SUM] += total
    tally[VALUE_MAX] = max(tally[VALUE_MAX], most)
    tally[LAST_ROW] = row


@kernel
def tally_edge(
    confidence: Array, labels: Array, confidence_above: Array, labels_above: Array, tallies: Array
) -> None:  # pragma: no cover - compiled
    """Mark the labels that touch what is not observed, or the left or right border of the map, even at a corner.

    Args:
        confidence: uint8 (rows, width).
        labels: int32 (rows, width).
        confidence_above: uint8 (width,), of the row above the first one; all not observed where the map begins.
        labels_above: int32 (width,), likewise.
        tallies: int64 (labels, TALLIES), EDGE is set to 1.
    """
    width = labels.shape[1]
    for row in range(labels.shape[0]):
        line, values = labels[row], confidence[row]
        for first in range(0, width, STEP):
            last = min(first + STEP, width)
            if not (has_label(line[first:last]) or has_label(labels_above[first:last])):
                continue
            for col in range(first, last):
                if line[col] == 0 and labels_above[col] == 0:
                    continue
                at_edge = col == 0 or col == width - 1
                for near in range(max(col - 1, 0), min(col + 2, width)):
                    at_edge |= values[near] == NOT_OBSERVED or confidence_above[near] == NOT_OBSERVED
                if at_edge:
                    tallies[line[col], EDGE] = 1
                    tallies[labels_above[col], EDGE] = 1
        labels_above, confidence_above = line, values
    tallies[0, EDGE] = 0


@kernel
def tally_slope(slope: Array, labels: Array, first_col: int, tallies: Array) -> None:  # pragma: no cover - compiled
    """Add slopes to the tallies of their labels; what is not within 0..90 degrees counts as unknown.

    Args:
        slope: float32 (rows, cols), degrees, of some columns of a strip.
        labels: int32 (rows, width), of the strip.
        first_col: map column of ``slope[:, 0]``.
        tallies: int64 (labels, TALLIES), updated.
    """
    for row in range(slope.shape[0]):
        for col in range(slope.shape[1]):
            label, degrees = labels[row, first_col + col], slope[row, col]
            if label > 0 and 0.0 <= degrees <= 90.0:
                tallies[label, SLOPE_SUM] += np.int64(np.floor(np.float64(degrees) * UNIT + 0.5))
                tallies[label, SLOPE_PIXELS] += 1


@kernel
def tally_rise(
    east: Array, north: Array, labels: Array, first_col: int, tallies: Array
) -> None:  # pragma: no cover - compiled
    """Add rises towards the east and north to the tallies of their labels; what is no number counts as unknown.

    Args:
        east: float32 (rows, cols), metres per metre, of some columns of a strip.
        north: float32 (rows, cols), likewise.
        labels: int32 (rows, width), of the strip.
        first_col: map column of ``east[:, 0]``.
        tallies: int64 (labels, TALLIES), updated.
    """
    for row in range(east.shape[0]):
        for col in range(east.shape[1]):
            label, x, y = labels[row, first_col + col], np.float64(east[row, col]), np.float64(north[row, col])
            if label > 0 and abs(x) <= _STEEPEST_RISE and abs(y) <= _STEEPEST_RISE:
                tallies[label, EAST_SUM] += np.int64(np.floor(x * UNIT + 0.5))
                tallies[label, NORTH_SUM] += np.int64(np.floor(y * UNIT + 0.5))


@kernel
def tally_classes(classes: Array, labels: Array, tallies: Array) -> None:  # pragma: no cover - compiled
    """Count the pixels of each class in the tallies of their labels.

    Args:
        classes: uint8 (rows, width), index of the class; what is beyond the classes counts nowhere.
        labels: int32 (rows, width).
        tallies: int64 (labels, TALLIES + number of classes), updated.
    """
    count = tallies.shape[1] - TALLIES
    for row in range(labels.shape[0]):
        for first in range(0, labels.shape[1], STEP):
            line = labels[row, first : first + STEP]
            if not has_label(line):
                continue
            for col in range(len(line)):
                found = classes[row, first + col]
                if line[col] > 0 and found < count:
                    tallies[line[col], TALLIES + found] += 1


@kernel
def tally_elevation(
    elevation: Array, labels: Array, first_row: int, first_col: int, tallies: Array
) -> None:  # pragma: no cover - compiled
    """Keep the lowest and the highest pixel of each label, of equal ones the first in row-major order.

    Args:
        elevation: float32 (rows, cols), metres, of some columns of a strip; what is no number counts as unknown.
        labels: int32 (rows, width), of the strip.
        first_row: map row of ``labels[0]``.
        first_col: map column of ``elevation[:, 0]``.
        tallies: int64 (labels, TALLIES), updated.
    """
    for row in range(elevation.shape[0]):
        for col in range(elevation.shape[1]):
            label, metres = labels[row, first_col + col], np.float64(elevation[row, col])
            if label > 0 and abs(metres) <= _FARTHEST:
                height, tally = int(np.floor(metres * UNIT + 0.5)), tallies[label]
                _keep_least(tally, LOW, height, first_row + row, first_col + col)
                _keep_least(tally, HIGH, -height, first_row + row, first_col + col)
                tally[HEIGHTS] += 1


@kernel
def _keep_least(tally: Array, field: int, value: int, row: int, col: int) -> None:  # pragma: no cover - compiled
    """Put a pixel into a tally's fields for one where it is less than what is there, or as much and comes first."""
    least, before = tally[field], row < tally[field + 1] or (row == tally[field + 1] and col < tally[field + 2])
    if tally[HEIGHTS] == 0 or value < least or (value == least and before):
        tally[field], tally[field + 1], tally[field + 2] = value, row, col


@kernel
def fold(tallies: Array, components: Array) -> None:  # pragma: no cover - compiled
    """Move every label's tally to the root of its component.

    Args:
        tallies: int64 (labels, TALLIES and more), updated.
        components: (labels,) roots, as :func:`landslip.runtime.products.labels.flatten` leaves them.
    """
    for label in range(1, components.shape[0]):
        root = components[label]
        if root != label:
            tally = tallies[label]
            if tally[HEIGHTS] > 0:
                for field in (LOW, HIGH):
                    _keep_least(tallies[root], field, tally[field], tally[field + 1], tally[field + 2])
                tallies[root, HEIGHTS] += tally[HEIGHTS]
            for field in range(VALUE_MAX):
                tallies[root, field] += tally[field]
            for field in range(VALUE_MAX, HEIGHTS):
                tallies[root, field] = max(tallies[root, field], tally[field])
            for field in range(TALLIES, tallies.shape[1]):
                tallies[root, field] += tally[field]
            tally[:] = 0
