"""Landslides as a GeoPackage: the product that pyogrio writes; what it raises meanwhile is translated here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from rasterio.crs import CRS

from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.products.geopackage_check import Bounds, faults_of
from landslip.runtime.products.tracing import Landslide
from landslip.runtime.system.drafts import draft_name, give_name
from landslip.runtime.system.library_logs import quiet_libraries

quiet_libraries()

LAYER = "landslides"
"""Name of the only layer."""

_MEANING = "area_m2 in square metres; confidence_mean and confidence_max from 0 to 1; slope_mean in degrees"
_FIELDS = ("id", "area_m2", "confidence_mean", "confidence_max", "slope_mean")

# SQLite keeps these beside a database while it is written; one that stays behind would be played into the next file.
_SIDE_FILES = ("-journal", "-wal", "-shm")

_SETTINGS = {
    "OGR_CURRENT_DATE": "1970-01-01T00:00:00.000Z",
    # With several cores GDAL fills the index from a second thread, which makes another tree of it.
    "OGR_GPKG_ALLOW_THREADED_RTREE": "NO",
}
_WITHOUT_LOCKS = {"SQLITE_USE_OGR_VFS": "YES"}
"""GDAL's own way to files, which takes no locks: the file has a name of its own until it is complete."""
_SETTING = Lock()
_STATEMENT = re.compile(r"\Asqlite3_exec\(.*\) failed: ", re.DOTALL)
"""Words that GDAL puts before SQLite's reason: all of the statement, which may be pages."""


@dataclass(frozen=True)
class Summary:
    """Summary of a layer of landslides."""

    count: int
    """Number of landslides."""
    area_m2: float
    """Area of all landslides, square metres."""


@dataclass(frozen=True)
class _Layer:
    crs: CRS
    description: str
    settings: Mapping[str, str] = field(default_factory=dict)


def write_landslides(
    path: Path, landslides: Iterable[Landslide], crs: CRS, *, chunk: int = 5000, notice: str = ""
) -> Summary:
    """Write multipolygons with id (1, 2, …), area_m2, confidence_mean, confidence_max and slope_mean (null if unknown).

    The file comes under its name when it is complete; without landslides it has the layer, its CRS and no feature.
    Equal landslides in equal chunks make equal bytes, given one GDAL: the dates in the file are fixed to 1970.

    Args:
        path: ends in ``.gpkg``; replaced if it exists.
        landslides: consumed as they come.
        crs: of their geometries.
        chunk: how many are held in memory and written together, from 1.
        notice: what users of the layer have to know, in a sentence; it begins the layer's description.

    Raises:
        OutputError: the file cannot be written.
        UsageError: ``chunk`` is out of range.
    """
    if chunk < 1:
        raise UsageError(f"Landslides cannot be written in chunks of {chunk}: give 1 or more.")
    description = f"{notice} {_MEANING}".lstrip()
    draft = draft_name(path)
    try:
        summary = _write_chunks(draft, path, iter(landslides), _Layer(crs, description), chunk)
        with _errors_about(path):
            _remove_side_files(path)
            give_name(draft, path)
    finally:
        with _errors_about(path):
            _remove(draft)
    return summary


def _write_chunks(draft: Path, path: Path, landslides: Iterator[Landslide], layer: _Layer, chunk: int) -> Summary:
    with _errors_about(path):
        layer = _begun(draft, layer)
    count, area, bounds = 0, 0.0, None
    while some := list(islice(landslides, chunk)):
        with _errors_about(path):
            _append(draft, some, count, layer)
        count += len(some)
        area = sum((one.area_m2 for one in some), start=area)
        bounds = _box_around(some, bounds)
    with _errors_about(path):
        with _set(layer.settings):
            faults = list(faults_of(draft, LAYER, count, bounds))
        if faults:
            raise DataLayerError("; ".join(faults))
    return Summary(count, area)


def _begun(path: Path, layer: _Layer) -> _Layer:
    """Make the file, without landslides; where it cannot be locked, as on some network drives, without locks."""
    _remove(path)
    try:
        _append(path, [], 0, layer)
    except (DataSourceError, DataLayerError):
        _remove(path)
        layer = replace(layer, settings=_WITHOUT_LOCKS)
        _append(path, [], 0, layer)
    return layer


def _box_around(landslides: list[Landslide], bounds: Bounds | None) -> Bounds:
    boxes = [one.geometry.bounds for one in landslides] + ([] if bounds is None else [bounds])
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _append(path: Path, landslides: list[Landslide], count: int, layer: _Layer) -> None:
    """Add landslides behind the ``count`` that are there; the file is made if it is not."""
    geometry = np.empty(len(landslides), dtype=object)
    geometry[:] = [one.geometry for one in landslides]
    with _set({**_SETTINGS, **layer.settings}):
        pyogrio.raw.write(
            path,
            shapely.to_wkb(geometry),
            _columns(landslides, count + 1),
            list(_FIELDS),
            layer=LAYER,
            driver="GPKG",
            geometry_type="MultiPolygon",
            crs=layer.crs.to_wkt(),
            append=path.exists(),
            nan_as_null=True,
            dataset_options={"VERSION": "1.2"},  # newer ones make GDAL of 2022 and earlier warn, and bring nothing here
            layer_options={"DESCRIPTION": layer.description},
        )


def _columns(landslides: list[Landslide], first_id: int) -> list[NDArray[Any]]:
    """One array per field; an unknown slope is NaN, which becomes null."""
    slopes = [np.nan if one.slope_mean is None else one.slope_mean for one in landslides]
    return [
        np.arange(first_id, first_id + len(landslides), dtype=np.int64),
        np.array([one.area_m2 for one in landslides], dtype=np.float64),
        np.array([one.confidence_mean for one in landslides], dtype=np.float64),
        np.array([one.confidence_max for one in landslides], dtype=np.float64),
        np.array(slopes, dtype=np.float64),
    ]


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    _remove_side_files(path)


def _remove_side_files(path: Path) -> None:
    for ending in _SIDE_FILES:
        path.with_name(path.name + ending).unlink(missing_ok=True)


@contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    try:
        yield
    except (DataSourceError, DataLayerError, OSError) as error:
        reason = _STATEMENT.sub("", str(error))
        raise OutputError(
            f"output: {path} cannot be written: {reason}.",
            "Check that its folder exists, may be written and has space.",
            where=path,
            option="out",
        ) from error


@contextmanager
def same_bytes_anywhere() -> Iterator[None]:
    """A block in which GDAL writes what depends neither on the clock nor on the number of cores."""
    with _set(_SETTINGS):
        yield


@contextmanager
def _set(settings: Mapping[str, str]) -> Iterator[None]:
    """A block in which GDAL has other settings, which are those of the whole process.

    So they hold for the moment of writing alone, and one thread at a time has them: what it sets back is what the host
    has set.
    """
    with _SETTING:
        before = {name: pyogrio.get_gdal_config_option(name) for name in settings}
        pyogrio.set_gdal_config_options(dict(settings))
        try:
            yield
        finally:
            pyogrio.set_gdal_config_options(before)
