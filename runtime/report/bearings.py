"""Bearings of a map: true north, true metres, and scale bars of round lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.convergence import along_axes
from landslip.runtime.geo.geodesy import metres_per_unit
from landslip.runtime.geo.map_grid import MapGrid


@dataclass(frozen=True)
class RoundLength:
    """A length on the ground, and how long it is in a picture."""

    metres: float
    """Length on the ground: 1, 2 or 5 times a power of ten."""
    pixels: float
    """Length in the picture."""

    @property
    def label(self) -> str:
        """Text such as ``500 m`` or ``2 km``."""
        return f"{self.metres / 1000:,.10g} km" if self.metres >= 1000 else f"{self.metres:.10g} m"


def scale_bar(metres_per_pixel: float, most_pixels: float) -> RoundLength:
    """The longest scale bar of a round length that fits.

    Args:
        metres_per_pixel: true metres on the ground along a pixel of the picture, more than 0.
        most_pixels: room for it, more than 0.
    """
    most = metres_per_pixel * most_pixels
    power = 10.0 ** math.floor(math.log10(most) + 1e-12)
    metres = next(step * power for step in (5, 2, 1) if step * power <= most * (1 + 1e-9))
    return RoundLength(metres, metres / metres_per_pixel)


def ground_metres(grid: MapGrid) -> float:
    """True metres on the ground along the edge of a map pixel in the middle of the map."""
    left, bottom, right, top = grid.bounds
    try:
        wide, _ = metres_per_unit(grid.crs, [(left + right) / 2], [(bottom + top) / 2])
    except RASTER_ERRORS:
        return grid.resolution
    return grid.resolution * float(wide[0]) if math.isfinite(wide[0]) and wide[0] > 0 else grid.resolution


def true_north(grid: MapGrid) -> float | None:
    """Direction of true north in the middle of a map, in degrees clockwise from its upper edge; None at a pole."""
    left, bottom, right, top = grid.bounds
    try:
        x, y = along_axes(grid.crs, np.array([(left + right) / 2]), np.array([(bottom + top) / 2]), 0.0)
    except RASTER_ERRORS:
        return None
    angle = math.degrees(math.atan2(float(x[0]), float(y[0])))
    return angle if math.isfinite(angle) else None
