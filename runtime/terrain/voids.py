"""Voids in an elevation model, filled from the known ground around them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel


def fill_voids(
    elevation: NDArray[np.float32], known: NDArray[np.bool_], inner: tuple[slice, slice], reach: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Fill voids by interpolation between known ground on both sides.

    Along the row, the column and both diagonals of an unknown pixel, the first known pixel is looked for both ways.
    Where both are found, ``a`` and ``b`` steps away, they are interpolated linearly, and the lines count by
    1 / (a b), by half of that on diagonals, whose steps are longer. So a plane is filled exactly, the fill meets the
    ground around it without a step, and what has known ground on one side alone stays unknown: nothing is extrapolated.
    Steps are pixels, even where these are not square on the ground.

    A pixel depends on those within ``reach`` of it along those lines and on nothing else, hence not on windows. GDAL's
    ``fillnodata`` depends on windows as little, but it goes on beyond the edge of what was surveyed, and bends planes.

    Args:
        elevation: (rows, cols) metres.
        known: (rows, cols) where it is known.
        inner: rows and columns that are wanted; the rest is the ground around them.
        reach: most steps to a known pixel.

    Returns:
        elevation of ``inner``, 0 where unknown, and where it is known now.
    """
    filled = np.where(known[inner], elevation[inner], np.float32(0))
    after = known[inner].copy()
    _fill(elevation, known, inner[0].start, inner[1].start, reach, filled, after)
    return filled, after


@kernel
def _steps(known: Any, i: Any, j: Any, down: Any, right: Any, reach: Any) -> Any:  # pragma: no cover - compiled
    rows, cols = known.shape
    for step in range(1, reach + 1):
        y, x = i + step * down, j + step * right
        if y < 0 or y >= rows or x < 0 or x >= cols:
            return 0
        if known[y, x]:
            return step
    return 0


@kernel
def _fill(
    elevation: Any, known: Any, top: Any, left: Any, reach: Any, filled: Any, after: Any
) -> None:  # pragma: no cover - compiled
    for row in range(filled.shape[0]):
        for col in range(filled.shape[1]):
            i, j = top + row, left + col
            if known[i, j]:
                continue
            total, weights = 0.0, 0.0
            for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
                ahead = _steps(known, i, j, down, right, reach)
                back = _steps(known, i, j, -down, -right, reach) if ahead else 0
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
