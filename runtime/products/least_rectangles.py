"""Least rectangles: for each outline the turned rectangle of least area around it.

GEOS has such a function too (``shapely.oriented_envelope``). In GEOS 3.14 it gives a line, or a rectangle that is far
too large, for some outlines whose points lie almost on one line, as the corners of pixels do once they are scaled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

Array = NDArray[Any]


def lengths_and_widths(hulls: Array) -> NDArray[np.float64]:
    """Long and short side of the least rectangle around each convex polygon: float64 (n, 2), in units of the polygons.

    One side of that rectangle lies along a side of the polygon (Freeman & Shapira, "Determining the minimum-area
    encasing rectangle for an arbitrary closed curve", CACM 18(7), 1975, doi:10.1145/360881.360919).

    Args:
        hulls: object array (n,) of ``shapely.Polygon``, convex, with an area.
    """
    points, owner = shapely.get_coordinates(hulls, return_index=True)
    sides = np.empty((len(hulls), 2))
    _least(points, np.cumsum(np.bincount(owner, minlength=len(hulls))), sides)
    return sides


@kernel
def _least(points: Array, ends: Array, sides: Array) -> None:  # pragma: no cover - compiled
    start = 0
    for index in range(len(ends)):
        ring = points[start : ends[index]]
        start = ends[index]
        least = np.inf
        for i in range(len(ring) - 1):
            east = ring[i + 1, 0] - ring[i, 0]
            north = ring[i + 1, 1] - ring[i, 1]
            length = np.hypot(east, north)
            if length == 0.0:
                continue
            along, across = _extent(ring, east / length, north / length)
            if along * across < least:
                least = along * across
                sides[index, 0] = max(along, across)
                sides[index, 1] = min(along, across)


@kernel
def _extent(ring: Array, east: float, north: float) -> tuple[float, float]:  # pragma: no cover - compiled
    """Extent of a ring along a unit vector, and across it."""
    first_along, last_along, first_across, last_across = np.inf, -np.inf, np.inf, -np.inf
    for i in range(len(ring)):
        x = ring[i, 0] - ring[0, 0]
        y = ring[i, 1] - ring[0, 1]
        along = x * east + y * north
        across = y * east - x * north
        first_along, last_along = min(first_along, along), max(last_along, along)
        first_across, last_across = min(first_across, across), max(last_across, across)
    return last_along - first_along, last_across - first_across
