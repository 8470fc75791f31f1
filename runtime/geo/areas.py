"""Polygons on the globe: cut to a box wherever they lie by whole turns. Pure geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.affinity
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.geo.longitudes import TURN, Box, copies, eastward, short_way
from landslip.runtime.system.ignored_warnings import filters_exchanged

_STEP = 0.05
"""Degrees between the points along a side of a box: parallels bend in projections."""
_FINEST = 1 << 20
"""Steps in a pixel; as a power of two, whole pixels can be taken off without rounding."""


def bounds_around(shapes: NDArray[Any]) -> Box:
    """Left, bottom, right and top of all of (n,) shapes together, n > 0; NaN where all of them are empty.

    ``shapely.total_bounds`` is the same, but for one thread at a time: it exchanges the filters of warnings.
    """
    bounds = shapely.bounds(shapes)
    left, bottom = np.fmin.reduce(bounds[:, :2]).tolist()
    right, top = np.fmax.reduce(bounds[:, 2:]).tolist()
    return left, bottom, right, top


def are_valid(shapes: Any) -> Any:
    """Tell which shapes are valid (OGC 06-103r4, 6.1.11.1): bool for one, or bool (n,).

    ``shapely.is_valid`` exchanges the filters of warnings meanwhile.
    """
    with filters_exchanged():
        return shapely.is_valid(shapes)  # noqa: TID251 - the one place


def outline_of(box: Box) -> shapely.Polygon:
    """A box in degrees as a polygon whose sides are parallels and meridians."""
    polygon = shapely.box(*eastward(box))
    return shapely.segmentize(polygon, max(_STEP, (polygon.bounds[2] - polygon.bounds[0]) / 1000))


def with_straight_sides(shapes: NDArray[Any], box: Box) -> NDArray[Any]:
    """Polygons with points along their sides: straight in their own CRS, these bend in others.

    Moved corner by corner, a side would become the straight line of another CRS, and another one wherever it was cut.
    Between two of these points it strays from where it belongs by a millionth of what the whole side of the box would.

    Args:
        shapes: (n,) shapely geometries.
        box: what they were cut to, in their CRS.
    """
    left, bottom, right, top = box
    filled: NDArray[Any] = shapely.segmentize(shapes, max(right - left, top - bottom) / 1000)
    return filled


def on_lattice(shapes: NDArray[Any], transform: Affine) -> NDArray[Any]:
    """Polygons in pixels of a grid, (column, -row), in whole multiples of 2^-20: exact in every window of the grid.

    A side through the very centres of pixels would fall to either side of them by the rounding of a window's corner.
    """
    inverse = ~transform

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        xs, ys = points[:, 0], points[:, 1]
        cols = inverse.a * xs + inverse.b * ys + inverse.c
        rows = inverse.d * xs + inverse.e * ys + inverse.f
        steps: NDArray[np.float64] = np.rint(np.column_stack([cols, -rows]) * _FINEST)
        return steps / _FINEST

    placed: NDArray[Any] = shapely.transform(shapes, moved)
    return placed


class Outlines:
    """Polygons in one CRS, cut to boxes.

    In degrees a box is looked for on each turn on which polygons lie. Of a polygon whose sides seem to go around the
    globe the one that goes over the date line instead is meant where it meets the box.
    """

    def __init__(self, shapes: NDArray[Any], *, in_degrees: bool) -> None:
        """Take (n,) shapely polygons or multipolygons."""
        self._shapes, self._in_degrees = shapes, in_degrees
        self._over = np.array([], dtype=np.int64)
        self._short: NDArray[Any] = np.array([], dtype=object)
        if in_degrees:
            bounds = shapely.bounds(shapes)
            wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > TURN / 2)
            found = {int(index): short for index in wide if (short := _the_short_way(shapes[index])) is not None}
            self._over = np.array([*found], dtype=np.int64)
            self._short = np.array([*found.values()], dtype=object)

    def cut(self, box: Box) -> NDArray[Any]:
        """The parts of the polygons in a box, on the turn of the box; none of them empty."""
        return _cut(self._meant(box), box) if self._in_degrees else clipped(self._shapes, box)

    def area(self, box: Box) -> float:
        """Area of the polygons as they are meant for a box, in square units of their CRS."""
        return float(shapely.area(self._meant(box)).sum())

    def _meant(self, box: Box) -> NDArray[Any]:
        meets = [len(_cut(self._short[k : k + 1], box)) > 0 for k in range(len(self._short))]
        if not any(meets):
            return self._shapes
        meant = self._shapes.copy()
        meant[self._over[meets]] = self._short[meets]
        return meant


def _cut(shapes: NDArray[Any], box: Box) -> NDArray[Any]:
    if not len(shapes):
        return shapes
    west, _, east, _ = bounds_around(shapes)
    parts = [np.array([], dtype=object)]
    for copy in copies(box, (west, east)):
        part, back = clipped(shapes, copy), box[0] - copy[0]
        parts.append(part if back == 0 else _moved(part, back))
    whole: NDArray[Any] = np.concatenate(parts)
    return whole


def clipped(shapes: NDArray[Any], box: Box) -> NDArray[Any]:
    """The parts of polygons in a box of their CRS; none of them empty."""
    cut: NDArray[Any] = shapely.clip_by_rect(shapes, *box)
    left: NDArray[Any] = cut[~shapely.is_empty(cut)]
    return left


def _moved(shapes: NDArray[Any], degrees: float) -> NDArray[Any]:
    moved: NDArray[Any] = shapely.transform(shapes, lambda points: points + np.array([degrees, 0.0]))
    return moved


def _the_short_way(shape: Any) -> Any | None:
    """A polygon whose sides go the short way; None where no side does, or a side goes around a pole."""
    parts = [_polygon_the_short_way(part) for part in shapely.get_parts(shape)]
    if all(part is None for part in parts):
        return None
    both = [short or part for short, part in zip(parts, shapely.get_parts(shape), strict=True)]
    return shapely.union_all([shapely.make_valid(part) for part in both])


def _polygon_the_short_way(polygon: Any) -> Any | None:
    if not isinstance(polygon, shapely.Polygon):
        return None
    shell = _ring_the_short_way(polygon.exterior)
    if shell is None:
        return None
    middle = (shell[:, 0].min() + shell[:, 0].max()) / 2
    holes = []
    for hole in polygon.interiors:
        moved = _ring_the_short_way(hole)
        points = shapely.get_coordinates(hole) if moved is None else moved
        points[:, 0] += TURN * np.rint((middle - points[:, 0].mean()) / TURN)
        holes.append(points)
    return shapely.Polygon(shell, holes)


def _ring_the_short_way(ring: Any) -> NDArray[np.float64] | None:
    points: NDArray[np.float64] = shapely.get_coordinates(ring)
    xs = short_way(points[:, 0])
    return None if xs is None else np.column_stack([xs, points[:, 1]])
