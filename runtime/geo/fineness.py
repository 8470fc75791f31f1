"""Fineness of a raster under a map: the size of its pixels on the ground."""

from __future__ import annotations

import math

from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.longitudes import near
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import transform_points

_STEP = 50.0
"""Pixels of the map over which it is measured."""


def pixel_metres(crs: CRS, transform: Affine, grid: MapGrid) -> float | None:
    """Edge in metres of a square as large as a pixel of a raster, in the middle of the map; None where it has no place.

    Args:
        crs: of the raster.
        transform: from its (column, row) to its CRS.
        grid: the map.
    """
    left, bottom, right, top = grid.bounds
    x, y, step = (left + right) / 2, (bottom + top) / 2, _STEP * grid.resolution
    try:
        xs, ys = transform_points(grid.crs, crs, [x, x + step, x], [y, y, y + step])
    except RASTER_ERRORS:
        return None
    if crs.is_geographic:
        xs = near(xs, float(xs[0]))
    (east_x, north_x), (east_y, north_y) = xs[1:] - xs[0], ys[1:] - ys[0]
    metres = step * math.sqrt(abs(transform.determinant) / max(abs(east_x * north_y - north_x * east_y), 1e-300))
    return float(metres) if math.isfinite(metres) else None
