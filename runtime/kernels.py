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

from landslip.runtime.jit import kernel

NOT_OBSERVED = 255
"""Value of a map pixel of which nothing is known."""

Array = NDArray[Any]


@kernel
def reflected(index: int, length: int) -> int:  # pragma: no cover - compiled
    """:func:`landslip.runtime.grid.reflect`, compiled."""
    if 0 <= index < length:
        return index
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index %= period
    return index if index < length else period - index


@kernel
def gather_tile(source: Array, first_row: int, row: int, col: int, length: int, out: Array) -> None:  # pragma: no cover
    """Cut one tile out of a band of map rows, reflecting what lies outside the map.

    Args:
        source: (bands, rows, width) map rows ``first_row`` and following.
        first_row: map row of ``source[:, 0]``.
        row: map row where the tile starts; may be negative.
        col: map column where the tile starts; may be negative.
        length: number of rows of the whole map.
        out: (bands, tile, tile), written.
    """
    width = source.shape[2]
    tile = out.shape[2]
    inside = col >= 0 and col + tile <= width
    for band in range(out.shape[0]):
        for i in range(tile):
            line = source[band, reflected(row + i, length) - first_row]
            if inside:
                for j in range(tile):
                    out[band, i, j] = line[col + j]
            else:
                for j in range(tile):
                    out[band, i, j] = line[reflected(col + j, width)]


@kernel
def count_valid(valid: Array, row: int, col: int, tile: int) -> int:  # pragma: no cover - compiled
    """Number of set pixels of ``valid`` (rows, width) in a tile, clipped to the array."""
    total = 0
    for i in range(max(0, row), min(valid.shape[0], row + tile)):
        for j in range(max(0, col), min(valid.shape[1], col + tile)):
            total += valid[i, j]
    return total


@kernel
def store_tile(tile: Array, out: Array) -> bool:  # pragma: no cover - compiled
    """Copy a tile of confidences (T, T) and say whether all of them are numbers from 0 to 1."""
    good = True
    for i in range(tile.shape[0]):
        for j in range(tile.shape[1]):
            value = tile[i, j]
            # Written so that NaN fails; a hair above 1 is what fp16 sigmoids may give.
            good &= (value >= -1e-3) & (value <= 1.001)
            out[i, j] = value
    return good


@kernel
def blend_rows(
    tiles: Array,
    predicted: Array,
    slots: Array,
    row_starts: Array,
    row_weights: Array,
    col_starts: Array,
    col_weights: Array,
    first_row: int,
    out: Array,
) -> None:  # pragma: no cover - compiled
    """Sum the weighted tiles over a range of map rows: ``out[y, x] = sum_kc wy[k, y] wx[c, x] p[k, c, y, x]``.

    With weights that are normalised per axis (:func:`landslip.runtime.stitch.normalised`) that is the weighted mean
    over all tiles covering a pixel. A pixel that an unpredicted tile would have contributed to becomes NaN.

    Args:
        tiles: (slots, C, T, T) float32 register of tile rows.
        predicted: (slots, C) whether a tile was predicted.
        slots: (K,) where the K rows of tiles that may touch the range are in the register, from the top down.
        row_starts: (K,) first map row of each of them.
        row_weights: (K, T) normalised weights along rows.
        col_starts: (C,) first map column of each column of tiles.
        col_weights: (C, T) normalised weights along columns.
        first_row: map row of ``out[0]``.
        out: (rows, width) float32, written.
    """
    size = tiles.shape[2]
    width = out.shape[1]
    for i in range(out.shape[0]):
        line = out[i]
        line[:] = 0.0
        for k in range(slots.shape[0]):
            inner = first_row + i - row_starts[k]
            if inner < 0 or inner >= size:
                continue
            along = row_weights[k, inner]
            if along == 0.0:
                continue
            for c in range(tiles.shape[1]):
                start = col_starts[c]
                low = max(0, -start)
                high = min(size, width - start)
                weights = col_weights[c]
                if predicted[slots[k], c]:
                    values = tiles[slots[k], c, inner]
                    for j in range(low, high):
                        # A weight of 0 is no contribution even where the value would not be finite.
                        line[start + j] += along * weights[j] * values[j]
                else:
                    for j in range(low, high):
                        if weights[j] > 0.0:
                            line[start + j] = np.nan


@kernel
def to_percent(blended: Array, valid: Array, slack: float, out: Array) -> None:  # pragma: no cover - compiled
    """Confidence 0..1 to whole percent, truncated as published, 255 where invalid or not a number.

    Truncation keeps the decision: a pixel reaches 50 exactly when its confidence reaches 0.5.

    Args:
        blended: (rows, width) float32.
        valid: (rows, width) bool.
        slack: added to the percentage first, so that rounding in a blend does not turn 70 into 69.
        out: (rows, width) uint8, written.
    """
    hundred = np.float32(100.0)
    nudge = np.float32(slack)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            value = blended[i, j] * hundred + nudge
            if valid[i, j] and not np.isnan(value):
                out[i, j] = np.uint8(min(max(value, np.float32(0.0)), hundred))
            else:
                out[i, j] = NOT_OBSERVED
