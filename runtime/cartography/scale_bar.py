"""Scale bars: round lengths in true metres on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.geodesy import metres_per_unit
from landslip.runtime.geo.map_grid import MapGrid

_STEPS = (5, 2, 1)


@dataclass(frozen=True)
class ScaleBar:
    """A length on the ground, and how long it is in a picture."""

    metres: float
    """Length on the ground: 1, 2 or 5 times a power of ten."""
    pixels: float
    """Length in the picture."""

    @property
    def label(self) -> str:
        """Text such as ``500 m`` or ``2 km``."""
        return shown_length(self.metres)


def scale_bar(metres_per_pixel: float, most_pixels: float) -> ScaleBar:
    """The longest scale bar of a round length that fits.

    Args:
        metres_per_pixel: true metres on the ground along a pixel of the picture, more than 0.
        most_pixels: room for it, more than 0.
    """
    metres = round_length(metres_per_pixel * most_pixels)
    return ScaleBar(metres, metres / metres_per_pixel)


def round_length(most: float) -> float:
    """The greatest length of 1, 2 or 5 times a power of ten that is not above ``most``, which is more than 0."""
    power = math.floor(math.log10(most))
    # One power more, as the logarithm may round down across a power of ten.
    lengths = (step * 10.0**each for each in (power + 1, power, power - 1) for step in _STEPS)
    return next(length for length in lengths if length <= most * (1 + 1e-12))


def shown_length(metres: float) -> str:
    """A length in kilometres from one on, else in metres."""
    return f"{metres / 1000:,.10g} km" if metres >= 1000 else f"{metres:.10g} m"


def ground_metres(grid: MapGrid) -> float:
    """True metres on the ground along the edge of a map pixel, from west to east in the middle of the map.

    The metre of the projection counts as true where the CRS is not related to the globe.
    """
    left, bottom, right, top = grid.bounds
    try:
        wide, _ = metres_per_unit(grid.crs, [(left + right) / 2], [(bottom + top) / 2])
    except RASTER_ERRORS:
        return grid.resolution
    return grid.resolution * float(wide[0]) if math.isfinite(wide[0]) and wide[0] > 0 else grid.resolution
