"""Assets of the Item of a run: its files, each with media type, size and checksum.

Sources: STAC 1.1 and the extensions file 2.1, projection 2.0, raster 2.0 and classification 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from landslip.runtime.catalogue.media_types import media_type
from landslip.runtime.catalogue.observed_map import ObservedMap
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER
from landslip.runtime.run.product_names import (
    CLASSES,
    CLASSES_NAMES,
    CLASSES_STYLE,
    CONFIDENCE,
    CONFIDENCE_STYLE,
    FURTHER,
    LANDSLIDES,
    QUICKLOOK,
    RECORD,
)
from landslip.runtime.run.record_types import ProductWritten, RunRecord
from landslip.runtime.styles.palette import class_colours, hexadecimal
from landslip.runtime.system.digests import multihash, sha256_of

Json = dict[str, Any]

_LAYERS = {
    LANDSLIDES_LAYER: "Landslides, as polygons",
    NOT_OBSERVED_LAYER: "What was not observed, as polygons with the reason",
}
"""Layers of the GeoPackage by name, each an asset, and what they hold."""

_KNOWN = {
    QUICKLOOK: ("quicklook", "The map as a picture", "overview"),
    CONFIDENCE_STYLE: ("confidence_style", "Style of confidence.tif for QGIS", "style"),
    "landslides.geojson": ("landslides_geojson", f"{_LAYERS[LANDSLIDES_LAYER]} (GeoJSON)", "data"),
    "not_observed.geojson": ("not_observed_geojson", f"{_LAYERS[NOT_OBSERVED_LAYER]} (GeoJSON)", "data"),
    "landslides.fgb": ("landslides_fgb", f"{_LAYERS[LANDSLIDES_LAYER]} (FlatGeobuf)", "data"),
    "not_observed.fgb": ("not_observed_fgb", f"{_LAYERS[NOT_OBSERVED_LAYER]} (FlatGeobuf)", "data"),
    "landslides.kml": ("landslides_kml", "Landslides and what was not observed (KML)", "data"),
    "landslides.shp.zip": ("landslides_shp", "Landslides and what was not observed (Shapefiles)", "data"),
    "cems.zip": ("cems", "Landslides in the form of Copernicus EMS Rapid Mapping", "data"),
    "density.tif": ("density", "Share of the ground that slid, on a coarse grid", "data"),
    "density.qml": ("density_style", "Style of density.tif for QGIS", "style"),
    "landslides.qgs": ("project", "Project for QGIS", "project"),
    CLASSES_STYLE: ("classes_style", "Style of classes.tif for QGIS", "style"),
    CLASSES_NAMES: ("classes_names", "Names of the classes for GDAL", "metadata"),
    "report.html": ("report", "Report for people, in one file", "report"),
    RECORD: ("run", "Record of the run", "metadata"),
}
"""Key, title and role of the asset of each file."""

_NO_ASSETS = {CONFIDENCE, CLASSES, LANDSLIDES, *FURTHER["catalog"]}


def item_assets(record: RunRecord, record_file: Path, seen: ObservedMap) -> Json:
    """The assets of an Item by key; those of files that the record lists, and that of the record.

    Args:
        record: record of the run.
        record_file: the file of that record.
        seen: the map.
    """
    files = {name: entry for name, entry in record.products.items() if entry is not None}
    files[RECORD] = ProductWritten(bytes=record_file.stat().st_size, sha256=sha256_of(record_file))
    assets: Json = {}
    if CONFIDENCE in files:
        assets["confidence"] = _file(CONFIDENCE, files[CONFIDENCE]) | _confidence(record, seen)
    if CLASSES in files:
        assets["classes"] = _file(CLASSES, files[CLASSES]) | _classes(record, seen)
    if LANDSLIDES in files:
        assets |= dict(_layers(files[LANDSLIDES]))
    for name, entry in files.items():
        if name not in _NO_ASSETS:
            key, title, role = _KNOWN.get(name, (re.sub(r"\W+", "_", name), name, "data"))
            assets[key] = _file(name, entry) | {"title": title, "roles": [role]}
    return assets


def _file(name: str, entry: ProductWritten) -> Json:
    return {
        "href": f"./{quote(name)}",
        "type": media_type(name),
        "file:size": entry.bytes,
        "file:checksum": multihash(entry.sha256),
    }


def _layers(entry: ProductWritten) -> Iterator[tuple[str, Json]]:
    for layer, title in _LAYERS.items():
        yield layer, _file(LANDSLIDES, entry) | {"title": title, "roles": ["data"], "landslip:layer": layer}


def _place(seen: ObservedMap) -> Json:
    return {
        "proj:code": code_of(seen),
        **({} if code_of(seen) else {"proj:wkt2": seen.crs.to_wkt(version="WKT2_2019")}),
        "proj:shape": list(seen.shape),
        "proj:transform": list(seen.transform)[:6],
        "proj:bbox": list(seen.bounds),
    }


def _classes(record: RunRecord, seen: ObservedMap) -> Json:
    colours = class_colours([each.landslide for each in record.classes])
    listed = [
        {
            "value": value,
            "name": re.sub(r"[^0-9A-Za-z_-]+", "_", each.name),
            "title": each.name,
            "description": f"{each.name}{', which is landslide' * each.landslide}",
            "color_hint": hexadecimal(colour).removeprefix("#").upper(),
            "count": each.pixels,
        }
        for value, (each, colour) in enumerate(zip(record.classes, colours, strict=True))
    ]
    return {
        "title": "Class with the largest confidence",
        "roles": ["data"],
        **_place(seen),
        "bands": [
            {
                "name": "class",
                "description": f"Number of the class; {NOT_OBSERVED} is not observed",
                "data_type": "uint8",
                "nodata": NOT_OBSERVED,
                "raster:sampling": "area",
                "raster:spatial_resolution": seen.transform.a,
            }
        ],
        "classification:classes": [*listed, _NOT_OBSERVED],
    }


def _confidence(record: RunRecord, seen: ObservedMap) -> Json:
    return {
        "title": "Confidence that a pixel is landslide, in percent",
        "roles": ["data"],
        **_place(seen),
        "bands": [
            {
                "name": "confidence",
                "description": f"{record.threshold:.0%} and more is landslide; {NOT_OBSERVED} is not observed",
                "data_type": "uint8",
                "nodata": NOT_OBSERVED,
                "unit": seen.unit or "%",
                **({"statistics": seen.statistics} if seen.statistics else {}),
                "raster:sampling": "area",
                "raster:spatial_resolution": seen.transform.a,
            }
        ],
        "classification:classes": [_NOT_OBSERVED],
    }


def code_of(seen: ObservedMap) -> str | None:
    """Code of the CRS of a map, such as ``EPSG:32632``; None where it has none."""
    code = seen.crs.to_epsg()
    return f"EPSG:{code}" if code else None


_NOT_OBSERVED = {
    "value": NOT_OBSERVED,
    "name": "not_observed",
    "title": "Not observed",
    "description": "Nothing is known here: the absence of a landslide means nothing.",
    "nodata": True,
}
