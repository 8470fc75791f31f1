"""Pixels inside polygons as spans of rows: each polygon has its own, whatever lies over it.

A label image holds one polygon a pixel; known landslides lie over each other, as one slide comes back or two people
drew it. A pixel is inside when its centre is, as GDAL burns polygons.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

Array = NDArray[Any]

SHAPE, ROW, FIRST, END, SPAN_FIELDS = range(5)
"""Columns of a span: index of its polygon, row in the band, first pixel, the one behind the last; and their number."""


@dataclass(frozen=True)
class Ragged:
    """Rings of many polygons on the lattice of a grid, flat."""

    points: Array
    """float64 (points, 2), (column, row) with rows downwards."""
    rings: Array
    """int64 (rings + 1,), where the points of each ring begin."""
    owners: Array
    """int64 (rings,), index of the polygon, not falling."""
    tops: Array
    """float64 (shapes,), least row of each; infinite where it has no ring."""
    bottoms: Array
    """float64 (shapes,), largest row."""

    @classmethod
    def of(cls, shapes: Array) -> Ragged:
        """Take apart (n,) geometries in (column, -row), as ``on_lattice`` gives them; what is no polygon is nothing."""
        parts, part_owners = _polygons(shapes)
        rings, ring_parts = shapely.get_rings(parts, return_index=True)
        points, point_rings = shapely.get_coordinates(rings, return_index=True)
        bounds = shapely.bounds(parts)
        tops, bottoms = np.full(len(shapes), np.inf), np.full(len(shapes), -np.inf)
        np.minimum.at(tops, part_owners, -bounds[:, 3])
        np.maximum.at(bottoms, part_owners, -bounds[:, 1])
        starts = np.searchsorted(point_rings, np.arange(len(rings) + 1))
        return cls(points * np.array([1.0, -1.0]), starts, part_owners[ring_parts], tops, bottoms)

    @property
    def crossings(self) -> float:
        """About how many rows the sides of all rings cross."""
        steps = np.abs(np.diff(self.points[:, 1]))
        steps[self.rings[1:-1] - 1] = 0.0  # from one ring to the next
        return float(steps.sum())

    def spans(self, first_row: int, rows: int, width: int) -> Array:
        """Spans in a band of rows.

        Args:
            first_row: of the band.
            rows: of the band.
            width: pixels of the grid; what lies to its sides is cut off.

        Returns:
            int64 (n, SPAN_FIELDS), by polygon, then by row; none of them empty.
        """
        chosen = ((self.tops < first_row + rows) & (self.bottoms > first_row))[self.owners]
        rings = np.flatnonzero(chosen)
        given = (self.points, self.rings, self.owners, rings, first_row, rows)
        count = find_crossings(*given, np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float64))
        places, xs = np.empty((count, 2), dtype=np.int64), np.empty(count, dtype=np.float64)
        find_crossings(*given, places, xs)
        order = np.lexsort((xs, places[:, 1], places[:, 0]))
        places, columns = places[order], np.clip(np.floor(xs[order] + 0.5), 0, width).astype(np.int64)
        found = np.column_stack([places[::2], columns[::2], columns[1::2]])  # a closed ring crosses a line evenly
        return found[found[:, FIRST] < found[:, END]]


def _polygons(shapes: Array) -> tuple[Array, Array]:
    """The polygons in geometries, and the index of the geometry of each."""
    parts, owners = shapely.get_parts(shapes, return_index=True)
    for _ in range(2):  # a collection may hold multipolygons
        parts, inner = shapely.get_parts(parts, return_index=True)
        owners = owners[inner]
    kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    return parts[kept], owners[kept]


@kernel
def find_crossings(
    points: Array, starts: Array, owners: Array, rings: Array, first_row: int, rows: int, places: Array, xs: Array
) -> int:  # pragma: no cover - compiled
    """Find where rings cross the middles of the rows of a band.

    Args:
        points: see :class:`Ragged`.
        starts: its ``rings``.
        owners: its ``owners``.
        rings: int64, which rings.
        first_row: of the band.
        rows: of the band.
        places: int64 (n, 2), written as far as it goes: polygon, row in the band; an empty one serves to count.
        xs: float64 (n,), written: column.

    Returns:
        How many crossings there are.
    """
    found = 0
    for ring in rings:
        for i in range(starts[ring], starts[ring + 1] - 1):
            x, y = points[i, 0], points[i, 1] - first_row
            to_x, to_y = points[i + 1, 0], points[i + 1, 1] - first_row
            if to_y < y:
                x, y, to_x, to_y = to_x, to_y, x, y
            # Half open, so that a corner on the middle of a row counts once.
            for row in range(max(0, math.ceil(y - 0.5)), min(rows, math.ceil(to_y - 0.5))):
                if found < len(xs):
                    places[found, 0] = owners[ring]
                    places[found, 1] = row
                    xs[found] = x + (row + 0.5 - y) * (to_x - x) / (to_y - y)
                found += 1
    return found
