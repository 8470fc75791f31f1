"""Project for QGIS as a text: layers with relative paths, the view, and a layout to print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from landslip.runtime.styles.map_sheet import Box, MapSheet, SystemUsed, view_of
from landslip.runtime.styles.markup import document, element, properties
from landslip.runtime.styles.qgis_layout import layout
from landslip.runtime.styles.raster_qml import classes_style, confidence_style, image_style, observed_style
from landslip.runtime.styles.vector_qml import landslides_style, not_observed_style

_VERSION = "3.22.0"


@dataclass(frozen=True)
class _ProjectLayer:
    identity: str
    """Longer than ten characters: QGIS 3.22 leaves layers with shorter ids out of its tree."""
    name: str
    source: str
    is_raster: bool
    shown: bool
    style: tuple[Element, ...]
    system: SystemUsed
    legend: Mapping[str, str] = field(default_factory=dict)
    """Properties of its legend, by QGIS's names; of a raster's nodes the first is the name of its band."""
    listed: bool = True
    """True if the printed legend has it, where it is shown."""


def project_text(sheet: MapSheet) -> str:
    """Text of a project file that lies beside the files of a map; the same map makes the same text."""
    layers = _layers(sheet)
    root = element(
        "qgis",
        {"projectname": sheet.title, "version": _VERSION, "saveUser": "", "saveUserFull": ""},
        element("homePath", {"path": ""}),
        element("title", text=sheet.title),
        element("projectCrs", {}, _system(sheet.system)),
        element("layer-tree-group", {}, *map(_leaf, layers)),
        _canvas(sheet),
        element("projectlayers", {}, *(_map_layer(layer) for layer in layers)),
        element("layerorder", {}, *(element("layer", {"id": layer.identity}) for layer in layers)),
        _relative_paths(),
        element("ProjectViewSettings", {"UseProjectScales": 0}, _default_view(sheet)),
        element("Layouts", {}, layout(sheet, _legend_tree(layers))),
    )
    return document(root)


def _layers(sheet: MapSheet) -> list[_ProjectLayer]:
    """The layers of a map, the one on top first."""
    polygons, system = "./landslides.gpkg|layername=", sheet.system
    found = [
        _ProjectLayer(
            "landslides_of_landslip", "Landslides", f"{polygons}landslides", False, True,
            landslides_style(classes=bool(sheet.classes)), system,
        ),
        _ProjectLayer(
            "not_observed_of_landslip", "Not observed", f"{polygons}not_observed", False, True, not_observed_style(),
            system,
        ),
        # Hidden at first: it lies below the polygons, and says more to those who know what a percentage here means.
        _ProjectLayer(
            "confidence_of_landslip", "Confidence (percent)", "./confidence.tif", True, False,
            confidence_style(sheet.level), system, {"legend/node-order": "1,2,3,4,5"},
        ),
    ]  # fmt: skip
    if sheet.classes:
        numbers = ",".join(map(str, range(1, len(sheet.classes) + 2)))
        found.append(
            _ProjectLayer(
                "classes_of_landslip", "Classes", "./classes.tif", True, False, classes_style(sheet.classes), system,
                {"legend/node-order": numbers},
            )
        )  # fmt: skip
    if sheet.image is not None:
        found.append(
            _ProjectLayer(
                "image_after_of_landslip", "Image after", f"./{sheet.image.path}", True, True,
                image_style(sheet.image), sheet.image.system, listed=False,
            )
        )  # fmt: skip
    found.append(
        _ProjectLayer(
            "observed_of_landslip", "Observed", "./confidence.tif", True, sheet.image is None, observed_style(), system,
            {"legend/node-order": "1", "legend/title-style": "hidden"},
        )
    )  # fmt: skip
    return found


def _leaf(layer: _ProjectLayer) -> Element:
    facts = {
        "id": layer.identity, "name": layer.name, "source": layer.source,
        "providerKey": "gdal" if layer.is_raster else "ogr", "expanded": 1,
        "checked": "Qt::Checked" if layer.shown else "Qt::Unchecked",
    }  # fmt: skip
    return element("layer-tree-layer", facts, element("customproperties", {}, properties(layer.legend)[0]))


def _legend_tree(layers: Iterable[_ProjectLayer]) -> Element:
    """Layers of the legend: those in sight, but for a picture, which needs none."""
    return element("layer-tree-group", {}, *(_leaf(layer) for layer in layers if layer.shown and layer.listed))


def _map_layer(layer: _ProjectLayer) -> Element:
    kind = {"type": "raster"} if layer.is_raster else {"type": "vector", "geometry": "Polygon"}
    return element(
        "maplayer",
        {**kind, "styleCategories": "AllStyleCategories", "hasScaleBasedVisibilityFlag": 0},
        element("id", text=layer.identity),
        element("datasource", text=layer.source),
        element("layername", text=layer.name),
        element("srs", {}, _system(layer.system)),
        element("provider", {"encoding": "UTF-8"}, text="gdal" if layer.is_raster else "ogr"),
        *layer.style,
    )


def _system(system: SystemUsed) -> Element:
    """CRS by its code where it has one, else by its definition."""
    return element("spatialrefsys", {}, element("wkt", text=system.wkt), element("authid", text=system.code))


def _canvas(sheet: MapSheet) -> Element:
    """View when the project is opened."""
    return element(
        "mapcanvas",
        {"name": "theMapCanvas", "annotationsVisible": 1},
        element("units", text="meters"),
        element("extent", {}, *_corners(view_of(sheet.bounds, 1.5))),
        element("rotation", text="0"),
        element("destinationsrs", {}, _system(sheet.system)),
    )


def _default_view(sheet: MapSheet) -> Element:
    left, bottom, right, top = view_of(sheet.bounds, 1.5)
    box = {"xmin": left, "ymin": bottom, "xmax": right, "ymax": top}
    return element("DefaultViewExtent", box, _system(sheet.system))


def _corners(box: Box) -> Iterable[Element]:
    for name, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
        yield element(name, text=f"{value:.3f}")


def _relative_paths() -> Element:
    absolute = element("Absolute", {"type": "bool"}, text="false")
    projections = element("ProjectionsEnabled", {"type": "int"}, text="1")
    return element("properties", {}, element("Paths", {}, absolute), element("SpatialRefSys", {}, projections))
