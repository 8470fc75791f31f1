"""XML as QGIS reads it, built from elements, so that every text in it is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

Attributes = Mapping[str, object]
"""Attributes of an element by name: texts and numbers."""

_TYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def element(tag: str, attributes: Attributes | None = None, *children: Element, text: str = "") -> Element:
    """Element with attributes, a text, and children in order."""
    made = Element(tag, {name: plain(value) for name, value in (attributes or {}).items()})
    made.text = text or None
    made.extend(children)
    return made


def properties(values: Attributes) -> tuple[Element, ...]:
    """Settings of a symbol layer, in the way of QGIS 3.20 and later, and in that of earlier ones."""
    options = (element("Option", {"name": name, "type": "QString", "value": value}) for name, value in values.items())
    return (
        element("Option", {"type": "Map"}, *options),
        *(element("prop", {"k": name, "v": value}) for name, value in values.items()),
    )


def document(root: Element) -> str:
    """Text of a whole QML or project file; the same elements make the same text."""
    ET.indent(root, " ")
    return _TYPE + ET.tostring(root, encoding="unicode") + "\n"


def plain(value: object) -> str:
    """Number in plain decimals, without an exponent or needless zeros; a text as it is."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
