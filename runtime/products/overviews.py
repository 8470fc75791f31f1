"""Overviews of a map, each of half the size of what lies below it, made of rows as they come from the top down.

A pixel of an overview shows the pixels below it: two by two of them. Where the map below has an odd number of rows or
columns, the last of them counts as well: then three pixels lie below each one, the outer two of them in part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.products.confidence_tif import BLOCK

Array = NDArray[Any]

Reduction = Callable[[Array, int, int, int, Array], None]
"""Function of :func:`mean_rows`'s kind."""

STEP = 64
"""Columns that are searched together for what is not observed: most of a map has none, and is fast there."""


def overview_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Rows and columns of the overviews of a map, the largest first, until one fits into a block of the file.

    They are those of GDAL's COG driver: each has half the rows and columns of the one below, rounded down, at least 1.
    """
    sizes: list[tuple[int, int]] = []
    while max(height, width) > BLOCK:
        height, width = max(1, height // 2), max(1, width // 2)
        sizes.append((height, width))
    return sizes


class Halving:
    """Rows of an overview, made of the rows below it. Only rows of which not all is known yet are kept."""

    def __init__(self, height: int, width: int, reduction: Reduction) -> None:
        """Begin at the top.

        Args:
            height: rows of the whole map below.
            width: columns of it.
            reduction: fills rows of the overview: :func:`mean_rows` or :func:`mode_rows`.
        """
        self._height, self._width, self._reduction = height, max(1, width // 2), reduction
        self._held = np.empty((0, width), dtype=np.uint8)
        self._made = 0

    def take(self, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Take the next rows (rows, width) of the map below; gives the rows of the overview that they make final."""
        top = 2 * self._made
        held = np.concatenate([self._held, rows])
        stop = self._final(top + len(held))
        made = np.empty((stop - self._made, self._width), dtype=np.uint8)
        self._reduction(held, top, self._height, self._made, made)
        self._held, self._made = held[2 * stop - top :].copy(), stop
        return made

    def _final(self, rows: int) -> int:
        """Rows of the overview that the first ``rows`` rows below it make final."""
        return min(rows, 1) if self._height == 1 else max(0, rows - self._height % 2) // 2


@kernel
def mean_rows(finer: Array, top: int, height: int, first: int, out: Array) -> None:  # pragma: no cover - compiled
    """Fill rows of an overview with the mean of what is observed below each pixel, halves rounded up.

    Pixels count by the share of them that lies below, as GDAL's ``average`` has it.

    Args:
        finer: uint8 (rows, width), rows of the map below; 255 = not observed.
        top: row of the first of them.
        height: rows of that whole map.
        first: row of the overview that ``out`` begins with.
        out: uint8 (rows, half the width), written; 255 where nothing below is observed.
    """
    by_two = height % 2 == 0 and finer.shape[1] % 2 == 0
    for index in range(len(out)):
        row = first + index
        place = 2 * row - top
        if not by_two:
            _weighted_means(finer, place, _weights(height, row), out[index])
            continue
        upper, lower, line = finer[place], finer[place + 1], out[index]
        for start in range(0, len(line), STEP):
            stop = min(start + STEP, len(line))
            if _is_observed(upper[2 * start : 2 * stop]) and _is_observed(lower[2 * start : 2 * stop]):
                _means_of_four(upper[2 * start : 2 * stop], lower[2 * start : 2 * stop], line[start:stop])
            else:
                _observed_means(upper[2 * start : 2 * stop], lower[2 * start : 2 * stop], line[start:stop])


@kernel
def mode_rows(finer: Array, top: int, height: int, first: int, out: Array) -> None:  # pragma: no cover - compiled
    """Fill rows of an overview with the value that most observed pixels below have, as GDAL's ``mode`` has it.

    Of several it is the one that comes first to its number, row by row.

    Args:
        finer: uint8 (rows, width), rows of the map below; 255 = not observed.
        top: row of the first of them.
        height: rows of that whole map.
        first: row of the overview that ``out`` begins with.
        out: uint8 (rows, half the width), written; 255 where nothing below is observed.
    """
    width = finer.shape[1]
    high, wide = _reach(height), _reach(width)
    for index in range(len(out)):
        place = 2 * (first + index) - top
        for col in range(out.shape[1]):
            out[index, col] = _mode(finer[place : place + high, 2 * col : 2 * col + wide])


@kernel
def _is_observed(values: Array) -> bool:  # pragma: no cover - compiled
    found = True
    for col in range(len(values)):
        found &= values[col] != NOT_OBSERVED
    return found


@kernel
def _means_of_four(upper: Array, lower: Array, out: Array) -> None:  # pragma: no cover - compiled
    for col in range(len(out)):
        total = np.uint16(upper[2 * col]) + np.uint16(upper[2 * col + 1])
        total += np.uint16(lower[2 * col]) + np.uint16(lower[2 * col + 1])
        out[col] = (total + 2) >> 2


@kernel
def _observed_means(upper: Array, lower: Array, out: Array) -> None:  # pragma: no cover - compiled
    for col in range(len(out)):
        total, count = 0, 0
        for value in (upper[2 * col], upper[2 * col + 1], lower[2 * col], lower[2 * col + 1]):
            if value != NOT_OBSERVED:
                total += value
                count += 1
        out[col] = (2 * total + count) // (2 * count) if count else NOT_OBSERVED


@kernel
def _weighted_means(
    finer: Array, place: int, of_rows: tuple[int, int, int], out: Array
) -> None:  # pragma: no cover - compiled
    last_row, last_col = finer.shape[0] - 1, finer.shape[1] - 1
    for col in range(len(out)):
        of_cols = _weights(finer.shape[1], col)
        total, weight = 0, 0
        for i in range(3):
            line = finer[min(place + i, last_row)]
            for j in range(3):
                value = line[min(2 * col + j, last_col)]
                if value != NOT_OBSERVED:
                    total += of_rows[i] * of_cols[j] * value
                    weight += of_rows[i] * of_cols[j]
        out[col] = (2 * total + weight) // (2 * weight) if weight else NOT_OBSERVED


@kernel
def _weights(size: int, place: int) -> tuple[int, int, int]:  # pragma: no cover - compiled
    """Weights, in whole numbers, of the three pixels from ``2 * place`` on along an axis of ``size`` pixels."""
    half = size // 2
    if size == 1:
        return 1, 0, 0
    if size % 2 == 0:
        return 1, 1, 0
    return half - place, half, place + 1


@kernel
def _reach(size: int) -> int:  # pragma: no cover - compiled
    """Pixels that lie below one of the overview, whole or in part, along an axis of ``size`` pixels."""
    return min(size, 2 + size % 2)


@kernel
def _mode(values: Array) -> int:  # pragma: no cover - compiled
    most, found = 0, NOT_OBSERVED
    high, wide = values.shape
    for place in range(high * wide):
        value = values[place // wide, place % wide]
        if value == NOT_OBSERVED:
            continue
        count = 1
        for before in range(place):
            count += values[before // wide, before % wide] == value
        if count > most:
            most, found = count, value
    return int(found)
