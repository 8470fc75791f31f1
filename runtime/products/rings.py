"""Rings: from the corners of pixel outlines to multipolygons.

The corners of a rectilinear outline determine it: sorted along a lattice row they pair up into its horizontal edges,
sorted along a column into its vertical ones. Walking edge by edge gives closed walks; where a walk passes a lattice
point twice it is cut in two there: rings have to be simple and may touch in points only (OGC 06-103r4, 6.1.11).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.products.labels import ALONG_ROW, COL, REGION, ROW

Array = NDArray[Any]


def multipolygons(corners: Array, owner: Array, transform: Affine) -> Array:
    """Outline pixel sets.

    Args:
        corners: int32 (n, CORNER_FIELDS), all corners of the sets, as and in the order in which
            :func:`landslip.runtime.products.labels.find_corners` gives them; their REGION names 4-connected pixel sets.
        owner: int64 (n,), which multipolygon each corner belongs to: 0, 1, … without gaps.
        transform: from (column, row) of the pixel lattice to map coordinates.

    Returns:
        Object array of ``shapely.MultiPolygon``, one per owner: one polygon per region, valid, shells counter-clockwise
        on the map, in an order that depends on the pixels alone.
    """
    if not len(corners):
        return np.empty(0, dtype=object)
    order = np.lexsort((corners[:, REGION], owner))  # stable: row-major within each region
    corners, owner = corners[order], owner[order]
    starts = np.flatnonzero(np.diff(corners[:, REGION], prepend=-1))
    region = np.repeat(np.arange(len(starts), dtype=np.int64), np.diff(starts, append=len(corners)))

    clockwise = transform.determinant > 0  # on a raster seen with row 0 on top; such a map is upside down
    vertices, ends, areas = _trace_rings(corners, region, clockwise)
    hole = (areas > 0) != clockwise
    ring_region = region[vertices[ends - 1]]
    vertices, ring_ends = _reorder(vertices, ends, np.lexsort((hole, ring_region)))

    cols, rows = corners[vertices, COL].astype(float), corners[vertices, ROW].astype(float)
    a, b, c, d, e, f = transform[:6]
    points = np.column_stack((a * cols + b * rows + c, d * cols + e * rows + f))
    rings_before = np.concatenate(([0], np.cumsum(np.bincount(ring_region))))
    regions_before = np.concatenate(([0], np.cumsum(np.bincount(owner[starts]))))
    offsets = (np.concatenate(([0], ring_ends)), rings_before, regions_before)
    made: Array = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets)
    return made


def _trace_rings(corners: Array, region: Array, clockwise: bool) -> tuple[Array, Array, Array]:
    """Link sorted corners into closed rings: vertices ring after ring, where each ends, twice its signed area."""
    count = len(corners)
    row, col = corners[:, ROW], corners[:, COL]
    # Which of two corners at one place an edge is tied to does not matter: walks are cut there, in the same rings.
    along_row = np.arange(count) ^ 1
    by_column = np.lexsort((row, (region << 32) | col))
    along_column = np.empty(count, dtype=np.int64)
    along_column[by_column] = by_column[along_row]
    following = np.where((corners[:, ALONG_ROW] > 0) == clockwise, along_row, along_column)

    twin = np.full(count, -1, dtype=np.int64)
    first = np.flatnonzero((np.diff(row) == 0) & (np.diff(col) == 0) & (np.diff(region) == 0))
    twin[first], twin[first + 1] = first + 1, first

    most_rings = count // 4
    vertices = np.empty(count + most_rings, dtype=np.int64)
    ends = np.empty(most_rings, dtype=np.int64)
    areas = np.empty(most_rings, dtype=np.int64)
    rings = _trace_cycles(following, twin, row, col, vertices, ends, areas)
    return vertices[: ends[rings - 1]], ends[:rings], areas[:rings]


def _reorder(values: Array, ends: Array, order: Array) -> tuple[Array, Array]:
    """Put variable-length parts of ``values`` into another order; returns the values and where the parts end now."""
    lengths = np.diff(ends, prepend=0)
    new_ends = np.cumsum(lengths[order])
    shift = (ends[order] - new_ends).repeat(lengths[order])
    return values[np.arange(len(values)) + shift], new_ends


@kernel
def _trace_cycles(
    following: Array, twin: Array, row: Array, col: Array, vertices: Array, ends: Array, areas: Array
) -> int:  # pragma: no cover - compiled
    """Walk every cycle of ``following``, cutting it where it comes to a place again; returns how many rings there are.

    Vertices wait on a stack until the ring they belong to is closed; ``twin`` is the other vertex at a place, or -1.
    """
    stack = np.empty(len(following), np.int64)
    height = np.full(len(following), -1, np.int64)
    visited = np.zeros(len(following), np.bool_)
    rings = 0
    for start in range(len(following)):
        depth = 0
        at = start
        while not visited[at]:
            visited[at] = True
            other = twin[at]
            if other >= 0 and height[other] >= 0:
                base = height[other]
                rings = _close(stack[base:depth], height, row, col, vertices, ends, areas, rings)
                depth = base
            stack[depth] = at
            height[at] = depth
            depth += 1
            at = following[at]
        if depth > 0:
            rings = _close(stack[:depth], height, row, col, vertices, ends, areas, rings)
    return rings


@kernel
def _close(
    ring: Array, height: Array, row: Array, col: Array, vertices: Array, ends: Array, areas: Array, rings: int
) -> int:  # pragma: no cover - compiled
    """Write one ring, its first vertex repeated at the end."""
    place = ends[rings - 1] if rings > 0 else 0
    area = 0
    for i in range(len(ring)):
        a, b = ring[i], ring[(i + 1) % len(ring)]
        vertices[place + i] = a
        area += (np.int64(col[a]) + col[b]) * (np.int64(row[b]) - row[a])
        height[a] = -1
    vertices[place + len(ring)] = ring[0]
    ends[rings] = place + len(ring) + 1
    areas[rings] = area
    return rings + 1
