"""Media types of the files of a run, and what they are for, as catalogues name these."""

from __future__ import annotations

from collections.abc import Mapping

JSON = "application/json"
GEOJSON = "application/geo+json"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
GEOPACKAGE = "application/geopackage+sqlite3"
UNKNOWN = "application/octet-stream"

_BY_ENDING: Mapping[str, str] = {
    ".fgb": "application/vnd.flatgeobuf",
    ".geojson": GEOJSON,
    ".gpkg": GEOPACKAGE,
    ".html": "text/html",
    ".json": JSON,
    ".kml": "application/vnd.google-earth.kml+xml",
    ".png": "image/png",
    ".qgs": "application/x-qgis-project",
    ".qml": "application/xml",
    ".tif": COG,
    ".xml": "application/xml",
    ".zip": "application/zip",
}


def media_type(name: str) -> str:
    """Media type of a file, by the end of its name."""
    return next((kind for ending, kind in _BY_ENDING.items() if name.endswith(ending)), UNKNOWN)
