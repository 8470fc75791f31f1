"""The loops that run once per pixel, compiled by numba.

All release the GIL, write into arrays their callers own and run on the calling thread: the stages of the pipeline are
what runs side by side. (Parallel numba loops started from several threads at once abort the process on numba's portable
"workqueue" layer, the only one on some boards.) Each works on a range of rows of its own and adds in a fixed order, so
that splitting the work cannot change a bit of the result. Plain numpy twins are in ``tests/helpers/oracles.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED

Array = NDArray[Any]


@kernel
def reflected(index: int, length: int) -> int:  # pragma: no cover - compiled
    """:func:`landslip.runtime.tiling.tile_grid.reflect`, compiled."""
    if 0 <= index < length:
        return index
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index %= period
    return index if index < length else period - index


@kernel
def copy_line(values: Array, out: Array) -> None:  # pragma: no cover - compiled
    """Copy (n,) to (n,). Indices that plainly are not negative make this one block move, seven times as fast."""
    for j in range(len(out)):
        out[j] = values[j]


@kernel
def gather_tile(ring: Array, row: int, col: int, length: int, out: Array) -> None:  # pragma: no cover - compiled
    """Cut one tile out of the map rows that are at hand, reflecting what lies outside the map.

    Args:
        ring: (bands, depth, width), map row ``r`` at ``r % depth``.
        row: map row where the tile starts; may be negative.
        col: map column where the tile starts; may be negative.
        length: number of rows of the whole map.
        out: (bands, tile, tile), written.
    """
    depth, width = ring.shape[1:]
    tile = out.shape[2]
    inside, whole = col >= 0 and col + tile <= width, row >= 0 and row + tile <= length
    place = row % depth
    for i in range(tile):
        if not whole:
            place = reflected(row + i, length) % depth
        for band in range(out.shape[0]):
            line = ring[band, place]
            if inside:
                copy_line(line[col : col + tile], out[band, i])
            else:
                for j in range(tile):
                    out[band, i, j] = line[reflected(col + j, width)]
        # A division for each row would take longer than to copy it.
        place = place + 1 if place + 1 < depth else 0


@kernel
def gather_tiles(ring: Array, row: int, cols: Array, length: int, out: Array) -> None:  # pragma: no cover - compiled
    """Cut several tiles of a row in one call, as every call waits for the GIL at its end; see :func:`gather_tile`.

    Args:
        ring: (bands, depth, width), map row ``r`` at ``r % depth``.
        row: map row where the tiles start; may be negative.
        cols: (n,) map columns where they start; may be negative.
        length: number of rows of the whole map.
        out: (n, bands, tile, tile), written.
    """
    for place in range(len(cols)):
        gather_tile(ring, row, cols[place], length, out[place])


@kernel
def count_valid(ring: Array, row: int, col: int, tile: int, length: int) -> int:  # pragma: no cover - compiled
    """Number of set pixels in a tile, as far as it lies on the map.

    Args:
        ring: (depth, width) bool, map row ``r`` at ``r % depth``.
        row: map row where the tile starts; may be negative.
        col: map column where the tile starts; may be negative.
        tile: edge of the tile.
        length: number of rows of the whole map.
    """
    total = 0
    first, last = max(0, col), min(ring.shape[1], col + tile)
    for i in range(max(0, row), min(length, row + tile)):
        line = ring[i % ring.shape[0]]
        for j in range(first, last):
            total += line[j]
    return total


@kernel
def count_valid_of_row(
    ring: Array, row: int, cols: Array, tile: int, length: int, out: Array
) -> None:  # pragma: no cover - compiled
    """Number of set pixels in each tile of a row; see :func:`count_valid`.

    Args:
        ring: (depth, width) bool, map row ``r`` at ``r % depth``.
        row: map row where the tiles start; may be negative.
        cols: (n,) map columns where they start; may be negative.
        tile: edge of the tiles.
        length: number of rows of the whole map.
        out: (n,) int64, written.
    """
    for place in range(len(cols)):
        out[place] = count_valid(ring, row, cols[place], tile, length)


@kernel
def add_tile(
    tile: Array, row: int, col: int, down: Array, across: Array, length: int, sums: Array
) -> bool:  # pragma: no cover - compiled
    """Add a weighted tile to the sums of map rows: ``sums[y, x] += down[y] across[x] tile[y, x]``.

    With weights that are normalised per axis (:func:`landslip.runtime.tiling.stitch.normalised`) the sum over all
    tiles is their weighted mean. Nothing is added of a tile that holds a value that is no confidence.

    Args:
        tile: (T, T) float32.
        row: map row where the tile starts; may be negative.
        col: map column where the tile starts; may be negative.
        down: (T,) weights along its rows.
        across: (T,) weights along its columns.
        length: number of rows of the whole map.
        sums: (depth, width) float32, map row ``r`` at ``r % depth``; updated.

    Returns:
        Whether all values are numbers from 0 to 1.
    """
    size = tile.shape[0]
    good = True
    for i in range(size):
        values = tile[i]
        for j in range(len(values)):
            # Written so that NaN fails; a hair above 1 is what fp16 sigmoids may give.
            good &= (values[j] >= np.float32(-1e-3)) & (values[j] <= np.float32(1.001))
    if not good:
        return False
    low, high = max(0, -col), min(size, sums.shape[1] - col)
    for i in range(max(0, -row), min(size, length - row)):
        if down[i] > 0.0:
            line = sums[(row + i) % sums.shape[0], col + low : col + high]
            _add_weighted(down[i], across[low:high], tile[i, low:high], line)
    return True


@kernel
def _add_weighted(along: float, weights: Array, values: Array, line: Array) -> None:  # pragma: no cover - compiled
    for j in range(len(line)):
        line[j] += along * weights[j] * values[j]


@kernel
def strike_out(
    row: int, col: int, down: Array, across: Array, length: int, sums: Array
) -> None:  # pragma: no cover - compiled
    """Make NaN what a tile would have contributed to; see :func:`add_tile`."""
    size = len(down)
    low, high = max(0, -col), min(size, sums.shape[1] - col)
    for i in range(max(0, -row), min(size, length - row)):
        if down[i] > 0.0:
            line, weights = sums[(row + i) % sums.shape[0], col + low : col + high], across[low:high]
            for j in range(len(line)):
                if weights[j] > 0.0:
                    line[j] = np.nan


@kernel
def to_percent(sums: Array, first: int, valid: Array, slack: float, out: Array) -> None:  # pragma: no cover - compiled
    """Confidence 0..1 to whole percent, truncated as published, 255 where invalid or not a number.

    Truncation keeps the decision: a pixel reaches 50 exactly when its confidence reaches 0.5.

    Args:
        sums: (depth, width) float32, map row ``r`` at ``r % depth``.
        first: map row of ``out[0]``.
        valid: (rows, width) bool.
        slack: added to the percentage first, so that rounding in a blend does not turn 70 into 69.
        out: (rows, width) uint8, written.
    """
    hundred = np.float32(100.0)
    nudge = np.float32(slack)
    for i in range(out.shape[0]):
        values, valid_row, line = sums[(first + i) % sums.shape[0]], valid[i], out[i]
        for j in range(len(line)):
            value = values[j] * hundred + nudge
            observed = valid_row[j] & (value == value)  # noqa: PLR0124 - not NaN
            line[j] = np.int32(min(max(value, np.float32(0.0)), hundred)) if observed else NOT_OBSERVED


@kernel
def join_classes(
    sums: Array, first: int, is_landslide: Array, confidence: Array, classes: Array
) -> None:  # pragma: no cover - compiled
    """Blended confidences of classes to that of landslide, and to the class that has most; of equals the first.

    Args:
        sums: (classes, depth, width) float32, map row ``r`` at ``r % depth``.
        first: map row of ``confidence[0]``.
        is_landslide: (classes,) bool, which of them mean landslide: their confidences are added in this order.
        confidence: (rows, width) float32, written; NaN where the sums are.
        classes: (rows, width) uint8, written: index of the class, of no meaning where the sums are NaN.
    """
    for i in range(confidence.shape[0]):
        place, line, found = (first + i) % sums.shape[1], confidence[i], classes[i]
        for j in range(len(line)):
            total, most, best = np.float32(0.0), sums[0, place, j], 0
            for k in range(sums.shape[0]):
                value = sums[k, place, j]
                if is_landslide[k]:
                    total += value
                if value > most:
                    most, best = value, k
            line[j], found[j] = total, best
