"""Points and boxes in another CRS."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rasterio.crs import CRS
from rasterio.warp import transform as _transform
from rasterio.warp import transform_bounds

from landslip.runtime.geo.longitudes import eastward


def transform_points(
    source: CRS, target: CRS, xs: ArrayLike, ys: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring points from one CRS to another; infinite where the target has no place for them.

    GDAL raises an error for a point without a place, too, but only for the first twenty between two CRS in a process.

    Raises:
        One of :data:`~landslip.runtime.access.gdal.RASTER_ERRORS`: there is no way from one to the other.
    """
    moved = _transform(source, target, np.ravel(xs), np.ravel(ys))
    return np.asarray(moved[0]), np.asarray(moved[1])


def to_degrees(source: CRS, xs: ArrayLike, ys: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes (WGS 84) of points of a CRS; infinite where the globe has no place for them.

    Raises:
        One of :data:`~landslip.runtime.access.gdal.RASTER_ERRORS`: the CRS is not related to the globe.
    """
    return transform_points(source, CRS.from_epsg(4326), xs, ys)


def bounds_in(source: CRS, bounds: tuple[float, float, float, float], target: CRS) -> tuple[float, float, float, float]:
    """The box in ``target`` around a box (left, bottom, right, top) in ``source``.

    In degrees its right side is east of its left, over the date line too: beyond 180 then.

    Raises:
        One of :data:`~landslip.runtime.access.gdal.RASTER_ERRORS`: there is no way from one to the other.
    """
    if source == target:
        return bounds
    found: tuple[float, float, float, float] = transform_bounds(source, target, *bounds, densify_pts=21)
    return eastward(found) if target.is_geographic and all(map(math.isfinite, found)) else found
