"""Polygons of a map in degrees, as web maps and archives want them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.runtime.errors import UsageError
from landslip.runtime.geo.areas import are_valid
from landslip.runtime.geo.longitudes import TURN
from landslip.runtime.geo.projection import to_degrees

DIGITS = 7
"""Decimals of a degree: a centimetre on the ground."""

_EAST, _WEST = shapely.box(0, -90, 180, 90), shapely.box(180, -90, 540, 90)


def in_degrees(geometries: NDArray[np.object_], crs: str) -> NDArray[np.object_]:
    """Polygons in longitude and latitude (WGS 84) with seven decimals, cut where they cross the date line.

    The parts of a polygon that was cut lie at both ends of the globe, as RFC 7946, section 3.1.9, has it.

    Args:
        geometries: polygons or multipolygons (n,), much smaller than half the globe.
        crs: their CRS.

    Returns:
        Multipolygons (n,); outer rings go anticlockwise.

    Raises:
        UsageError: one lies at a pole, where it spans more than half of all longitudes.
    """
    source = CRS.from_user_input(crs)
    moved = shapely.transform(geometries, lambda points: _moved(points, source))
    left, _, right, _ = shapely.bounds(moved).T
    for place in np.flatnonzero(right - left > TURN / 2):
        moved[place] = _cut(moved[place])
    rounded: NDArray[np.object_] = shapely.transform(moved, lambda points: np.round(points, DIGITS) + 0.0)
    return _as_multipolygons(rounded)


def _moved(points: NDArray[np.float64], source: CRS) -> NDArray[np.float64]:
    return np.column_stack(to_degrees(source, points[:, 0], points[:, 1]))


def _cut(polygon: Any) -> Any:
    """A polygon over the date line, whose longitudes jump there, as parts on both of its sides."""
    whole = shapely.transform(polygon, lambda points: points + np.where(points[:, :1] < 0, [TURN, 0.0], 0.0))
    if _jumps(whole) or not are_valid(whole):
        raise UsageError(
            "A polygon at a pole has no outline in longitude and latitude.",
            "Leave out kml and cems: the other files have it in the CRS of the map.",
            option="also",
        )
    east = shapely.transform(shapely.intersection(whole, _WEST), lambda points: points - [TURN, 0.0])
    return shapely.union(shapely.intersection(whole, _EAST), east)


def _jumps(polygon: Any) -> bool:
    """Tell whether a side of a polygon leads over more than half of all longitudes."""
    rings = shapely.get_rings(polygon)
    return any(np.abs(np.diff(shapely.get_coordinates(ring)[:, 0])).max() > TURN / 2 for ring in rings)


def _as_multipolygons(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    """Each as a multipolygon with its rings in order; what cutting has left of lines and points goes."""
    members, owner = shapely.get_parts(geometries, return_index=True)
    parts, member = shapely.get_parts(members, return_index=True)
    kept = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(parts)
    found = np.full(len(geometries), shapely.MultiPolygon(), dtype=object)
    shapely.multipolygons(_ordered(parts[kept]), indices=owner[member[kept]], out=found)
    return found


def _ordered(polygons: NDArray[np.object_]) -> NDArray[np.object_]:
    """Polygons whose outer rings go anticlockwise, and whose inner rings go clockwise."""
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    is_outer = np.diff(polygon, prepend=-1) != 0  # which comes first
    turned = shapely.is_ccw(rings) != is_outer
    rings[turned] = shapely.reverse(rings[turned])
    return np.asarray(shapely.polygons(rings, indices=polygon))
