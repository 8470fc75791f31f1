"""Direction of true north on a map."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.convergence import along_axes
from landslip.runtime.geo.map_grid import MapGrid

MOST_TURN = 45.0
"""Degrees by which north in a corner of a map may differ from that in its middle."""

Point = tuple[float, float]
"""Places in a picture: x to the right, y downwards."""


@lru_cache(maxsize=1)  # a sheet asks for its own more than once
def true_north(grid: MapGrid) -> float | None:
    """Direction of true north in the middle of a map, in degrees clockwise from its upper edge.

    None where one arrow does not tell it: in a corner it is another by more than :data:`MOST_TURN`, as around a pole;
    or the CRS is not related to the globe.
    """
    left, bottom, right, top = grid.bounds
    xs = np.array([(left + right) / 2, left, left, right, right])
    ys = np.array([(bottom + top) / 2, bottom, top, bottom, top])
    try:
        along_x, along_y = along_axes(grid.crs, xs, ys, 0.0)
    except RASTER_ERRORS:
        return None
    turns = np.degrees(np.arctan2(along_x, along_y))
    apart = np.abs((turns - turns[0] + 180) % 360 - 180)
    return float(turns[0]) if np.all(apart <= MOST_TURN) else None  # a comparison with NaN is none


def arrow(centre: Point, length: float, direction: float) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Outlines of the dark left and the light right half of an arrow.

    Args:
        centre: half-way between its tip and its ends.
        length: from its ends to its tip.
        direction: degrees clockwise from the upper edge.
    """
    turn = math.radians(direction)

    def placed(right: float, ahead: float) -> Point:
        return (
            centre[0] + length * (right * math.cos(turn) + ahead * math.sin(turn)),
            centre[1] + length * (right * math.sin(turn) - ahead * math.cos(turn)),
        )

    tip, notch = placed(0, 0.5), placed(0, -0.3)
    return (tip, placed(-0.3, -0.5), notch), (tip, placed(0.3, -0.5), notch)
