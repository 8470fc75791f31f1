"""Symbols of QGIS for areas: what is filled, outlined and hatched."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from landslip.runtime.styles.markup import Attributes, element, properties
from landslip.runtime.styles.palette import Colour


def fill_symbol(name: str, *layers: Element) -> Element:
    """Symbol of an area.

    Args:
        name: by which a renderer refers to it.
        layers: drawn in this order, the lowest first.
    """
    return _symbol(name, "fill", layers)


def outline(colour: Colour, millimetres: float, turn: int = 0) -> Element:
    """Line around an area, centred on its border: as wide at every scale, so that the smallest area is seen.

    Args:
        colour: of the line.
        millimetres: its width.
        turn: when it is drawn where a renderer draws in turns: after those of all areas that have a lower one.
    """
    line: Attributes = {"line_color": rgba(colour), "line_width": millimetres, "line_width_unit": "MM"}
    return _layer("SimpleLine", {**line, "line_style": "solid", "joinstyle": "round", "capstyle": "round"}, turn=turn)


def filling(colour: Colour, opacity: float, turn: int = 0) -> Element:
    """Area of one colour without a line around it; ``opacity`` from 0 to 1, ``turn`` as for a line."""
    return _layer("SimpleFill", {"color": rgba(colour, opacity), "style": "solid", "outline_style": "no"}, turn=turn)


def hatch(symbol: str, number: int, colour: Colour, angle: float) -> Element:
    """Parallel lines across an area.

    Args:
        symbol: name of the symbol that it is a layer of.
        number: place among the layers of the symbol, from 0.
        colour: of the lines.
        angle: degrees from the horizontal, anticlockwise.
    """
    lines = {"angle": angle, "distance": 2.0, "distance_unit": "MM", "offset": 0, "offset_unit": "MM"}
    stroke = {"line_color": rgba(colour), "line_width": 0.4, "line_width_unit": "MM", "line_style": "solid"}
    line = _symbol(f"@{symbol}@{number}", "line", (_layer("SimpleLine", stroke),))
    return _layer("LinePatternFill", lines, line)


def rgba(colour: Colour, opacity: float = 1.0) -> str:
    """Colour in QGIS's words."""
    return ",".join(str(each) for each in (*colour, round(255 * opacity)))


def _symbol(name: str, kind: str, layers: tuple[Element, ...]) -> Element:
    facts = {"name": name, "type": kind, "alpha": 1, "clip_to_extent": 1, "force_rhr": 0}
    return element("symbol", facts, *layers)


def _layer(kind: str, values: Attributes, *inner: Element, turn: int = 0) -> Element:
    facts = {"class": kind, "enabled": 1, "locked": 0, "pass": turn}
    return element("layer", facts, *properties(values), *inner)
