"""Styles of rasters for QGIS: colours from a limit on, nothing below it, grey where nothing was observed."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.styles.map_sheet import ImageShown
from landslip.runtime.styles.markup import Attributes, document, element, plain
from landslip.runtime.styles.palette import (
    DENSITY,
    NOT_OBSERVED_FILL,
    OBSERVED,
    RAMP,
    Colour,
    class_colours,
    hexadecimal,
)

_HEAD = {"version": "3.22.0", "styleCategories": "AllStyleCategories", "hasScaleBasedVisibilityFlag": 0}
_WHOLE = 100


def confidence_qml(level: int) -> str:
    """Style of ``confidence.tif``, as the text of the QML file beside it.

    Args:
        level: percent from which on a pixel counts as landslide, 1 to 100.
    """
    return document(element("qgis", _HEAD, *confidence_style(level)))


def confidence_style(level: int) -> tuple[Element, ...]:
    """Parts of that style, as they stand in a QML file and below a layer of a project."""
    middle = round((level + _WHOLE) / 2)
    stops = dict(zip((level, middle, _WHOLE), RAMP, strict=True))  # the highest colour where they are one
    items = [
        _item(level - 1, RAMP[0], f"below {level} %: not shown", 0),
        *(_item(value, colour, f"{value} %") for value, colour in stops.items()),
        # Never reached, as this value is left out of the band: the legend has its grey from here.
        _item(NOT_OBSERVED, NOT_OBSERVED_FILL, "not observed"),
    ]
    unseen = {"nodataColor": hexadecimal(NOT_OBSERVED_FILL), "classificationMin": level}
    return (element("pipe", {}, _renderer(unseen, "INTERPOLATED", items)),)


def classes_qml(classes: Sequence[ClassSpec]) -> str:
    """Style of ``classes.tif``, as the text of the QML file beside it: a colour and a name for each class."""
    return document(element("qgis", _HEAD, *classes_style(classes)))


def classes_style(classes: Sequence[ClassSpec]) -> tuple[Element, ...]:
    """Parts of that style, as they stand in a QML file and below a layer of a project."""
    colours = class_colours([each.landslide for each in classes])
    entries = [
        element("paletteEntry", {"value": value, "color": hexadecimal(colour), "alpha": 255, "label": each.name})
        for value, (each, colour) in enumerate(zip(classes, colours, strict=True))
    ]
    unseen = {"value": NOT_OBSERVED, "color": hexadecimal(NOT_OBSERVED_FILL), "alpha": 255, "label": "not observed"}
    entries.append(element("paletteEntry", unseen))  # never reached, as below: for the legend
    facts: Attributes = {
        "type": "paletted", "band": 1, "opacity": 1, "alphaBand": -1, "nodataColor": hexadecimal(NOT_OBSERVED_FILL),
    }  # fmt: skip
    return (element("pipe", {}, element("rasterrenderer", facts, element("colorPalette", {}, *entries))),)


def density_qml() -> str:
    """Style of ``density.tif``, as the text of the QML file beside it: clear where nothing slid, grey where unknown."""
    items = [
        _item(-1, NOT_OBSERVED_FILL, "not observed"),  # never reached either
        _item(0, DENSITY[0], "no landslide: not shown", 0),
        *(_item(most, colour, label) for (most, label), colour in zip(_SHARES.items(), DENSITY, strict=True)),
    ]
    unseen = {"nodataColor": hexadecimal(NOT_OBSERVED_FILL), "classificationMin": 0, "classificationMax": 1}
    return document(element("qgis", _HEAD, element("pipe", {}, _renderer(unseen, "DISCRETE", items))))


_SHARES: dict[float | str, str] = {
    0.01: "up to 1 % of the ground",
    0.05: "1 to 5 %",
    0.1: "5 to 10 %",
    0.25: "10 to 25 %",
    "inf": "more than 25 %",
}
"""Shares of the ground up to which a colour goes, with the words of the legend."""


def observed_style() -> tuple[Element, ...]:
    """Parts of a style of ``confidence.tif`` that shows what was observed, in one pale colour, and nothing else."""
    items = [_item(_WHOLE, OBSERVED, "observed: no landslide found")]
    return (element("pipe", {}, _renderer({"classificationMin": 0}, "DISCRETE", items)),)


def image_style(image: ImageShown) -> tuple[Element, ...]:
    """Parts of a style of an image, which show it in the colours that the network saw."""
    bands = dict(zip(("red", "green", "blue"), image.bands, strict=True))
    limits = zip(bands, image.low, image.high, strict=True) if image.low and image.high else ()
    facts = {"type": "multibandcolor", "opacity": 1, "alphaBand": -1, **{f"{name}Band": bands[name] for name in bands}}
    stretches = (_stretch(f"{name}ContrastEnhancement", low, high) for name, low, high in limits)
    renderer = element("rasterrenderer", facts, element("minMaxOrigin", {}, element("limits", text="None")), *stretches)
    return (element("pipe", {}, renderer),)


def _stretch(name: str, low: float, high: float) -> Element:
    ends = (element("minValue", text=plain(float(low))), element("maxValue", text=plain(float(high))))
    return element(name, {}, *ends, element("algorithm", text="StretchToMinimumMaximum"))


def _renderer(more: Attributes, interpolation: str, items: list[Element]) -> Element:
    """Colours of the band. QGIS leaves 255 out as nodata, which no style changes, but a style may give it a colour."""
    facts = {"type": "singlebandpseudocolor", "band": 1, "opacity": 1, "alphaBand": -1, "classificationMax": _WHOLE}
    ramp = {"colorRampType": interpolation, "classificationMode": 1, "clip": 0, "labelPrecision": 0}
    # A line for each colour in the legend, with its words, in place of a bar without them.
    legend = element("rampLegendSettings", {"useContinuousLegend": 0})
    return element(
        "rasterrenderer",
        {**facts, **more},
        element("minMaxOrigin", {}, element("limits", text="None")),  # so that QGIS does not look for limits
        element("rastershader", {}, element("colorrampshader", ramp, *items, legend)),
    )


def _item(value: float | str, colour: Colour, label: str, alpha: int = 255) -> Element:
    return element("item", {"value": value, "color": hexadecimal(colour), "alpha": alpha, "label": label})
