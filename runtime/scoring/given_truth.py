"""Truth about an event, as its user gives it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from landslip.runtime.access.location import Location
from landslip.runtime.errors import UsageError

TOLERANCE = 30.0
"""Metres between a point and a mapped landslide: three pixels of Sentinel-2, about as well as such points are set."""
_FARTHEST = 10_000.0
"""Metres; farther off it is another landslide."""


@dataclass(frozen=True)
class Truth:
    """An inventory of known landslides, and how it is to be taken."""

    location: Location
    """Vector file of polygons or points, of any format that GDAL reads."""
    layer: str | None = None
    """Layer of the file; by default the only one of polygons, else the only one of points."""
    crs: str | None = None
    """Coordinate reference system of a file that states none, or a wrong one."""
    date_field: str | None = None
    """Attribute with the day of each landslide: those outside the interval between the images are left out."""
    within: Location | None = None
    """Area in which the inventory is complete: polygons, a raster, or ``W,S,E,N`` in degrees. Nothing else counts."""
    tolerance: float = TOLERANCE
    """Metres from a point within which a mapped landslide counts as the known one, 0 to 10 000."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.tolerance) and 0.0 <= self.tolerance <= _FARTHEST):
            raise UsageError(
                f"A tolerance of {self.tolerance:g} m is out of range: give 0 to {_FARTHEST:g}.", option="tolerance"
            )
