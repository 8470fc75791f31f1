"""Direction of true north on a grid: where the light of a hillshade comes from, seen along the axes of a CRS.

``gdaldem`` lets it come from the north-west of the grid. On a grid whose y axis points elsewhere (polar projections far
from their central meridian, axes that run west and south) that is another side of the mountains.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.runtime.geo import longitudes
from landslip.runtime.geo.geodesy import metres_per_degree
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import to_degrees, transform_points

LARGEST_TURN = 5.0
"""Degrees by which the light may come from beside the true north-west; see docs/decisions/light.md."""

Vectors = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Components along x and along y, or towards east and towards north."""


def axes(crs: CRS, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> tuple[Vectors, Vectors]:
    """Unit vectors (east, north) of the x axis and of the y axis at some places; NaN at a pole, which has no north.

    Raises:
        One of :data:`landslip.runtime.access.gdal.RASTER_ERRORS`: the CRS, or a place, is not related to the globe.
    """
    step = 1e-3 if crs.is_geographic else 100.0
    moved = to_degrees(crs, np.concatenate([xs, xs + step, xs]), np.concatenate([ys, ys, ys + step]))  # in one go
    here, along_x, along_y = zip(*(np.split(part, 3) for part in moved), strict=True)
    per_longitude, per_latitude = metres_per_degree(here[1])

    def direction(there: Vectors) -> Vectors:
        with np.errstate(invalid="ignore", divide="ignore"):
            east = longitudes.near(there[0] - here[0], 0.0) * per_longitude
            north = (there[1] - here[1]) * per_latitude
            length = np.hypot(east, north)
            return east / length, north / length

    return direction(along_x), direction(along_y)


def along_axes(crs: CRS, xs: NDArray[np.float64], ys: NDArray[np.float64], azimuth: float) -> Vectors:
    """Components along the x and y axes of a horizontal unit vector towards a true azimuth, at some places.

    Args:
        crs: with axes at right angles, as maps have them.
        xs: (n,) in the CRS.
        ys: (n,) likewise.
        azimuth: degrees clockwise from true north.
    """
    east, north = math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))
    along_x, along_y = axes(crs, xs, ys)
    return east * along_x[0] + north * along_x[1], east * along_y[0] + north * along_y[1]


def turn_of(crs: CRS, grid: MapGrid, azimuth: float) -> float:
    """Angle in degrees between a light at that azimuth of the grid and the true one: the most over the map.

    Args:
        crs: that the light was thought of in.
        grid: the map; looked at in its middle and its corners.
        azimuth: degrees clockwise from the y axis.

    Raises:
        One of :data:`landslip.runtime.access.gdal.RASTER_ERRORS`: the CRS is not related to the globe.
    """
    left, bottom, right, top = grid.bounds
    places = ((left + right) / 2, left, left, right, right), ((bottom + top) / 2, bottom, top, bottom, top)
    xs, ys = transform_points(grid.crs, crs, *places)
    along_x, along_y = along_axes(crs, xs, ys, azimuth)
    cosine = math.sin(math.radians(azimuth)) * along_x + math.cos(math.radians(azimuth)) * along_y
    cosine = cosine[np.isfinite(cosine)]
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))).max(initial=0.0))
