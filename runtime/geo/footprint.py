"""Outline on the globe of the pixels of a grid that were observed, as GeoJSON (RFC 7946) wants it. Pure geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from shapely.geometry.polygon import orient

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.access.polygon_pixels import outlines_of
from landslip.runtime.geo.longitudes import TURN, Box, near
from landslip.runtime.geo.projection import to_degrees

MOST_POINTS = 500
"""Most corners of an outline, about."""

_MOST_EDGES = 2000
"""Most edges between pixels that are observed and others for an outline to be simplified: the time grows with them."""
_STEPS = 0.75
"""Pixels by which an outline is simplified: the steps of a slanting side are 0.71 high."""
_SMALL = 4
"""Pixels of parts that stay as they are."""
_PIECES = 64
"""Pieces of the longer side of a grid: between them its sides, straight there, are straight in degrees."""
_STRAIGHT = 5e-4
"""Share of the extent by which a corner may lie off its side to be left out."""
_DIGITS = 6
"""Decimals of a degree, a tenth of a metre."""
_HALF = TURN / 2


@dataclass(frozen=True)
class Footprint:
    """An outline in degrees, cut at the date line, its outer rings counterclockwise."""

    geometry: dict[str, Any]
    """GeoJSON: a Polygon or MultiPolygon."""
    bbox: Box
    """West, south, east, north; west is larger than east where it lies over the date line (RFC 7946, 5.2)."""


def footprint(observed: NDArray[np.bool_], transform: Affine, crs: CRS) -> Footprint | None:
    """The outline of pixels that were observed, simplified; None where there are none, or their place is unknown.

    Args:
        observed: (rows, cols) of a coarse grid, some hundreds of pixels along a side.
        transform: from (column, row) to its CRS.
        crs: a projected CRS.
    """
    if not observed.any():
        return None
    outline = _simple(observed)
    while outline is None:
        observed, transform = _halved(observed), transform @ Affine.scale(2)
        outline = _simple(observed)
    outline = _within(outline, transform, observed.shape)
    corners = shapely.get_coordinates(outline)
    try:
        xs, ys = to_degrees(crs, corners[:, 0], corners[:, 1])
    except RASTER_ERRORS:
        return None
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        return None
    placed = np.column_stack([near(xs, float(xs[0])), ys])
    extent = float((placed.max(axis=0) - placed.min(axis=0)).max())
    return _footprint(_sound(shapely.simplify(shapely.set_coordinates(outline, placed), _STRAIGHT * extent)))


def _simple(observed: NDArray[np.bool_]) -> Any | None:
    """Polygons around the pixels, in columns and rows; None where they have too many corners."""
    framed = np.pad(observed, 1)
    if sum(np.count_nonzero(np.diff(framed, axis=axis)) for axis in (0, 1)) > _MOST_EDGES:
        return None
    parts = outlines_of(observed)
    simple = np.where(shapely.area(parts) > _SMALL, shapely.simplify(parts, _STEPS), parts)
    outline = _sound(shapely.union_all(simple))
    return outline if shapely.get_num_coordinates(outline) <= MOST_POINTS else None


def _halved(observed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels twice as large, observed where one of the four is."""
    rows, cols = observed.shape
    even = np.pad(observed, ((0, rows % 2), (0, cols % 2)))
    return np.asarray(even.reshape(-(-rows // 2), 2, -(-cols // 2), 2).any(axis=(1, 3)))


def _within(outline: Any, transform: Affine, shape: tuple[int, ...]) -> Any:
    """An outline in columns and rows, in the CRS, with points along its sides, which bend in degrees."""
    long = shapely.segmentize(outline, max(1.0, max(shape) / _PIECES))
    return shapely.affinity.affine_transform(
        long, (transform.a, transform.b, transform.d, transform.e, transform.c, transform.f)
    )


def _sound(shape: Any) -> Any:
    """The polygons of a shape, valid: simplified parts may come to lie on each other."""
    return shapely.union_all(_polygons(shapely.make_valid(shape)))


def _footprint(shape: Any) -> Footprint | None:
    """An outline whose longitudes may go beyond 180 degrees, cut and told as GeoJSON."""
    world, shape = shapely.box(-_HALF, -90.0, _HALF, 90.0), _rounded(shape)
    turned = [shapely.affinity.translate(shape, turns * TURN) for turns in (-1, 0, 1)]
    cut = [_rounded(shapely.intersection(each, world)) for each in turned]
    parts = [orient(part) for each in cut for part in _polygons(each)]
    if not parts:
        return None
    rings = [[_ring(part.exterior), *map(_ring, part.interiors)] for part in parts]
    kind, coordinates = ("Polygon", rings[0]) if len(rings) == 1 else ("MultiPolygon", rings)
    return Footprint({"type": kind, "coordinates": coordinates}, _bbox(shape.bounds))


def _rounded(shape: Any) -> Any:
    return shapely.set_precision(shape, 10.0**-_DIGITS)


def _ring(ring: Any) -> list[list[float]]:
    return [[round(float(x), _DIGITS), round(float(y), _DIGITS)] for x, y in shapely.get_coordinates(ring)]


def _bbox(whole: Box) -> Box:
    """Box around an outline whose longitudes may go beyond 180 degrees."""
    west, south, east, north = whole
    if east - west >= TURN:
        west, east = -_HALF, _HALF
    elif west < -_HALF or east > _HALF:
        west, east = near(west, 0.0), near(east, 0.0)
    left, bottom, right, top = (round(float(edge), _DIGITS) for edge in (west, south, east, north))
    return left, bottom, right, top


def _polygons(shape: Any) -> list[Any]:
    parts = shapely.get_parts(shapely.get_parts(shape))  # making a shape valid may leave collections of collections
    return [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
