"""Place of a map on the globe: longitudes and latitudes of any pixel, and its area on the ground."""

from __future__ import annotations

import math

import numpy as np

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.ground_area import CELL, GroundArea
from landslip.runtime.geo.longitudes import near
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import to_degrees

KNOTS = 9
"""Places along each side of the map; between them a page interpolates, which is good to a metre within a UTM zone."""

Mesh = list[list[tuple[float, float]]]
"""Longitude and latitude in degrees by row and column, from the upper left corner of the map to the lower right one."""


def degree_mesh(grid: MapGrid) -> Mesh | None:
    """Longitudes and latitudes on a mesh over a map; None where its CRS is not related to the globe.

    Longitudes follow one another over the date line, beyond 180 then.
    """
    left, bottom, right, top = grid.bounds
    xs, ys = np.meshgrid(np.linspace(left, right, KNOTS), np.linspace(top, bottom, KNOTS))
    try:
        lons, lats = to_degrees(grid.crs, xs.ravel(), ys.ravel())
    except RASTER_ERRORS:
        return None
    if not (np.isfinite(lons).all() and np.isfinite(lats).all()):
        return None
    mesh = np.stack((near(lons, float(lons[0])), lats), axis=1).round(6).reshape(KNOTS, KNOTS, 2).tolist()
    return [[(lon, lat) for lon, lat in row] for row in mesh]


def corner_degrees(mesh: Mesh) -> tuple[float, float, float, float]:
    """West, south, east and north of a mesh."""
    lons = [lon for row in mesh for lon, _ in row]
    lats = [lat for row in mesh for _, lat in row]
    return min(lons), min(lats), max(lons), max(lats)


def map_square_kilometres(grid: MapGrid) -> float:
    """Area on the ground of a whole map; that of its grid where its CRS is not related to the globe."""
    heights, widths = (
        np.diff(np.append(np.arange(0, length, CELL), length)).astype(np.int64) for length in (grid.height, grid.width)
    )
    try:
        area = GroundArea(grid).total(np.outer(heights, widths))
    except RASTER_ERRORS:
        area = math.nan
    return (area if math.isfinite(area) else grid.height * grid.width * grid.pixel_area) / 1e6
