"""Known landslides brought onto the lattice of a map, one by one: whatever their CRS and turn around the globe."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.runtime.geo.areas import Outlines, on_lattice, with_straight_sides
from landslip.runtime.geo.longitudes import TURN
from landslip.runtime.geo.map_grid import Bounds, MapGrid
from landslip.runtime.geo.projection import bounds_in, transform_points

Array = NDArray[Any]


def on_map(shapes: Array, crs: CRS, grid: MapGrid) -> Array:
    """The parts of geometries that may lie in a map, on its lattice: (column, -row); empty where that is nothing.

    Args:
        shapes: (n,) polygons and points in `crs`, valid, none of them None.
        crs: of the shapes.
        grid: the map's.

    Raises:
        One of :data:`~landslip.runtime.access.gdal.RASTER_ERRORS`: there is no way from one CRS to the other.
        shapely.errors.ShapelyError: a geometry cannot be cut.
    """
    around = bounds_in(grid.crs, _widened(grid.bounds), crs)
    near = _turned(shapes, around) if crs.is_geographic else shapes.copy()
    lefts, bottoms, rights, tops = shapely.bounds(near).T
    held = (lefts >= around[0]) & (rights <= around[2]) & (bottoms >= around[1]) & (tops <= around[3])
    # Sides that seem to go around the globe may go over the date line instead.
    wide = rights - lefts > (TURN / 2 if crs.is_geographic else np.inf)
    apart = ~((lefts <= around[2]) & (rights >= around[0]) & (bottoms <= around[3]) & (tops >= around[1])) & ~wide
    near[apart] = shapely.Polygon()
    for index in np.flatnonzero(~apart & (wide | ~held)):
        parts = Outlines(near[index : index + 1], in_degrees=crs.is_geographic).cut(around)
        near[index] = shapely.GeometryCollection(list(parts))
    if crs != grid.crs:
        near = shapely.transform(with_straight_sides(near, around), lambda points: _moved(points, crs, grid.crs))
    return _cut_to(on_lattice(near, grid.transform), grid)


def _turned(shapes: Array, around: Bounds) -> Array:
    """Geometries in degrees by whole turns, so that their middles come as near to that of a box as they can."""
    bounds = shapely.bounds(shapes)
    turns = np.rint(((around[0] + around[2]) / 2 - (bounds[:, 0] + bounds[:, 2]) / 2) / TURN)
    turned = shapes.copy()
    for turn in np.unique(turns[np.isfinite(turns)]):
        if turn:
            some = turns == turn
            turned[some] = shapely.transform(shapes[some], lambda points, by=turn * TURN: points + np.array([by, 0.0]))
    return turned


def _moved(points: NDArray[np.float64], source: CRS, target: CRS) -> NDArray[np.float64]:
    moved = np.column_stack(transform_points(source, target, points[:, 0], points[:, 1]))
    moved[~np.isfinite(moved).all(axis=1)] = np.inf
    return moved


def _cut_to(placed: Array, grid: MapGrid) -> Array:
    """Parts of geometries on the lattice that lie in the map; none of those with a corner that has no place."""
    lefts, bottoms, rights, tops = shapely.bounds(placed).T
    lost = ~np.isfinite(lefts + bottoms + rights + tops)
    placed[lost] = shapely.Polygon()
    rest = ~lost & ~((lefts >= 0) & (rights <= grid.width) & (bottoms >= -grid.height) & (tops <= 0))
    placed[rest] = shapely.clip_by_rect(placed[rest], 0, -grid.height, grid.width, 0)
    return placed


def _widened(box: Bounds) -> Bounds:
    """A box with a tenth of its size on each side: what lies there may reach into the map."""
    left, bottom, right, top = box
    wide, high = (right - left) / 10, (top - bottom) / 10
    return left - wide, bottom - high, right + wide, top + high
