"""Lengths on the ground, as opposed to those in the units of a CRS."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rasterio.crs import CRS

from landslip.runtime.geo.longitudes import near
from landslip.runtime.geo.projection import to_degrees

TRUE_SCALE = 0.01
"""A CRS counts as metric when its metre is within this share of a real one; UTM stays within 0.001 in its zone."""

MAJOR = 6378137.0
"""Metres: the half major axis of the WGS 84 ellipsoid."""
SQUARED_ECCENTRICITY = 0.00669437999014
"""Square of the eccentricity of its meridians."""

_STEP = 100.0
"""Units of the CRS over which its scale is measured."""


def metres_per_degree(latitude: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Length of one degree of longitude and of latitude on the WGS 84 ellipsoid, in metres.

    Source: radii of curvature in the prime vertical and the meridian (Snyder, "Map projections: a working manual",
    USGS 1395, 1987, eq. 4-18 to 4-21).

    Args:
        latitude: degrees.
    """
    phi = np.radians(latitude)
    root = np.sqrt(1.0 - SQUARED_ECCENTRICITY * np.sin(phi) ** 2)
    longitude_length = np.radians(1.0) * MAJOR * np.cos(phi) / root
    latitude_length = np.radians(1.0) * MAJOR * (1.0 - SQUARED_ECCENTRICITY) / root**3
    return longitude_length, latitude_length


def geocentric(longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places on the WGS 84 ellipsoid in space: (..., 3) metres from the centre of the Earth.

    Source: the prime vertical's radius of curvature (Snyder 1987, eq. 4-20), and its foot on the axis.

    Args:
        longitude: degrees, in any shape.
        latitude: degrees, in the same shape.
    """
    turn, phi = np.radians(longitude), np.radians(latitude)
    prime = MAJOR / np.sqrt(1.0 - SQUARED_ECCENTRICITY * np.sin(phi) ** 2)
    from_axis = prime * np.cos(phi)
    up = prime * (1.0 - SQUARED_ECCENTRICITY) * np.sin(phi)
    return np.stack([from_axis * np.cos(turn), from_axis * np.sin(turn), up], axis=-1)


def degrees_per_unit(crs: CRS) -> float:
    """Degrees in a unit of a geographic CRS: 1, or 0.9 where it is in grads, as in old French ones."""
    degrees = math.degrees(crs.units_factor[1])
    return 1.0 if abs(degrees - 1.0) < 1e-9 else degrees


def metres_per_unit(crs: CRS, xs: ArrayLike, ys: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres on the ground per unit of a projected CRS, along x and along y, at some places; NaN where there is none.

    Raises:
        One of :data:`landslip.runtime.access.gdal.RASTER_ERRORS`: the CRS is not related to the globe.
    """
    x, y = np.broadcast_arrays(np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64))
    here, east, north = (to_degrees(crs, x + dx, y + dy) for dx, dy in ((0, 0), (_STEP, 0), (0, _STEP)))

    def length(there: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.float64]:
        wide = near(there[0] - here[0], 0.0) * along_longitude
        high = (there[1] - here[1]) * along_latitude
        return np.hypot(wide, high) / _STEP

    with np.errstate(invalid="ignore"):  # infinite places have lengths that are no numbers
        along_longitude, along_latitude = metres_per_degree(here[1])
        return length(east), length(north)


def is_metric(crs: CRS, x: float, y: float) -> bool:
    """Tell whether a unit of the CRS is a metre on the ground at a place: not so in Web Mercator off the equator."""
    if not crs.is_projected:
        return False
    wide, high = metres_per_unit(crs, [x], [y])
    return bool(abs(wide[0] - 1) < TRUE_SCALE and abs(high[0] - 1) < TRUE_SCALE)
