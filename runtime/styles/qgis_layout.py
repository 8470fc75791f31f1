"""Print layout of a project for QGIS: A4 across, with title, map, legend, scale bar, north arrow and provenance."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from landslip.runtime.styles.map_sheet import Box, MapSheet, view_of
from landslip.runtime.styles.markup import Attributes, element
from landslip.runtime.styles.symbols import fill_symbol, filling

LAYOUT = "Landslide map"
"""Name of the layout."""

_PAGE: Box = (0, 0, 297, 210)
_MAP: Box = (10, 29, 205, 165)
_COLUMN, _COLUMN_WIDTH = 221, 66
"""Left edge and width of the column beside the map, millimetres. Boxes are left, top, width, height."""
_PART_OF_BAR = 22
"""Millimetres of each part of the scale bar, at the most."""

_FONT = "Arial"
_INK, _QUIET, _WARNING = (0, 0, 0), (90, 90, 90), (150, 0, 40)
_MAP_ID = "{6c616e64-736c-6970-0000-000000000001}"
_KINDS = {"page": 65638, "map": 65639, "picture": 65640, "label": 65641, "legend": 65642, "scale bar": 65646}
_ARROW = ":/images/north_arrows/layout_default_north_arrow.svg"
"""Picture that QGIS itself brings."""


def layout(sheet: MapSheet, legend_tree: Element) -> Element:
    """Layout of a map.

    Args:
        sheet: what it shows.
        legend_tree: the layers of its legend, as a tree of layers of the project.
    """
    items = [
        _map(_view(sheet.bounds)),
        _label(2, (10, 7, 277, 11), sheet.title, _points_that_fit(sheet.title), bold=True),
        _label(3, (10, 19, 277, 8), sheet.subtitle, 11),
        _label(4, (_COLUMN, _MAP[1], _COLUMN_WIDTH, 19), "\n".join(sheet.findings), 10, bold=True),
        _label(5, (_COLUMN, 49, _COLUMN_WIDTH, 16), sheet.notice, 8, colour=_WARNING),
        _legend(legend_tree, below_notice=bool(sheet.notice)),
        _north_arrow(),
        _scale_bar(sheet.bar_metres),
        _label(9, (10, 196, 277, 9), sheet.provenance, 7, colour=_QUIET),
    ]
    pages = element("PageCollection", {}, _paper(), _item(0, "page", _PAGE, {}, _paper()))
    facts = {"name": LAYOUT, "units": "mm", "printResolution": 300, "worldFileMap": ""}
    return element("Layout", facts, pages, *items)


def room_for_bar(bounds: Box) -> float:
    """Metres of the projection that have room in one of the two parts of the scale bar, of a map with these bounds."""
    left, _, right, _ = _view(bounds)
    return (right - left) / _MAP[2] * _PART_OF_BAR


def _view(bounds: Box) -> Box:
    return view_of(bounds, _MAP[2] / _MAP[3])


def as_data(text: str) -> str:
    """A text in which QGIS computes nothing: it takes what stands between ``[%`` and ``%]`` for an expression."""
    return text.replace("[%", "[% '[' || '%' %]")


def _item(number: int, kind: str, box: Box, more: Attributes, *inner: Element) -> Element:
    left, top, width, height = box
    identity = f"{{6c616e64-736c-6970-0000-{number:012d}}}"
    facts = {
        "type": _KINDS[kind], "uuid": identity, "templateUuid": identity, "id": kind, "zValue": number,
        "position": f"{left:g},{top:g},mm", "positionOnPage": f"{left:g},{top:g},mm",
        "size": f"{width:g},{height:g},mm", "referencePoint": 0, "visibility": 1, "opacity": 1, "frame": "false",
        "background": "false", "outlineWidthM": "0.2,mm", "excludeFromExports": 0, "itemRotation": 0, "blendMode": 0,
    }  # fmt: skip
    return element("LayoutItem", {**facts, **more}, *inner)


def _paper() -> Element:
    return fill_symbol("", filling((255, 255, 255), 1.0))


def _map(view: Box) -> Element:
    left, bottom, right, top = view
    extent = element("Extent", {"xmin": left, "ymin": bottom, "xmax": right, "ymax": top})
    return _item(
        1, "map", _MAP, {"frame": "true", "background": "true", "drawCanvasItems": "false", "keepLayerSet": "false"},
        extent, element("LayerSet"),
    )  # fmt: skip


def _label(
    number: int, box: Box, text: str, points: float, *, colour: tuple[int, int, int] = _INK, bold: bool = False
) -> Element:
    facts = {"labelText": as_data(text), "htmlState": 0, "halign": 1, "valign": 32, "marginX": 0, "marginY": 0}
    return _item(number, "label", box, facts, element("LabelFont", {"description": _font(points, bold)}), _ink(colour))


def _ink(colour: tuple[int, int, int]) -> Element:
    return element("FontColor", {**dict(zip(("red", "green", "blue"), colour, strict=True)), "alpha": 255})


def _font(points: float, bold: bool = False) -> str:
    """Font in Qt's words."""
    return f"{_FONT},{points:g},-1,5,{75 if bold else 50},0,0,0,0,0"


def _points_that_fit(title: str) -> float:
    """Size of a title that fits into one line, if it is not very long: a letter takes 0.22 mm for each point, about."""
    return max(9.0, min(20.0, round(277 / (0.22 * max(1, len(title))), 1)))


def _legend(tree: Element, *, below_notice: bool) -> Element:
    """Legend of what is in sight: of the classes and reasons that do not occur it says nothing."""
    sizes = {"title": 12, "group": 11, "subgroup": 11, "symbol": 9, "symbolLabel": 9}
    facts = {
        "title": "", "map_uuid": _MAP_ID, "legendFilterByMap": 1, "resizeToContents": 1, "symbolWidth": 7,
        "symbolHeight": 4, "boxSpace": 0, "wrapChar": "|", "fontColor": "#000000", "columnCount": 1, "lineSpacing": 1,
    }  # fmt: skip
    box = (_COLUMN, 66 if below_notice else 50, _COLUMN_WIDTH, 80)
    return _item(6, "legend", box, facts, element("styles", {}, *_text_styles(sizes)), tree)


def _text_styles(sizes: dict[str, int]) -> Iterable[Element]:
    for name, points in sizes.items():
        margin = {"symbolLabel": {"marginLeft": 2, "marginTop": 2}}.get(name, {"marginTop": 2.5})
        font = element("styleFont", {"description": _font(points, name == "subgroup"), "style": ""})
        yield element("style", {"name": name, "alignment": 1, "indent": 0, **margin}, font)


def _north_arrow() -> Element:
    facts = {
        "file": _ARROW, "mode": 2, "resizeMode": 0, "anchorPoint": 0, "northMode": 1, "northOffset": 0,
        "mapUuid": _MAP_ID, "svgFillColor": "0,0,0,255", "svgBorderColor": "0,0,0,255", "svgBorderWidth": 0.2,
    }  # fmt: skip
    return _item(7, "picture", (_COLUMN + 50, 166, 14, 17), facts)


def _scale_bar(metres: float) -> Element:
    """Scale bar of two parts, each of so many true metres."""
    unit, word, metres_per_unit = ("km", "km", 1000) if metres >= 1000 else ("meters", "m", 1)
    facts = {
        "style": "Single Box", "mapUuid": _MAP_ID, "unitType": unit, "unitLabel": word, "numMapUnitsPerScaleBarUnit": 1,
        "numUnitsPerSegment": metres / metres_per_unit, "numSegments": 2, "numSegmentsLeft": 0, "segmentSizeMode": 0,
        "height": 2.5, "labelBarSpace": 1.5, "boxContentSpace": 0, "outlineWidth": 0.2, "alignment": 0,
    }  # fmt: skip
    text = {
        "fontFamily": _FONT, "fontSize": 8, "fontSizeUnit": "Point", "fontWeight": 50, "textColor": "0,0,0,255",
        "textOpacity": 1,
    }  # fmt: skip
    return _item(8, "scale bar", (_COLUMN, 184, _COLUMN_WIDTH, 10), facts, element("text-style", text))
