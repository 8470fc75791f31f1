"""Words for the fields of ``landslides.gpkg``, with units, and what QGIS shows of a feature below the mouse."""

from __future__ import annotations

from landslip.runtime.styles.palette import REASON_LABELS

LANDSLIDE_LABELS: dict[str, str] = {
    "id": "Number",
    "area_m2": "Area (m²)",
    "area_ha": "Area (ha)",
    "perimeter_m": "Perimeter (m)",
    "length_m": "Length (m)",
    "width_m": "Width (m)",
    "elev_min": "Lowest point (m)",
    "elev_max": "Highest point (m)",
    "relief_m": "Height difference (m)",
    "reach_angle": "Reach angle (°)",
    "slope_mean": "Mean slope (°)",
    "aspect_mean": "Mean direction downhill (° from north)",
    "confidence_mean": "Mean confidence (0 to 1)",
    "confidence_max": "Highest confidence (0 to 1)",
    "confidence_class": "Confidence class",
    "lon": "Longitude of a point inside (°)",
    "lat": "Latitude of a point inside (°)",
    "date_from": "Image before (date)",
    "date_to": "Image after (date)",
    "edge": "Touches what was not observed: the area is a minimum",
}
"""Words for each field of the layer ``landslides``, in the order of the fields."""

CLASS_FIELD_LABELS: dict[str, str] = {
    "class": "Class",
    "class_share": "Share of its pixels that have the class (0 to 1)",
}
"""Words for the further fields of landslides in maps of several classes."""

NOT_OBSERVED_LABELS: dict[str, str] = {"id": "Number", "reason": "Reason", "area_m2": "Area (m²)"}
"""Words for each field of the layer ``not_observed``."""

_UNKNOWN = "unknown"


def _number(expression: str, unit: str) -> str:
    """Expression of QGIS in a text: a whole number in the manner of the user's country, or ``unknown``."""
    return f"[% coalesce(format_number({expression}, 0) || '{unit}', '{_UNKNOWN}') %]"


def _text(field: str) -> str:
    """Expression of QGIS in a text: a field, with its marks of HTML made harmless, or ``unknown``."""
    safe = f"replace(replace(to_string(\"{field}\"), '&', '&amp;'), '<', '&lt;')"
    return f"[% coalesce({safe}, '{_UNKNOWN}') %]"


def _row(words: str, value: str) -> str:
    return f"<tr><td>{words}</td><td>{value}</td></tr>"


_LENGTH, _WIDTH = _number('"length_m"', " m"), _number('"width_m"', " m")
_CONFIDENCE = _number('100 * "confidence_mean"', " %")
_UNSEEN_AREA = _number('"area_m2"', " m²")

_CLASS_SHARE = _number('100 * "class_share"', " %")


def _landslide_tip(*first: str) -> str:
    rows = (
        f'<b>Landslide {_text("id")}</b><table cellspacing="4">',
        *first,
        _row("Area", _number('"area_m2"', " m²") + "[% if(\"edge\", ' or more', '') %]"),
        _row("Length, width", f"{_LENGTH}, {_WIDTH}"),
        _row("Height difference", _number('"relief_m"', " m")),
        _row("Mean slope", _number('"slope_mean"', "°")),
        _row("Confidence", f"{_CONFIDENCE} ({_text('confidence_class')})"),
        _row("Images", f"{_text('date_from')} to {_text('date_to')}"),
        "</table>",
    )
    return "".join(rows)


LANDSLIDE_TIP = _landslide_tip()
"""HTML with the main figures of a landslide; expressions between ``[%`` and ``%]`` are QGIS's."""

CLASS_TIP = _landslide_tip(_row("Class", f"{_text('class')} ({_CLASS_SHARE} of its pixels)"))
"""HTML with the main figures of a landslide in maps of several classes, its class first."""

_WORDS = ", ".join(f"'{reason}', '{words}'" for reason, words in REASON_LABELS.items())
_REASON = f"[% coalesce(map_get(map({_WORDS}), \"reason\"), '{_UNKNOWN}') %]"

NOT_OBSERVED_TIP = f"<b>Not observed</b><br>{_REASON}, {_UNSEEN_AREA}"
"""HTML that says why a part was not observed."""
