"""Share of one raster's outline that another covers, by geometry alone; no pixel is read.

Outlines are brought into the other raster's pixel space, where that raster is an upright box, so that one that spans
the globe never has to be brought into a projection made for a small part of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
import shapely.affinity
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.gridded import Gridded
from landslip.runtime.geo.longitudes import TURN, copies, turns_towards
from landslip.runtime.geo.map_grid import Bounds, MapGrid
from landslip.runtime.geo.projection import bounds_in, transform_points
from landslip.runtime.geo.resampler import Lattice
from landslip.runtime.geo.windows import make_window

_STEPS = 16
"""Points along each side of an outline: straight lines bend in other projections."""


def share_of_map(raster: Gridded, grid: MapGrid) -> float | None:
    """Share of the map, 0 to 1, that lies inside a raster's outline; None where the projections do not tell."""
    target = lattice_of(raster)
    outline = _outline_on(Lattice(grid.crs, grid.transform, grid.height, grid.width), target)
    return None if outline is None else _inside(outline, target) / float(outline.area)


def pixels_below_map(raster: Gridded, grid: MapGrid) -> float:
    """Pixels of a raster that lie inside the map; all of them where the projections do not tell."""
    target = lattice_of(raster)
    outline = _outline_on(Lattice(grid.crs, grid.transform, grid.height, grid.width), target)
    return float(target.height * target.width) if outline is None else _inside(outline, target)


def share_of_smaller(first: Gridded, second: Gridded) -> float | None:
    """Share of the smaller one of two rasters, 0 to 1, that both show; None where the projections do not tell."""
    target = lattice_of(second)
    outline = _outline_on(lattice_of(first), target)
    if outline is None:
        return None
    return _inside(outline, target) / min(float(outline.area), float(target.height * target.width))


def lattice_of(raster: Gridded) -> Lattice:
    """The pixel grid of a raster."""
    return Lattice(raster.crs, raster.transform, raster.height, raster.width)


def windows_under(raster: Gridded, crs: CRS, box: Bounds, margin: int = 0) -> list[Window]:
    """The pixels of a raster that lie in a box (left, bottom, right, top) of any CRS.

    Args:
        raster: the file.
        crs: of the box.
        box: where.
        margin: pixels to add on each side.

    Returns:
        no window where it lies elsewhere; two at the ends of a raster that goes around the globe; all of the raster
        where the box has no finite place in it.

    Raises:
        One of :data:`landslip.runtime.access.gdal.RASTER_ERRORS`: there is no way from the box to the raster.
    """
    found = bounds_in(crs, box, raster.crs)
    if not all(map(math.isfinite, found)):
        return [make_window(0, 0, raster.width, raster.height)]
    west, _, east, _ = raster.bounds
    boxes = copies(found, (west, east)) if raster.crs.is_geographic else [found]
    windows = (_window_of(raster, each, margin) for each in boxes)
    return [window for window in windows if window is not None]


def _window_of(raster: Gridded, box: Bounds, margin: int) -> Window | None:
    left, bottom, right, top = box
    places = [~raster.transform @ corner for corner in ((left, top), (right, top), (left, bottom), (right, bottom))]
    cols, rows = zip(*places, strict=True)
    first_row, last_row = _span(rows, raster.height, margin)
    first_col, last_col = _span(cols, raster.width, margin)
    if first_row >= last_row or first_col >= last_col:
        return None
    return make_window(first_col, first_row, last_col - first_col, last_row - first_row)


def _span(places: Sequence[float], length: int, margin: int) -> tuple[int, int]:
    """First and last + 1 of the pixels between the outermost places; a hair outside is no pixel."""
    first, last = math.floor(min(places) + 1e-6), math.ceil(max(places) - 1e-6)
    return max(0, first - margin), min(length, last + margin)


def _outline_on(source: Lattice, target: Lattice) -> shapely.Polygon | None:
    """The outline of a grid in pixels of another."""
    xs, ys = _through(source.transform, _border(source.height, source.width))
    if source.crs != target.crs:
        try:
            xs, ys = transform_points(source.crs, target.crs, xs, ys)
        except RASTER_ERRORS:
            return None
    xs = _on_the_side_of(target, xs)
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


def _on_the_side_of(target: Lattice, xs: NDArray[np.float64]) -> NDArray[np.float64]:
    """An outline by the turn on which it lies nearest to the target, where these are degrees; in one piece."""
    crs: CRS = target.crs
    if not crs.is_geographic or not np.isfinite(xs).all():
        return xs
    whole: NDArray[np.float64] = np.unwrap(xs, period=TURN)
    centre = float((target.transform @ (target.width / 2, target.height / 2))[0])
    return whole + turns_towards(float(whole.mean()), centre)


def _inside(outline: shapely.Polygon, target: Lattice) -> float:
    """Pixels of an outline inside a grid; of a grid over the whole globe at both of its ends."""
    box, turns = shapely.box(0, 0, target.width, target.height), (-1, 0, 1) if target.crs.is_geographic else (0,)
    across, down = ((~target.transform).a * TURN, (~target.transform).d * TURN)
    moved = [shapely.affinity.translate(outline, turn * across, turn * down) for turn in turns]
    return float(sum(part.intersection(box).area for part in moved))
