"""Attributes of landslides, many at a time: from what was counted of their pixels, and their outlines.

What they mean, and where their definitions come from, is in ``docs/decisions/attributes.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.geo.longitudes import near
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import to_degrees
from landslip.runtime.products import tallies as tal
from landslip.runtime.products.landslide import CONFIDENCE_CLASSES, Landslide
from landslip.runtime.products.least_rectangles import lengths_and_widths
from landslip.runtime.products.pixel_sets import ClosedSets
from landslip.runtime.products.true_sizes import TrueSizes

Array = NDArray[Any]
Dates = tuple[str | None, str | None]
"""Dates between which landslides happened, ISO 8601; None where nobody says."""


class Attributes:
    """Maker of landslides of one map."""

    def __init__(self, grid: MapGrid, dates: Dates, classes: Sequence[ClassSpec] = ()) -> None:
        """Take the map grid, the dates that every landslide gets, and the classes whose pixels were counted."""
        self._grid, self._dates, self._sizes = grid, dates, TrueSizes(grid)
        self._classes = classes

    def landslides(self, sets: ClosedSets, min_area: float) -> list[Landslide]:
        """The landslides of closed sets, from an area in square metres on, in their order."""
        sets, areas = self._sizes.at_least(sets, min_area)
        if not len(sets):
            return []
        outlines, tallies = sets.outlines(self._grid.transform), sets.tallies
        places = self._sizes.places(tallies)
        scales = self._sizes.scales(places)
        means = tallies[:, tal.VALUE_SUM] / (100 * tallies[:, tal.PIXELS])
        columns: dict[str, list[Any]] = {
            "geometry": outlines.tolist(),
            "pixels": tallies[:, tal.PIXELS].tolist(),
            "area_m2": areas.tolist(),
            "area_ha": (areas / 1e4).tolist(),
            **_extents(outlines, places, scales),
            **self._heights(tallies, scales),
            "slope_mean": _mean_slopes(tallies),
            "aspect_mean": _aspects(tallies),
            "confidence_mean": means.tolist(),
            "confidence_max": (tallies[:, tal.VALUE_MAX] / 100).tolist(),
            "confidence_class": confidence_classes(means),
            **self._points(outlines),
            "edge": (tallies[:, tal.EDGE] > 0).tolist(),
            **_classes(tallies, self._classes),
        }
        date_from, date_to = self._dates
        return [
            Landslide(**dict(zip(columns, values, strict=True)), date_from=date_from, date_to=date_to)
            for values in zip(*columns.values(), strict=True)
        ]

    def _heights(self, tallies: Array, scales: Array) -> dict[str, list[float | None]]:
        """Lowest and highest elevation, the difference, and the angle between these two pixels."""
        known = tallies[:, tal.HEIGHTS] > 0
        low, high = tallies[:, tal.LOW] / tal.UNIT, -tallies[:, tal.HIGH] / tal.UNIT
        drop = (-tallies[:, tal.HIGH] - tallies[:, tal.LOW]) / tal.UNIT
        along_x = (tallies[:, tal.HIGH_COL] - tallies[:, tal.LOW_COL]) * self._grid.transform.a * scales[:, 0]
        along_y = (tallies[:, tal.HIGH_ROW] - tallies[:, tal.LOW_ROW]) * self._grid.transform.e * scales[:, 1]
        distance = np.hypot(along_x, along_y)
        angle = np.degrees(np.arctan2(drop, distance))
        angle[distance == 0] = np.nan
        found = {"elev_min": low, "elev_max": high, "relief_m": drop, "reach_angle": angle}
        return {name: _or_none(values, known) for name, values in found.items()}

    def _points(self, outlines: Array) -> dict[str, list[float | None]]:
        """Longitude and latitude of a point inside each outline."""
        places = shapely.get_coordinates(shapely.point_on_surface(outlines))
        lon, lat = to_degrees(self._grid.crs, places[:, 0], places[:, 1])
        known = np.isfinite(lon) & np.isfinite(lat)
        with np.errstate(invalid="ignore"):
            return {"lon": _or_none(near(lon, 0.0), known), "lat": _or_none(lat, known)}


def confidence_classes(means: NDArray[np.float64]) -> list[str]:
    """Name of the confidence class of each mean confidence."""
    names, least = list(CONFIDENCE_CLASSES), list(CONFIDENCE_CLASSES.values())
    return [names[index - 1] for index in np.searchsorted(least, means, side="right").tolist()]


def _classes(tallies: Array, classes: Sequence[ClassSpec]) -> dict[str, list[Any]]:
    """Class of landslides that most pixels have, of equal ones the first, and their share; nothing without classes."""
    if not classes:
        return {}
    counts = tallies[:, tal.TALLIES :] * [each.landslide for each in classes]
    most = counts.max(axis=1)
    names = [classes[index].name if count else None for index, count in zip(counts.argmax(1), most, strict=True)]
    return {"class_name": names, "class_share": _or_none(most / tallies[:, tal.PIXELS], most > 0)}


def _extents(outlines: Array, places: Array, scales: Array) -> dict[str, list[float]]:
    """Perimeter, length and width in true metres."""
    sides = lengths_and_widths(_scaled(shapely.convex_hull(outlines), places, scales))
    return {
        "perimeter_m": shapely.length(_scaled(outlines, places, scales)).tolist(),
        "length_m": sides[:, 0].tolist(),
        "width_m": sides[:, 1].tolist(),
    }


def _scaled(shapes: Array, places: Array, scales: Array) -> Array:
    """Shapes in true metres from a place of each."""
    owner = np.repeat(np.arange(len(shapes)), shapely.get_num_coordinates(shapes))

    def from_place(points: Array) -> Array:
        points -= places[owner]
        points *= scales[owner]
        return points

    scaled: Array = shapely.transform(shapes, from_place)
    return scaled


def _mean_slopes(tallies: Array) -> list[float | None]:
    pixels = tallies[:, tal.SLOPE_PIXELS]
    return _or_none(tallies[:, tal.SLOPE_SUM] / (tal.UNIT * np.maximum(pixels, 1)), pixels > 0)


def _aspects(tallies: Array) -> list[float | None]:
    """Direction of the summed downhill vectors, which are the negative of the rise."""
    east, north = -tallies[:, tal.EAST_SUM], -tallies[:, tal.NORTH_SUM]
    degrees = np.degrees(np.arctan2(east.astype(np.float64), north.astype(np.float64))) % 360
    degrees[degrees == 360] = 0.0  # of tiny negative ones
    return _or_none(degrees, (east != 0) | (north != 0))


def _or_none(values: NDArray[np.float64], known: NDArray[np.bool_]) -> list[float | None]:
    known = known & np.isfinite(values)
    return [value if is_known else None for value, is_known in zip(values.tolist(), known.tolist(), strict=True)]
