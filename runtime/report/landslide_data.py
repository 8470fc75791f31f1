"""Landslides as a page holds them: fields by column, and outlines; bounded, and what is left out is told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER, is_null
from landslip.runtime.report.html_parts import told
from landslip.runtime.report.layer_reading import AREA, LayerRead, layers_of, read_largest
from landslip.runtime.report.outlines import OutlineSet, boxes_of, fitting, in_pixels
from landslip.runtime.report.tile_places import Box

MOST = 20_000
"""Landslides that a page shows: more make tables and maps slow."""

MOST_UNSEEN = 50_000
"""Polygons of what was not observed that are read."""

SHARE = 0.35
"""Share of a page's bytes that landslides may take."""

UNSEEN_SHARE = 0.1
"""Share of a page's bytes that outlines of what was not observed may take."""

DECIMALS: Mapping[str, int] = {
    "id": 0,
    "area_m2": 0,
    "area_ha": 2,
    "perimeter_m": 0,
    "length_m": 0,
    "width_m": 0,
    "elev_min": 0,
    "elev_max": 0,
    "relief_m": 0,
    "reach_angle": 1,
    "slope_mean": 1,
    "aspect_mean": 0,
    "confidence_mean": 2,
    "confidence_max": 2,
    "lon": 5,
    "lat": 5,
    "class_share": 2,
}
"""Decimals of each numeric field."""

FIELDS = (
    "id", "area_m2", "area_ha", "perimeter_m", "length_m", "width_m", "elev_min", "elev_max", "relief_m", "reach_angle",
    "slope_mean", "aspect_mean", "confidence_mean", "confidence_max", "confidence_class", "lon", "lat", "date_from",
    "date_to", "edge",
)  # fmt: skip
"""Fields of landslides in the order in which they are shown."""

CLASS_FIELDS = ("class", "class_share")
"""Further fields of landslides in maps of several classes."""

CLASS = "confidence_class"

KIND = "class"
"""Field with the kind of a landslide."""


@dataclass(frozen=True)
class LandslideData:
    """Landslides of a run, or the largest of them."""

    count: int
    """Number of landslides in the file."""
    fields: Mapping[str, list[Any]]
    """Values of each field that the file has, by name; None where unknown."""
    outlines: OutlineSet
    """Outlines in map pixels."""
    shapes: NDArray[Any]
    """(n,) polygons in map pixels, exact."""

    @property
    def shown(self) -> int:
        """Number of landslides that are held."""
        return len(self.shapes)

    @property
    def boxes(self) -> list[tuple[Box, float]]:
        """Box in map pixels and area of each."""
        return list(zip(boxes_of(self.shapes), self.fields[AREA], strict=True))

    @property
    def by_size(self) -> list[int]:
        """Places in the lists, those of the largest first."""
        areas = self.fields[AREA]
        return sorted(range(len(areas)), key=lambda index: -areas[index])


@dataclass(frozen=True)
class UnseenData:
    """Polygons of what was not observed."""

    reasons: list[str]
    """Reason of each."""
    outlines: OutlineSet
    """Outlines in map pixels."""
    shapes: NDArray[Any]
    """(n,) polygons in map pixels, exact."""
    areas: Mapping[str, float]
    """Square metres by reason, the largest first."""


def read_landslides(path: Path, transform: Affine, budget: int, most: int = MOST) -> LandslideData:
    """Read landslides for a page: as many and as exact as it has room for.

    Args:
        path: the GeoPackage.
        transform: of the map grid.
        budget: bytes of the whole page.
        most: landslides that are shown at the most.

    Raises:
        InputError: the file cannot be read.
    """
    room = int(SHARE * budget)
    layer = read_largest(path, LANDSLIDES_LAYER, most)
    while True:
        shapes = in_pixels(layer.shapes, transform)
        fields = _fields(layer)
        figures = len(json.dumps(fields, separators=(",", ":")))
        outlines = fitting(shapes, room - figures)
        if outlines.length + figures <= room or len(shapes) <= 1:
            return LandslideData(layer.count, fields, outlines, shapes)
        layer = layer.largest(len(shapes) // 2)


def read_unseen(path: Path, transform: Affine, budget: int) -> UnseenData | None:
    """Read what was not observed; None where the file has no such layer.

    Args:
        path: the GeoPackage.
        transform: of the map grid.
        budget: bytes of the whole page.

    Raises:
        InputError: the file cannot be read.
    """
    if NOT_OBSERVED_LAYER not in layers_of(path):
        return None
    layer = read_largest(path, NOT_OBSERVED_LAYER, MOST_UNSEEN)
    shapes = in_pixels(layer.shapes, transform)
    reasons = [told(str(reason)) for reason in layer.columns.get("reason", np.full(len(shapes), ""))]
    areas: dict[str, float] = {}
    for reason, area in zip(reasons, layer.columns[AREA].tolist(), strict=True):
        areas[reason] = areas.get(reason, 0.0) + area
    by_size = dict(sorted(areas.items(), key=lambda item: (-item[1], item[0])))
    return UnseenData(reasons, fitting(shapes, int(UNSEEN_SHARE * budget)), shapes, by_size)


def _fields(layer: LayerRead) -> dict[str, list[Any]]:
    return {name: _values(name, layer.columns[name]) for name in (*FIELDS, *CLASS_FIELDS) if name in layer.columns}


def _values(name: str, values: NDArray[Any]) -> list[Any]:
    """Values as JSON has them, no more exact than they are shown."""
    if name in DECIMALS:
        return [_number(value, DECIMALS[name]) for value in values.tolist()]
    return [None if is_null(value) else _plain(value) for value in values.tolist()]


def _number(value: float | None, decimals: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(value, decimals) if decimals else round(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int) else told(str(value))
