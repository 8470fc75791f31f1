"""Names of the files of a run: what it always makes, what it can make besides, and what it works with."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from landslip.runtime.system.drafts import LOCK, PARTIAL
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json

RECORD = "run.json"
"""The run record is moved last: where it is, the rest is complete and belongs to it."""

CONFIDENCE = "confidence.tif"
"""Confidence of each pixel."""

CONFIDENCE_STYLE = "confidence.qml"
"""Colours of that file for QGIS, which takes them from beside it."""

LANDSLIDES = "landslides.gpkg"
"""Polygons."""

QUICKLOOK = "quicklook.png"
"""Picture of the map beside the images."""

MADE = (CONFIDENCE, CONFIDENCE_STYLE, LANDSLIDES, QUICKLOOK)
"""Names of what every run makes beside its record, in the order they are put in place."""

CLASSES = "classes.tif"
"""Class of each pixel, in maps of several classes."""

CLASSES_STYLE = "classes.qml"
"""Colours of that file for QGIS."""

CLASSES_NAMES = "classes.tif.aux.xml"
"""Names of the classes, where GDAL looks for them."""

CLASS_PRODUCTS = (CLASSES, CLASSES_STYLE, CLASSES_NAMES)
"""Names of what a run makes besides when its network tells several classes apart."""

PRODUCTS = (*MADE, RECORD)
"""Final names of what every run leaves."""

FURTHER = {
    "geojson": ("landslides.geojson", "not_observed.geojson"),
    "fgb": ("landslides.fgb", "not_observed.fgb"),
    "kml": ("landslides.kml",),
    "shp": ("landslides.shp.zip",),
    "cems": ("cems.zip",),
    "density": ("density.tif", "density.qml"),
    "project": ("landslides.qgs",),
    "catalog": ("catalog.json",),
    "report": ("report.html",),
}
"""Final names of what is made on demand, by the format or option that asks for it, in the order they are made."""

_ITEM = re.compile(r"landslip-[0-9a-f]{16}\.json")
"""Names of the STAC Items of runs."""

ROWS = "rows.raw"
"""Rows of the map that are finished, in the hidden folder."""

CLASS_ROWS = "classes.raw"
"""Classes of these rows, in maps of several classes."""

PICTURES = "images.raw"
"""Small pictures of the images in these rows."""

JOURNAL = "journal.jsonl"
"""Journal of what is made there, and how much of it is finished."""

EARLIER = "earlier.json"
"""Record of the run that the new one replaces, from when it is set aside until all is replaced."""

SHARDS = f"{PARTIAL}-shards"
"""Folder beside the hidden one where processes of this machine put what they compute, if no other is given."""

RESUME_FILES = (LOCK, ROWS, CLASS_ROWS, PICTURES, JOURNAL, EARLIER)
"""Files that a run needs to go on. Drafts of the one before would only be in its way, and might be planted links."""


def is_ours(name: str) -> bool:
    """Tell whether a name is one of those that a run gives to its products."""
    known = {*PRODUCTS, *CLASS_PRODUCTS, *(each for names in FURTHER.values() for each in names)}
    return name in known or _ITEM.fullmatch(name) is not None


def made_by(*, classes: bool) -> tuple[str, ...]:
    """Names of what a run makes beside its record, in the order they are put in place.

    Args:
        classes: whether its network tells several classes apart.
    """
    return (*MADE, *CLASS_PRODUCTS) if classes else MADE


def item_name(fingerprint: str) -> str:
    """Name of the STAC Item of a run, by the fingerprint in its record."""
    return f"landslip-{fingerprint[:16]}.json"


def products_of(record: Path) -> set[str]:
    """Names of the products that a record lists, its STAC Item among them; those that are not ours are left out.

    A record that is not there, or is none, lists nothing.
    """
    found: Any = None
    with contextlib.suppress(OSError, ValueError, RecursionError), record.open("rb") as stream:
        found = parse_json(stream.read(MOST_BYTES))
    if not isinstance(found, dict):
        return set()
    listed = found.get("products")
    names = [*(listed if isinstance(listed, dict) else ()), found.get("item")]
    return {name for name in names if isinstance(name, str) and is_ours(name)}
