"""How much of one raster's outline another covers, by geometry alone; no pixel is read.

Outlines are brought into the other raster's pixel space, where that raster is an upright box, so that one that spans
the globe never has to be brought into a projection made for a small part of it.
"""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.runtime.gdal import RASTER_ERRORS, transform_points
from landslip.runtime.grid import MapGrid
from landslip.runtime.raster import Raster
from landslip.runtime.resample import Lattice

_STEPS = 16
"""Points along each side of an outline: straight lines bend in other projections."""


def share_of_map(raster: Raster, grid: MapGrid) -> float | None:
    """Share of the map, 0 to 1, that lies inside a raster's outline; None where the projections do not tell."""
    target = lattice_of(raster)
    outline = _outline_on(Lattice(grid.crs, grid.transform, grid.height, grid.width), target)
    return None if outline is None else _inside(outline, target) / float(outline.area)


def pixels_below_map(raster: Raster, grid: MapGrid) -> float:
    """Pixels of a raster that lie inside the map; all of them where the projections do not tell."""
    target = lattice_of(raster)
    outline = _outline_on(Lattice(grid.crs, grid.transform, grid.height, grid.width), target)
    return float(target.height * target.width) if outline is None else _inside(outline, target)


def share_of_smaller(first: Raster, second: Raster) -> float | None:
    """Share of the smaller one of two rasters, 0 to 1, that both show; None where the projections do not tell."""
    target = lattice_of(second)
    outline = _outline_on(lattice_of(first), target)
    if outline is None:
        return None
    return _inside(outline, target) / min(float(outline.area), float(target.height * target.width))


def lattice_of(raster: Raster) -> Lattice:
    """The pixel grid of a raster."""
    return Lattice(raster.crs, raster.transform, raster.height, raster.width)


def _outline_on(source: Lattice, target: Lattice) -> shapely.Polygon | None:
    """The outline of a grid in pixels of another."""
    xs, ys = _through(source.transform, _border(source.height, source.width))
    if source.crs != target.crs:
        try:
            xs, ys = transform_points(source.crs, target.crs, xs, ys)
        except RASTER_ERRORS:
            return None
        xs = _near(xs, target)
    cols, rows = _through(~target.transform, np.array([xs, ys]))
    if not (np.isfinite(cols).all() and np.isfinite(rows).all()):
        return None
    outline = shapely.Polygon(np.column_stack([cols, rows]))
    return outline if outline.is_valid and outline.area > 0 else None


def _border(height: int, width: int) -> NDArray[np.float64]:
    """(2, points): columns and rows along the border of a grid, once around."""
    there, full = np.arange(_STEPS) / _STEPS, np.ones(_STEPS)
    cols = np.concatenate([there, full, 1 - there, 0 * full]) * width
    rows = np.concatenate([0 * full, there, full, 1 - there]) * height
    return np.array([cols, rows])


def _through(transform: Affine, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = points
    return (
        transform.a * first + transform.b * second + transform.c,
        transform.d * first + transform.e * second + transform.f,
    )


def _near(xs: NDArray[np.float64], target: Lattice) -> NDArray[np.float64]:
    """Longitudes on the target's side of the date line."""
    crs: CRS = target.crs
    if not crs.is_geographic:
        return xs
    centre = (target.transform @ (target.width / 2, target.height / 2))[0]
    return np.asarray(centre + (xs - centre + 180.0) % 360.0 - 180.0)


def _inside(outline: shapely.Polygon, target: Lattice) -> float:
    return float(outline.intersection(shapely.box(0, 0, target.width, target.height)).area)
