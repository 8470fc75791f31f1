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
    inside = col >= 0 and col + tile <= width
    for band in range(out.shape[0]):
        for i in range(tile):
            line = ring[band, reflected(row + i, length) % depth]
            if inside:
                copy_line(line[col : col + tile], out[band, i])
            else:
                for j in range(tile):
                    out[band, i, j] = line[reflected(col + j, width)]


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
def store_tile(tile: Array, out: Array) -> bool:  # pragma: no cover - compiled
    """Copy a tile of confidences (T, T) and say whether all of them are numbers from 0 to 1."""
    good = True
    for i in range(tile.shape[0]):
        values, line = tile[i], out[i]
        for j in range(len(line)):
            value = values[j]
            # Written so that NaN fails; a hair above 1 is what fp16 sigmoids may give.
            good &= (value >= np.float32(-1e-3)) & (value <= np.float32(1.001))
            line[j] = value
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
        out[i] = 0.0
        for k in range(slots.shape[0]):
            inner = first_row + i - row_starts[k]
            if inner < 0 or inner >= size:
                continue
            along = row_weights[k, inner]
            if along == 0.0:
                continue
            for c in range(tiles.shape[1]):
                low = max(0, -col_starts[c])
                high = min(size, width - col_starts[c])
                line = out[i, col_starts[c] + low : col_starts[c] + high]
                if predicted[slots[k], c]:
                    _add_weighted(along, col_weights[c, low:high], tiles[slots[k], c, inner, low:high], line)
                else:
                    _strike_out(col_weights[c, low:high], line)


@kernel
def _add_weighted(along: float, weights: Array, values: Array, line: Array) -> None:  # pragma: no cover - compiled
    for j in range(len(line)):
        line[j] += along * weights[j] * values[j]


@kernel
def _strike_out(weights: Array, line: Array) -> None:  # pragma: no cover - compiled
    for j in range(len(line)):
        if weights[j] > 0.0:
            line[j] = np.nan


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
        values, usable, line = blended[i], valid[i], out[i]
        for j in range(len(line)):
            value = values[j] * hundred + nudge
            known = usable[j] & (value == value)  # noqa: PLR0124 - not NaN
            line[j] = np.int32(min(max(value, np.float32(0.0)), hundred)) if known else NOT_OBSERVED


@kernel
def count_values(values: Array, counts: Array) -> None:  # pragma: no cover - compiled
    """Add to ``counts`` (256,) how often each of the bytes ``values`` (n,) occurs.

    In four tables, because most maps are one value over and over, and each count would wait for the last.
    """
    tables = np.zeros((4, 256), dtype=np.int64)
    whole = len(values) // 4 * 4
    for i in range(0, whole, 4):
        tables[0, values[i]] += 1
        tables[1, values[i + 1]] += 1
        tables[2, values[i + 2]] += 1
        tables[3, values[i + 3]] += 1
    for i in range(whole, len(values)):
        tables[0, values[i]] += 1
    for value in range(256):
        counts[value] += tables[0, value] + tables[1, value] + tables[2, value] + tables[3, value]
