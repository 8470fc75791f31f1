"""Layers of ``landslides.gpkg`` and their fields: names, types, units, meanings. No files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

LANDSLIDES_LAYER = "landslides"
"""Name of the first layer."""

NOT_OBSERVED_LAYER = "not_observed"
"""Name of the layer of what was not seen, and why."""

LAYERS = (LANDSLIDES_LAYER, NOT_OBSERVED_LAYER)
"""Names of both, in the order of the file; each has a style."""


@dataclass(frozen=True)
class LayerField:
    """Field of a layer."""

    name: str
    """Name in the file."""
    kind: Literal["number", "text", "day", "truth"]
    """Type of its values: float64, text, a date, true or false."""
    meaning: str
    """Meaning in a few words, with the unit; empty where the name says it."""
    attribute: str = ""
    """Name of the attribute of what is written, where that is another one than the name in the file."""


ID_FIELD = "id"
"""First field of both layers: 1, 2, … in the order of the file."""

LANDSLIDE_FIELDS = (
    LayerField("area_m2", "number", "square metres on the ground"),
    LayerField("area_ha", "number", "hectares"),
    LayerField("perimeter_m", "number", "metres, holes included"),
    LayerField("length_m", "number", "longer side of the least rotated rectangle, metres"),
    LayerField("width_m", "number", "shorter side, metres"),
    LayerField("elev_min", "number", "lowest pixel, metres"),
    LayerField("elev_max", "number", "highest pixel, metres"),
    LayerField("relief_m", "number", "elev_max - elev_min"),
    LayerField("reach_angle", "number", "from the highest to the lowest pixel, degrees"),
    LayerField("slope_mean", "number", "degrees"),
    LayerField("aspect_mean", "number", "downhill, degrees clockwise from true north"),
    LayerField("confidence_mean", "number", "0 to 1"),
    LayerField("confidence_max", "number", "0 to 1"),
    LayerField("confidence_class", "text", "by confidence_mean"),
    LayerField("lon", "number", "WGS 84 longitude of a point inside, degrees"),
    LayerField("lat", "number", "WGS 84 latitude of that point, degrees"),
    LayerField("date_from", "day", "earliest image before, UTC"),
    LayerField("date_to", "day", "latest image after, UTC"),
    LayerField("edge", "truth", "touches what was not observed or the border of the map: the area is a minimum"),
)
"""Fields of :data:`LANDSLIDES_LAYER` after the id."""

CLASS_FIELDS = (
    LayerField("class", "text", "class of landslides that most of its pixels have", "class_name"),
    LayerField("class_share", "number", "share of its pixels that have it, 0 to 1"),
)
"""Further fields of :data:`LANDSLIDES_LAYER` in maps of several classes, after the others."""

NOT_OBSERVED_FIELDS = (
    LayerField("reason", "text", ""),
    LayerField("area_m2", "number", "square metres on the ground"),
)
"""Fields of :data:`NOT_OBSERVED_LAYER` after the id."""


def is_null(value: Any) -> bool:
    """Tell whether a value of a field, as it is read back, stands for none: None or NaN."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def meaning_of(fields: tuple[LayerField, ...]) -> str:
    """Meaning of some fields, in one line."""
    return "; ".join(f"{field.name}: {field.meaning}" for field in fields if field.meaning)
