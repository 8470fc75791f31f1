"""Files that can be read at any place, told from those that GDAL would wait for: nothing is opened with GDAL here."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from landslip.runtime.access.location import Location, container, exists, is_file, is_folder, shown
from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.zip_archive import zip_names

_HEAD = 1024
"""Bytes in which GDAL, too, looks for the sign of a virtual file."""
_VIRTUAL = re.compile(rb"<(OGR)?VRTData(set|Source)")
_SOURCE = re.compile(
    rb"<(SourceFilename|SourceDataset|SrcDataSource)([^<>]{0,500})>([^<>]{1,8192})</\1>", re.IGNORECASE
)
_RELATIVE = re.compile(rb"relativeto(vrt|vrtdataset)\s*=\s*[\"']?(1|true|yes|on)", re.IGNORECASE)
_PLAIN = (".tif", ".tiff", ".jp2", ".img", ".hgt", ".png", ".jpg", ".nc", ".h5")
"""Endings of files that are no virtual ones."""

_OUTLINES = (".gpkg", ".geojson", ".json", ".gml", ".kml", ".shp", ".fgb")
"""Endings of files that mostly hold polygons."""
_ARCHIVES = {".zip": "zip", ".tar": "tar", ".tgz": "tar", ".gz": "gzip"}
"""Endings of archives, and GDAL's word for them."""
_MOST_NAMED = 5

MOST_BYTES = 256 << 20
"""Most bytes of a virtual file."""
MOST_READS = 1 << 18
"""Files to open for one virtual file that leads to other virtual ones; one that only lists its files may have more."""


def check_kind(location: Location, role: str) -> None:
    """A file is one that can be read at any place, and so are those that it leads to.

    Opening a pipe would wait for ever, and so would virtual files that lead to each other a million times.

    Raises:
        InputError: it is a pipe, a socket, a device or standard input, or leads to one.
    """
    if isinstance(location, str) and re.search("/vsistdin", location, re.IGNORECASE):
        raise InputError(
            f"{role}: {shown(location)} is standard input.",
            "Save what comes from it as a file first.",
            where=shown(location),
        )
    path = container(location)
    if isinstance(path, Path):
        _check_file(path, role, shown(path))
        _reads(path, role, {})


def what_to_give(location: Location, role: str) -> str:
    """Sentence on what to give instead of something that GDAL cannot read as a raster."""
    ending = Path(str(location)).suffix.lower()
    if role == "mask" and ending in _OUTLINES:
        return (
            "It seems to hold polygons. Make a mask of them that covers the images, in the units of the file: "
            "gdal_rasterize -burn 1 -ot Byte -tr 10 10 -te LEFT BOTTOM RIGHT TOP FILE NEW.tif."
        )
    if ending in _ARCHIVES and not str(location).startswith("/vsi"):
        held = [f"/vsi{_ARCHIVES[ending]}/{shown(location)}/{name}" for name in _rasters_in(location)]
        return (
            f"It is an archive. Unpack it, or name the raster in it as GDAL does{': ' * bool(held)}{', '.join(held)}."
        )
    if isinstance(location, Path) and is_folder(location):
        products = ", and no product of Sentinel-2, PlanetScope or Landsat lies directly in it" * role.endswith("image")
        return f"It is a folder{products}. Give the files that are meant, such as {shown(location)}/*.tif."
    return "Give a GeoTIFF or another format GDAL reads."


def _rasters_in(location: Location) -> list[str]:
    """Names of some rasters in a local zip."""
    try:
        names = [name for name in zip_names(Path(location)) if name.lower().endswith(_PLAIN)]
    except ValueError:
        return []
    return [printable(name, _HEAD) for name in names[:_MOST_NAMED]]


def _check_file(path: Path, role: str, name: str) -> None:
    if exists(path) and not (is_file(path) or is_folder(path)):
        raise InputError(f"{role}: {name} is no regular file.", "Save what comes from it as a file first.", where=name)


def _reads(path: Path, role: str, counts: dict[Path, int]) -> int:
    """Number of files that have to be opened to read this one."""
    if path in counts:
        return counts[path]
    counts[path] = 1  # of a file that leads to itself, GDAL says so
    leads_to = [_reads(source, role, counts) for source in _sources(path, role)]
    counts[path] = 1 + sum(leads_to)
    if counts[path] > max(MOST_READS, 2 * len(leads_to) + 1):
        raise InputError(
            f"{role}: {shown(path)} leads to other virtual files, and these to others, {counts[path]} times in all.",
            "Write it as a GeoTIFF first: gdal_translate FILE NEW.tif.",
            where=shown(path),
        )
    return counts[path]


def _sources(path: Path, role: str) -> Iterator[Path]:
    """The local files that a virtual one names."""
    for attributes, name in _named(path, role):
        if re.search("/vsistdin", name, re.IGNORECASE):
            raise InputError(
                f"{role}: {shown(path)} leads to standard input.",
                "Save what comes from it as a file first.",
                where=shown(path),
            )
        if re.match(r"/vsi|[A-Za-z][A-Za-z0-9+._-]+:", name):
            continue  # GDAL's own names, addresses, databases
        source = Path(name)
        if _RELATIVE.search(attributes):
            source = path.parent / source
        _check_file(source, role, f"{shown(path)} leads to {shown(source)}, which")
        yield source


def _named(path: Path, role: str) -> Iterator[tuple[bytes, str]]:
    """Attributes and text of the sources of a virtual file; none where it is another file."""
    try:
        if path.suffix.lower() in _PLAIN or not is_file(path):
            return
        with path.open("rb") as stream:
            content = stream.read(_HEAD)
            if not _VIRTUAL.search(content):
                return
            content += stream.read(MOST_BYTES)
    except OSError:
        return  # GDAL says it better
    if len(content) > MOST_BYTES:
        raise InputError(
            f"{role}: {shown(path)} is a virtual file of more than {MOST_BYTES >> 20} MB.",
            "Write it as a GeoTIFF first: gdal_translate FILE NEW.tif.",
            where=shown(path),
        )
    for _, attributes, name in _SOURCE.findall(content):
        yield attributes, html.unescape(name.decode("utf-8", "replace")).strip()
