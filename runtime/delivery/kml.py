"""Landslides for Google Earth and telephones: KML with names, descriptions and colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import numpy as np
import shapely

from landslip.runtime.delivery.degrees import DIGITS, in_degrees
from landslip.runtime.delivery.layer_files import features_of, layer_of, output_of
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER, is_null
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.styles.field_labels import LANDSLIDE_LABELS, NOT_OBSERVED_LABELS
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
            page = _Page(XMLGenerator(stream, "utf-8", short_empty_elements=True))
            page.begin()
            with page.within("kml", xmlns="http://www.opengis.net/kml/2.2"), page.within("Document"):
                page.add("name", printable(run.record.title or "Landslides", _TEXT))
                page.add("description", _about(run))
                for name, colour in {**CLASS_COLOURS, NOT_OBSERVED_LAYER: NOT_OBSERVED_FILL}.items():
                    _write_style(page, name, colour)
                with page.within("Folder"):
                    page.add("name", "Landslides")
                    _write_layer(page, run, LANDSLIDES_LAYER)
                with page.within("Folder"):
                    page.add("name", "Not observed")
                    _write_layer(page, run, NOT_OBSERVED_LAYER)
            page.end()


class _Page:
    """XML that is written as it comes; every text is escaped."""

    def __init__(self, writer: XMLGenerator) -> None:
        self._writer = writer

    def begin(self) -> None:
        self._writer.startDocument()

    def end(self) -> None:
        self._writer.endDocument()

    @contextmanager
    def within(self, tag: str, **attributes: str) -> Iterator[None]:
        self._writer.startElement(tag, AttributesImpl(attributes))
        yield
        self._writer.endElement(tag)
        self._writer.characters("\n")

    def add(self, tag: str, text: str) -> None:
        with self.within(tag):
            self._writer.characters(text)


def _about(run: FinishedRun) -> str:
    """Sentences on the whole map."""
    record = run.record
    images = f"Image before: {run.date_from or 'date unknown'}. Image after: {run.date_to or 'date unknown'}."
    model = f"Mapped with {printable(record.model.name, _TEXT)} by landslip {printable(record.landslip, _TEXT)}."
    seen = "Where it was not observed, the absence of a landslide means nothing."
    return " ".join(filter(None, (printable(record.model.notice, 2 * _TEXT), images, model, seen)))


def _write_style(page: _Page, name: str, colour: Colour) -> None:
    with page.within("Style", id=name):
        with page.within("LineStyle"):
            page.add("color", _hexadecimal(RIM if name in CLASS_COLOURS else colour, 255))
            page.add("width", "1.5")
        with page.within("PolyStyle"):
            page.add("color", _hexadecimal(colour, 153))


def _hexadecimal(colour: Colour, opacity: int) -> str:
    """Colour as KML writes it: opacity, blue, green, red."""
    red, green, blue = colour
    return f"{opacity:02x}{blue:02x}{green:02x}{red:02x}"


def _write_layer(page: _Page, run: FinishedRun, name: str) -> None:
    layer = layer_of(run, name)
    words, style_of, title_of = (
        (LANDSLIDE_LABELS, _class_of, _landslide)
        if name == LANDSLIDES_LAYER
        else (NOT_OBSERVED_LABELS, _unseen, _reason)
    )
    for features in features_of(layer):
        outlines = in_degrees(features.geometries, layer.crs)
        columns = {field: values.tolist() for field, values in features.columns.items()}
        for place, outline in enumerate(outlines):
            values = {field: column[place] for field, column in columns.items()}
            with page.within("Placemark"):
                title, description = title_of(values)
                page.add("name", title)
                page.add("description", description)
                page.add("styleUrl", f"#{style_of(values)}")
                _write_values(page, values, words)
                _write_outline(page, outline)


def _class_of(values: Values) -> str:
    found = str(values.get("confidence_class"))
    return found if found in CLASS_COLOURS else next(iter(CLASS_COLOURS))


def _unseen(values: Values) -> str:
    del values
    return NOT_OBSERVED_LAYER


def _landslide(values: Values) -> tuple[str, str]:
    least = " or more" if values.get("edge") else ""
    area, sure = f"{values['area_m2']:.0f} m²{least}", f"{100 * values['confidence_mean']:.0f} %"
    return f"Landslide {values['id']}", f"{area}; {_class_of(values)}, mean confidence {sure}"


def _reason(values: Values) -> tuple[str, str]:
    reason = str(values["reason"])
    return f"Not observed: {REASON_LABELS.get(reason, printable(reason, _TEXT))}", f"{values['area_m2']:.0f} m²"


def _write_values(page: _Page, values: Values, words: Mapping[str, str]) -> None:
    with page.within("ExtendedData"):
        for field, value in values.items():
            if not is_null(value):
                with page.within("Data", name=field):
                    page.add("displayName", words.get(field, field))
                    page.add("value", _text(field, value))


def _text(field: str, value: Any) -> str:
    """Value as readers see it: figures of a landslide to a thousandth, places as the outline has them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return np.format_float_positional(value, DIGITS if field in ("lon", "lat") else 3, trim="-")
    return printable(str(value), _TEXT)


def _write_outline(page: _Page, outline: shapely.MultiPolygon) -> None:
    with page.within("MultiGeometry"):
        for part in outline.geoms:
            with page.within("Polygon"):
                _write_rings(page, "outerBoundaryIs", [part.exterior])
                _write_rings(page, "innerBoundaryIs", part.interiors)


def _write_rings(page: _Page, tag: str, rings: Iterable[Any]) -> None:
    for ring in rings:
        corners = np.asarray(ring.coords)[:, :2].tolist()
        with page.within(tag), page.within("LinearRing"):
            page.add("coordinates", " ".join(f"{lon:.{DIGITS}f},{lat:.{DIGITS}f}" for lon, lat in corners))
