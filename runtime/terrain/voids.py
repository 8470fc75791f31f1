"""Voids in an elevation model, filled from the valid ground around them."""

from __future__ import annotations

from typing import Any

import numpy as np

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.geo.pixels import Pixels


def fill_voids(elevation: Pixels, inner: tuple[slice, slice], reach: int) -> Pixels:
    """Fill voids by interpolation between valid ground on both sides.

    Along the row, the column and both diagonals of a void pixel, the first valid pixel is looked for both ways.
    Where both are found, ``a`` and ``b`` steps away, they are interpolated linearly, and the lines count by
    1 / (a b), by half of that on diagonals, whose steps are longer. So a plane is filled exactly, the fill meets the
    ground around it without a step, and what has valid ground on one side alone stays void: nothing is extrapolated.
    Steps are pixels, even where these are not square on the ground.

    A pixel depends on those within ``reach`` of it along those lines and on nothing else, hence not on windows. GDAL's
    ``fillnodata`` depends on windows as little, but it goes on beyond the edge of what was surveyed, and bends planes.

    Args:
        elevation: (1, rows, cols) float32 metres.
        inner: rows and columns that are wanted; the rest is the ground around them.
        reach: most steps to a valid pixel.

    Returns:
        elevation (1, rows, cols) of ``inner``, 0 where it is not valid even now.
    """
    around, valid = elevation.values[0], elevation.valid
    filled = np.where(valid[inner], around[inner], np.float32(0))
    after = valid[inner].copy()
    _fill(around, valid, inner[0].start, inner[1].start, reach, filled, after)
    return Pixels(filled[None], after)


@kernel
def _steps(valid: Any, i: Any, j: Any, down: Any, right: Any, reach: Any) -> Any:  # pragma: no cover - compiled
    rows, cols = valid.shape
    for step in range(1, reach + 1):
        y, x = i + step * down, j + step * right
        if y < 0 or y >= rows or x < 0 or x >= cols:
            return 0
        if valid[y, x]:
            return step
    return 0


@kernel
def _fill(
    elevation: Any, valid: Any, top: Any, left: Any, reach: Any, filled: Any, after: Any
) -> None:  # pragma: no cover - compiled
    for row in range(filled.shape[0]):
        for col in range(filled.shape[1]):
            i, j = top + row, left + col
            if valid[i, j]:
                continue
            total, weights = 0.0, 0.0
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                ahead = _steps(valid, i, j, down, right, reach)
                back = _steps(valid, i, j, -down, -right, reach) if ahead else 0
                if not back:
                    continue
                there = np.float64(elevation[i + ahead * down, j + ahead * right])
                here = np.float64(elevation[i - back * down, j - back * right])
                weight = 1.0 / (ahead * back * (2.0 if down and right else 1.0))
                total += weight * (back * there + ahead * here) / (ahead + back)
                weights += weight
            if weights > 0.0:
                filled[row, col] = total / weights
                after[row, col] = True
