"""Outlines of polygons as whole numbers: corners in map pixels, each after the first as a step from the one before.

Landslides run along the edges of pixels, so nothing is lost; where there are too many corners for a page, outlines are
simplified first (Douglas and Peucker), and the page says by how much.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.report.tile_places import Box

Rings = list[list[int]]
"""Rings of a polygon, outer ones and holes alike: x, y, then steps (dx, dy); the last corner leads to the first."""

TOLERANCES = (0, 1, 2, 4, 8, 16)
"""Map pixels by which outlines may be simplified, one after the other."""


@dataclass(frozen=True)
class OutlineSet:
    """Outlines of some polygons."""

    rings: list[Rings]
    """Rings of each polygon."""
    tolerance: int
    """Map pixels by which they were simplified; 0 for exact ones."""
    length: int
    """Characters that they take as JSON."""


def in_pixels(shapes: NDArray[Any], transform: Affine) -> NDArray[Any]:
    """Geometries in columns and rows of a map that is north up."""

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return (points - (transform.c, transform.f)) / (transform.a, transform.e)

    found: NDArray[Any] = shapely.transform(shapes, moved)
    return found


def boxes_of(shapes: NDArray[Any]) -> list[Box]:
    """Boxes of map pixels around geometries in pixels."""
    found = shapely.bounds(shapes)
    whole = np.column_stack((np.floor(found[:, :2]), np.ceil(found[:, 2:]))) if len(shapes) else found
    return [(left, top, right, bottom) for left, top, right, bottom in whole.astype(int).tolist()]


def fitting(shapes: NDArray[Any], most: int) -> OutlineSet:
    """Outlines that take no more than so many characters, as exact as that allows; longer where nothing helps.

    Args:
        shapes: (n,) polygons in map pixels.
        most: characters of JSON.
    """
    found = OutlineSet([], 0, 2)
    for tolerance in TOLERANCES:
        simple = shapes if not tolerance else shapely.simplify(shapes, tolerance, preserve_topology=False)
        # What became nothing keeps its outline.
        simple = np.where(shapely.is_empty(simple), shapes, simple) if tolerance else simple
        rings = rings_of(simple)
        found = OutlineSet(rings, tolerance, len(json.dumps(rings, separators=(",", ":"))))
        if found.length <= most:
            break
    return found


def rings_of(shapes: NDArray[Any] | Sequence[Any]) -> list[Rings]:
    """Rings of each polygon, in map pixels."""
    found: list[Rings] = [[] for _ in shapes]
    parts, whose = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    places = np.rint(corners).astype(np.int64)
    steps = np.diff(places, axis=0, prepend=places[:1] * 0)
    starts = np.searchsorted(ring, np.arange(len(rings)))
    steps[starts] = places[starts]
    ends = np.searchsorted(ring, np.arange(len(rings)), side="right") - 1  # the last corner is the first again
    flat = steps.reshape(-1).tolist()
    for owner, start, end in zip(whose[part].tolist(), starts.tolist(), ends.tolist(), strict=True):
        found[owner].append(flat[2 * start : 2 * end])
    return found
