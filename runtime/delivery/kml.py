"""Landslides for Google Earth and telephones: KML with names, descriptions and colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.delivery.degrees import DIGITS, in_degrees
from landslip.runtime.delivery.layer_files import MapLayer, features_of, layer_of, output_of
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER, is_null
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.styles.field_labels import CLASS_FIELD_LABELS, LANDSLIDE_LABELS, NOT_OBSERVED_LABELS
from landslip.runtime.styles.palette import CLASS_COLOURS, NOT_OBSERVED_FILL, REASON_LABELS, RIM, Colour
from landslip.runtime.system.safe_writing import clear_name
from landslip.runtime.untrusted.printable import printable

_TEXT = 200
"""Most characters of a text that was given from outside."""

Values = Mapping[str, Any]
"""Values of one feature, by the name of the field."""


def write_kml(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write both layers, each as a folder, with the attributes of each feature and the colours of the other products.

    Args:
        run: the run.
        target: path of ``landslides.kml``.
        options: not used.

    Raises:
        OutputError: the file cannot be written.
    """
    del options
    with output_of(target):
        clear_name(target)
        with target.open("x", encoding="utf-8", newline="") as stream:
            stream.write(_beginning(run))
            for title, name in (("Landslides", LANDSLIDES_LAYER), ("Not observed", NOT_OBSERVED_LAYER)):
                stream.write(f"<Folder>{_element('name', title)}")
                for placemarks in _placemarks(layer_of(run, name)):
                    stream.writelines(placemarks)
                stream.write("</Folder>\n")
            stream.write("</Document>\n</kml>\n")


def _element(tag: str, inner: str, attributes: str = "") -> str:
    """An element in XML with what is in it, which is XML or escaped already."""
    return f"<{tag}{attributes}>{inner}</{tag}>\n" if inner else f"<{tag}{attributes}/>\n"


def _beginning(run: FinishedRun) -> str:
    """All that stands before the folders: title, description and styles of the whole map."""
    return "".join(
        (
            '<?xml version="1.0" encoding="utf-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>',
            _element("name", escape(printable(run.record.title or "Landslides", _TEXT))),
            _element("description", escape(_about(run))),
            *(
                _style(name, colour)
                for name, colour in {**CLASS_COLOURS, NOT_OBSERVED_LAYER: NOT_OBSERVED_FILL}.items()
            ),
        )
    )


def _about(run: FinishedRun) -> str:
    """Sentences on the whole map."""
    record = run.record
    words = {"pre": "Image before", "post": "Image after"}
    images = " ".join(f"{words[role]}: {date or 'date unknown'}." for role, date in run.dates.items())
    model = f"Mapped with {printable(record.model.name, _TEXT)} by landslip {printable(record.landslip, _TEXT)}."
    seen = "Where it was not observed, the absence of a landslide means nothing."
    return " ".join(filter(None, (printable(record.model.notice, 2 * _TEXT), images, model, seen)))


def _style(name: str, colour: Colour) -> str:
    rim = _element("color", _hexadecimal(RIM if name in CLASS_COLOURS else colour, 255)) + _element("width", "1.5")
    fill = _element("color", _hexadecimal(colour, 153))
    return _element("Style", _element("LineStyle", rim) + _element("PolyStyle", fill), f" id={quoteattr(name)}")


def _hexadecimal(colour: Colour, opacity: int) -> str:
    """Colour as KML writes it: opacity, blue, green, red."""
    red, green, blue = colour
    return f"{opacity:02x}{blue:02x}{green:02x}{red:02x}"


def _placemarks(layer: MapLayer) -> Iterator[Iterator[str]]:
    """Elements of the features of a layer, some at a time."""
    observed = layer.name == LANDSLIDES_LAYER
    words = {**LANDSLIDE_LABELS, **CLASS_FIELD_LABELS} if observed else NOT_OBSERVED_LABELS
    for features in features_of(layer):
        columns = {field: values.tolist() for field, values in features.columns.items()}
        data = [_column(field, words.get(field, field), values) for field, values in columns.items()]
        outlines = _outlines(in_degrees(features.geometries, layer.crs))
        heads = ((_landslide if observed else _reason)(values) for values in _rows(columns))
        yield (
            _element("Placemark", f"{head}{_element('ExtendedData', ''.join(values))}{outline}")
            for head, values, outline in zip(heads, zip(*data, strict=True), outlines, strict=True)
        )


def _rows(columns: Mapping[str, list[Any]]) -> Iterator[Values]:
    return (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))


def _class_of(values: Values) -> str:
    found = str(values.get("confidence_class"))
    return found if found in CLASS_COLOURS else next(iter(CLASS_COLOURS))


def _landslide(values: Values) -> str:
    least = " or more" if values.get("edge") else ""
    area, sure = f"{values['area_m2']:.0f} m²{least}", f"{100 * values['confidence_mean']:.0f} %"
    found = _class_of(values)
    kind = f"{printable(str(values['class']), _TEXT)}; " if values.get("class") else ""
    return _head(f"Landslide {values['id']}", f"{kind}{area}; {found}, mean confidence {sure}", found)


def _reason(values: Values) -> str:
    reason = str(values["reason"])
    words = REASON_LABELS.get(reason, printable(reason, _TEXT))
    return _head(f"Not observed: {words}", f"{values['area_m2']:.0f} m²", NOT_OBSERVED_LAYER)


def _head(title: str, description: str, style: str) -> str:
    about = _element("name", escape(title)) + _element("description", escape(description))
    return about + _element("styleUrl", f"#{style}")


def _column(field: str, label: str, values: Iterable[Any]) -> list[str]:
    """Elements of the values of a field, one for each feature; empty where the value is unknown."""
    name, attributes = _element("displayName", escape(label)), f" name={quoteattr(field)}"
    return [
        "" if is_null(value)
        else _element("Data", name + _element("value", escape(_text(field, value))), attributes)
        for value in values
    ]  # fmt: skip


def _text(field: str, value: Any) -> str:
    """Value as readers see it: figures of a landslide to a thousandth, places as the outline has them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return np.format_float_positional(value, DIGITS if field in ("lon", "lat") else 3, trim="-")
    return printable(str(value), _TEXT)


def _outlines(outlines: NDArray[np.object_]) -> list[str]:
    """Elements of multipolygons."""
    parts, whole = shapely.get_parts(outlines, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    borders, polygons, found = _borders(rings, part), [""] * len(parts), [""] * len(outlines)
    for place, border in zip(part.tolist(), borders, strict=True):
        polygons[place] += border
    for place, polygon in zip(whole.tolist(), polygons, strict=True):
        found[place] += _element("Polygon", polygon)
    return [_element("MultiGeometry", polygons) for polygons in found]


def _borders(rings: NDArray[np.object_], part: NDArray[np.intp]) -> Iterator[str]:
    """Elements of rings: the first one of each polygon is the outer one."""
    numbers, start = shapely.get_coordinates(rings).ravel().tolist(), 0
    outer = (np.diff(part, prepend=-1) != 0).tolist()
    for is_outer, count in zip(outer, shapely.get_num_coordinates(rings).tolist(), strict=True):
        end = start + 2 * count
        corners = " ".join([f"%.{DIGITS}f,%.{DIGITS}f"] * count) % tuple(numbers[start:end])
        ring = _element("LinearRing", _element("coordinates", corners))
        yield _element("outerBoundaryIs" if is_outer else "innerBoundaryIs", ring)
        start = end
