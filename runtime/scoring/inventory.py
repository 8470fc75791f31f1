"""Known landslides on a map: those that count, put right, on its lattice; and how many do not, with the reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.access.location import shown
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.scene.valid_polygons import TooLongError, made_valid
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.scoring.inventory_dates import Interval, compare_dates
from landslip.runtime.scoring.inventory_files import InventoryLayer, read_layer
from landslip.runtime.scoring.inventory_on_map import on_map
from landslip.runtime.scoring.polygon_spans import Ragged

Array = NDArray[Any]

_DEEPEST = 64
"""Known landslides over each other, on average over the map: more is no inventory, and would take for ever."""
_HAIR = 1e-9
"""Pixels."""


@dataclass(frozen=True)
class InventoryUsed:
    """Account of what was taken of an inventory, in numbers of landslides."""

    path: str
    """File, without secrets."""
    layer: str
    """Layer of it."""
    crs: str
    """Coordinate reference system."""
    features: int
    """Features of the layer."""
    polygons: int = 0
    """Polygons that lie in the map, wholly or in part, and count."""
    points: int = 0
    """Points likewise."""
    outside: int = 0
    """Landslides that do not lie in the map."""
    older: int = 0
    """Landslides from before the image before, left out."""
    younger: int = 0
    """Landslides from after the image after, left out."""
    undated: int = 0
    """Landslides without a date that can be read, which count."""
    lines: int = 0
    """Lines, left out."""
    labels: int = 0
    """Points in a polygon of the inventory, left out."""
    without_geometry: int = 0
    """Features without a geometry, or with a damaged one, left out."""
    repaired: int = 0
    """Polygons that crossed themselves and were put right."""
    dated: bool = False
    """True if dates were compared."""
    within: str | None = None
    """Area in which the inventory is complete; None where that is all of the map."""
    tolerance_m: float | None = None
    """Metres from a point within which a mapped landslide counts; None without points."""

    def as_dict(self) -> dict[str, Any]:
        """Give what is written as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Inventory:
    """Known landslides that lie in a map."""

    shapes: Array
    """(n,) polygons and points on the lattice of the map, (column, -row)."""
    is_point: NDArray[np.bool_]
    """(n,) True for a landslide of which a point alone is known."""
    outlines: Ragged
    """The polygons; points have no ring."""
    places: NDArray[np.int64]
    """(n, 2), row and column of a pixel in each."""
    used: InventoryUsed
    """Account of what was taken of the file."""


def read_inventory(truth: Truth, grid: MapGrid, interval: Interval) -> Inventory:
    """Read the known landslides that lie in a map.

    Raises:
        InputMissingError: there is no such file.
        InputError: it cannot be used, with the reason.
        UsageError: it has no such layer or attribute, or the dates of the images are not known.
        ConnectionLostError: it is behind a connection that cannot be made.
    """
    path, layer = shown(truth.location), read_layer(truth)
    used = InventoryUsed(path, layer.name, layer.crs.to_string(), len(layer.shapes))
    layer, used = _in_time(layer, used, interval)
    shapes, used = _usable(layer.shapes, used)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # of coordinates that are no place
            placed = on_map(shapes, layer.crs, grid)
    except (*RASTER_ERRORS, ShapelyError) as error:
        raise InputError(
            f"The known landslides in {path} cannot be brought to {grid.crs} ({reason(error)}).",
            "Check their coordinate reference system, and give the right one with `truth_crs`.",
            where=path,
            option="truth_crs",
        ) from error
    return _in_map(placed, used, grid, truth)


def _in_time(layer: InventoryLayer, used: InventoryUsed, interval: Interval) -> tuple[InventoryLayer, InventoryUsed]:
    if layer.dates is None:
        return layer, used
    if interval.first is None and interval.last is None:
        raise UsageError(
            "The dates of the images are not known, so the dates of landslides say nothing.",
            "Map with `pre_date` and `post_date`, or leave `date_field` out.",
            option="date_field",
        )
    dates = compare_dates(layer.dates, interval)
    shapes, kept = layer.shapes[~dates.outside], int(dates.unread[~dates.outside].sum())
    used = replace(used, dated=True, older=dates.older, younger=dates.younger, undated=kept)
    return replace(layer, shapes=shapes, dates=None), used


def _usable(shapes: Array, used: InventoryUsed) -> tuple[Array, InventoryUsed]:
    """Polygons and points, whole, each point by itself."""
    sound = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    sound[sound] = np.isfinite(shapely.bounds(shapes[sound])).all(axis=1)
    shapes = shapes[sound]
    kinds = shapely.get_dimensions(shapes)
    polygons = shapes[kinds == 2]
    try:
        whole = made_valid(polygons)
    except TooLongError as error:
        raise InputError(
            f"The outlines in {used.path} cross themselves too often to be put right ({error}).",
            "Simplify them, for example with ogr2ogr -simplify, or put them right in QGIS (Fix geometries).",
            where=used.path,
        ) from error
    repaired = np.array([one is not other for one, other in zip(whole, polygons, strict=True)], dtype=np.bool_)
    repaired[repaired] = ~shapely.equals_identical(whole[repaired], polygons[repaired])
    points = shapely.get_parts(shapes[kinds == 0])
    labels = np.zeros(len(points), dtype=np.bool_)
    if len(points) and len(whole):
        inside, _ = shapely.STRtree(whole).query_nearest(points, max_distance=_HAIR, all_matches=False)
        labels[inside] = True
    used = replace(
        used,
        without_geometry=int((~sound).sum()),
        lines=int((kinds == 1).sum()),
        labels=int(labels.sum()),
        repaired=int(repaired.sum()),
    )
    if len(shapes) and used.lines == len(shapes):
        raise InputError(
            f"{used.path} holds lines, which have neither an area nor a place.", "Give polygons or points.",
            where=used.path,
        )  # fmt: skip
    return np.concatenate([whole, points[~labels]]), used


def _in_map(placed: Array, used: InventoryUsed, grid: MapGrid, truth: Truth) -> Inventory:
    shapes = placed[~(shapely.is_empty(placed) | _slivers(placed, grid))]
    inner = shapely.point_on_surface(shapes)
    places = np.floor(np.column_stack([-shapely.get_y(inner), shapely.get_x(inner)])).astype(np.int64)
    kept = (places >= 0).all(axis=1) & (places[:, 0] < grid.height) & (places[:, 1] < grid.width)
    shapes, places = shapes[kept], places[kept]
    is_point: NDArray[np.bool_] = shapely.get_dimensions(shapes) == 0
    outlines = Ragged.of(shapes)
    most = _DEEPEST * grid.height * grid.width
    if shapely.area(shapes).sum() > most or outlines.crossings > most:
        raise InputError(
            f"The outlines in {used.path} lie over each other more than {_DEEPEST} times.",
            "Merge them, or remove what is there several times.",
            where=used.path,
        )
    points = int(is_point.sum())
    used = replace(
        used,
        polygons=len(shapes) - points,
        points=points,
        outside=len(placed) - len(shapes),
        within=None if truth.within is None else shown(truth.within),
        tolerance_m=truth.tolerance if points else None,
    )
    return Inventory(shapes, is_point, outlines, places, used)


def _slivers(placed: Array, grid: MapGrid) -> NDArray[np.bool_]:
    """Tell which polygons the edge of the map cuts so that less than a pixel of them is left."""
    lefts, bottoms, rights, tops = shapely.bounds(placed).T
    cut = (lefts <= 0) | (rights >= grid.width) | (bottoms <= -grid.height) | (tops >= 0)
    slivers: NDArray[np.bool_] = cut & (shapely.get_dimensions(placed) > 0) & (shapely.area(placed) < 1.0)
    return slivers
