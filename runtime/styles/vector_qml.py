"""Styles of the layers of ``landslides.gpkg`` for QGIS: renderer, names of fields, map tip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element

from landslip.runtime.styles.field_labels import (
    CLASS_FIELD_LABELS,
    CLASS_TIP,
    LANDSLIDE_LABELS,
    LANDSLIDE_TIP,
    NOT_OBSERVED_LABELS,
    NOT_OBSERVED_TIP,
)
from landslip.runtime.styles.markup import document, element
from landslip.runtime.styles.palette import (
    CLASS_COLOURS,
    CLASS_LABELS,
    NOT_OBSERVED_FILL,
    NOT_OBSERVED_HATCH,
    REASON_LABELS,
    RIM,
    Colour,
)
from landslip.runtime.styles.symbols import fill_symbol, filling, hatch, outline

_ANGLES = {"outside": (), "nodata": (45,), "mask": (135,), "void": (0,), "damaged": (45, 135), "unmapped": (90,)}
"""Directions of the lines of each reason, degrees: so they are told apart in print, without colours."""


def landslides_qml(*, classes: bool = False) -> str:
    """Style of the layer ``landslides``, as the text of a QML file: a colour by confidence, seen at any scale.

    Args:
        classes: whether landslides have the fields of maps of several classes.
    """
    return document(element("qgis", _HEAD, *landslides_style(classes=classes)))


def not_observed_qml() -> str:
    """Style of the layer ``not_observed``, as the text of a QML file: grey, and hatched by reason."""
    return document(element("qgis", _HEAD, *not_observed_style()))


def landslides_style(*, classes: bool = False) -> tuple[Element, ...]:
    """Parts of the style of ``landslides``, as they stand in a QML file and below a layer of a project."""
    labels, tip = (LANDSLIDE_LABELS | CLASS_FIELD_LABELS, CLASS_TIP) if classes else (LANDSLIDE_LABELS, LANDSLIDE_TIP)
    symbols = [_landslide(number, colour) for number, colour in enumerate(CLASS_COLOURS.values())]
    renderer = _categorised("confidence_class", CLASS_LABELS, symbols, in_turns=True)
    return renderer, *_words(labels, "'Landslide ' || \"id\"", tip)


def not_observed_style() -> tuple[Element, ...]:
    """Parts of the style of ``not_observed``, as for :func:`landslides_style`."""
    symbols = [_unseen(str(number), _ANGLES[reason]) for number, reason in enumerate(REASON_LABELS)]
    renderer = _categorised("reason", REASON_LABELS, symbols)
    return renderer, *_words(NOT_OBSERVED_LABELS, "'Not observed: ' || \"reason\"", NOT_OBSERVED_TIP)


_HEAD = {"version": "3.22.0", "styleCategories": "AllStyleCategories", "hasScaleBasedVisibilityFlag": 0}


def _landslide(number: int, colour: Colour) -> Element:
    """Dark rim below a line in the colour itself, so that an area smaller than both is a dot of that colour.

    The rims of all come first and the surest landslides last, so that from far none hides a surer one.
    """
    turn = 2 * (len(CLASS_COLOURS) - number)
    return fill_symbol(str(number), outline(RIM, 0.76), filling(colour, 0.6, turn - 1), outline(colour, 0.46, turn))


def _unseen(name: str, angles: Iterable[float]) -> Element:
    lines = (hatch(name, number, NOT_OBSERVED_HATCH, angle) for number, angle in enumerate(angles, 1))
    return fill_symbol(name, filling(NOT_OBSERVED_FILL, 0.85), *lines)


def _categorised(field: str, labels: Mapping[str, str], symbols: list[Element], *, in_turns: bool = False) -> Element:
    """Renderer with a symbol for each value of a field."""
    categories = (
        element("category", {"value": value, "symbol": number, "label": label, "render": "true", "type": "string"})
        for number, (value, label) in enumerate(labels.items())
    )
    facts = {
        "type": "categorizedSymbol",
        "attr": field,
        "enableorderby": 0,
        "forceraster": 0,
        "symbollevels": int(in_turns),
    }
    return element("renderer-v2", facts, element("categories", {}, *categories), element("symbols", {}, *symbols))


def _words(fields: Mapping[str, str], name: str, tip: str) -> tuple[Element, ...]:
    """Names of fields, expression that names a feature, and map tip."""
    aliases = (
        element("alias", {"field": field, "index": number, "name": label})
        for number, (field, label) in enumerate(fields.items(), 1)
    )
    return (
        element("aliases", {}, *aliases),
        element("previewExpression", text=name),
        element("mapTip", text=tip),
    )
