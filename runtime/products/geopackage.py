"""Polygons of a map as a GeoPackage, which pyogrio writes; what it raises meanwhile is translated here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS

from landslip.runtime.access.bound_pyogrio import VECTOR_ERRORS, pyogrio
from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.geo.areas import bounds_around
from landslip.runtime.products.geopackage_check import Bounds, damage_of, faults_of
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.not_observed import NotObserved
from landslip.runtime.products.polygon_layers import (
    CLASS_FIELDS,
    ID_FIELD,
    LANDSLIDE_FIELDS,
    LANDSLIDES_LAYER,
    LAYERS,
    NOT_OBSERVED_FIELDS,
    NOT_OBSERVED_LAYER,
    LayerField,
    meaning_of,
)
from landslip.runtime.products.style_table import STYLES, write_style_table
from landslip.runtime.system import stopping
from landslip.runtime.system.drafts import draft_name, give_name
from landslip.runtime.system.library_logs import quiet_libraries

quiet_libraries()

_NOTE = (
    "Groups smaller than the smallest landslide of the other layer are left out: they hide none whole. Very large ones "
    "may be cut along rows."
)
MOST_COORDINATES = 1 << 17
"""Coordinates of features that are held in memory and written together; one feature may have more."""

# SQLite keeps these beside a database while it is written; one that stays behind would be played into the next file.
_SIDE_FILES = ("-journal", "-wal", "-shm")

_SETTINGS = {
    "OGR_CURRENT_DATE": "1970-01-01T00:00:00.000Z",
    # With several cores GDAL fills the index from a second thread, which makes another tree of it.
    "OGR_GPKG_ALLOW_THREADED_RTREE": "NO",
    # A draft is synced once, before it gets its name: until then nobody needs it after a loss of power.
    "OGR_SQLITE_SYNCHRONOUS": "OFF",
}
_WITHOUT_LOCKS = {"SQLITE_USE_OGR_VFS": "YES"}
"""GDAL's own way to files, which takes no locks: the file has a name of its own until it is complete."""
_SETTING = Lock()
_STATEMENT = re.compile(r"\Asqlite3_exec\(.*\) failed: ", re.DOTALL)
"""Words that GDAL puts before SQLite's reason: all of the statement, which may be pages."""


@dataclass(frozen=True)
class _Layer:
    name: str
    description: str
    fields: tuple[LayerField, ...]
    crs: CRS
    settings: Mapping[str, str] = field(default_factory=dict)


_Feature = Landslide | NotObserved


def write_landslides(
    path: Path,
    landslides: Iterable[Landslide],
    crs: CRS,
    *,
    not_observed: Iterable[NotObserved] = (),
    chunk: int = 2000,
    notice: str = "",
    classes: bool = False,
) -> None:
    """Write the layers ``landslides`` and ``not_observed``, with the fields of ``polygon_layers.py``; None is null.

    The file comes under its name when it is complete; a layer of nothing has its CRS and fields, and no feature.
    Equal features in equal chunks make equal bytes, given one GDAL: the dates in the file are fixed to 1970.

    Args:
        path: ends in ``.gpkg``; replaced if it exists.
        landslides: consumed as they come.
        crs: of their geometries.
        not_observed: what was not observed, consumed once the landslides are written.
        chunk: how many features are held in memory and written together, from 1.
        notice: what users of the landslides have to know, in a sentence; it begins the layer's description.
        classes: whether the map tells several classes apart, and each landslide has one.

    Raises:
        OutputError: the file cannot be written.
        UsageError: ``chunk`` is out of range.
    """
    if chunk < 1:
        raise UsageError(f"Landslides cannot be written in chunks of {chunk}: give 1 or more.")
    fields = (*LANDSLIDE_FIELDS, *CLASS_FIELDS) if classes else LANDSLIDE_FIELDS
    layer = _Layer(LANDSLIDES_LAYER, f"{notice} {meaning_of(fields)}".lstrip(), fields, crs)
    draft = draft_name(path)
    try:
        with _errors_about(path):
            layer = _begun(draft, layer)
        unseen = _Layer(NOT_OBSERVED_LAYER, _NOTE, NOT_OBSERVED_FIELDS, crs, layer.settings)
        written = [_write_layer(draft, path, iter(landslides), layer, chunk)]
        with _errors_about(path):
            _append(draft, [], 0, unseen)
        written.append(_write_layer(draft, path, iter(not_observed), unseen, chunk))
        with _errors_about(path):
            with _set({**_SETTINGS, **layer.settings}):
                write_style_table(draft, classes=classes)
            _check(draft, written, layer.settings)
            _remove_side_files(path)
            give_name(draft, path)
    finally:
        with _errors_about(path):
            _remove(draft)


@dataclass(frozen=True)
class _Written:
    layer: str
    count: int
    bounds: Bounds | None


def _write_layer(draft: Path, path: Path, features: Iterator[_Feature], layer: _Layer, chunk: int) -> _Written:
    count, bounds = 0, None
    for some in _chunks(features, chunk):
        stopping.check()
        with _errors_about(path):
            _append(draft, some, count, layer)
        count += len(some)
        bounds = _box_around(some, bounds)
    return _Written(layer.name, count, bounds)


def _check(draft: Path, written: Iterable[_Written], settings: Mapping[str, str]) -> None:
    with _set(settings):
        faults = [fault for each in written for fault in faults_of(draft, each.layer, each.count, each.bounds)]
        faults += damage_of(draft, STYLES, len(LAYERS))
    if faults:
        raise pyogrio.errors.DataLayerError("; ".join(faults))


def _chunks(features: Iterator[_Feature], most: int) -> Iterator[list[_Feature]]:
    """Features by so many at the most, or fewer where they have many coordinates."""
    some: list[_Feature] = []
    coordinates = 0
    for one in features:
        some.append(one)
        coordinates += int(shapely.get_num_coordinates(one.geometry))
        if len(some) == most or coordinates > MOST_COORDINATES:
            yield some
            some, coordinates = [], 0
    if some:
        yield some


def _begun(path: Path, layer: _Layer) -> _Layer:
    """Make the file, without landslides; where it cannot be locked, as on some network drives, without locks."""
    _remove(path)
    try:
        _append(path, [], 0, layer)
    except VECTOR_ERRORS:
        _remove(path)
        layer = replace(layer, settings=_WITHOUT_LOCKS)
        _append(path, [], 0, layer)
    return layer


def _box_around(features: Sequence[_Feature], bounds: Bounds | None) -> Bounds:
    left, bottom, right, top = bounds_around(np.array([one.geometry for one in features]))
    if bounds is None:
        return left, bottom, right, top
    return min(left, bounds[0]), min(bottom, bounds[1]), max(right, bounds[2]), max(top, bounds[3])


def _append(path: Path, features: Sequence[_Feature], count: int, layer: _Layer) -> None:
    """Add features behind the ``count`` that are there; the file and the layer are made if they are not."""
    geometry = np.empty(len(features), dtype=object)
    geometry[:] = [one.geometry for one in features]
    ids = np.arange(count + 1, count + len(features) + 1, dtype=np.int64)
    with _set({**_SETTINGS, **layer.settings}):
        pyogrio.raw.write(
            path,
            shapely.to_wkb(geometry),
            [ids, *(_column(features, each) for each in layer.fields)],
            [ID_FIELD, *(each.name for each in layer.fields)],
            layer=layer.name,
            driver="GPKG",
            geometry_type="MultiPolygon",
            crs=layer.crs.to_wkt(),
            append=path.exists(),
            nan_as_null=True,
            dataset_options={"VERSION": "1.2"},  # newer ones make GDAL of 2022 and earlier warn, and bring nothing here
            layer_options={"DESCRIPTION": layer.description},
        )


def _column(features: Sequence[_Feature], each: LayerField) -> NDArray[Any]:
    """Values of one field as GDAL takes them: NaN, None and NaT become null."""
    values = [getattr(one, each.attribute or each.name) for one in features]
    if each.kind == "number":
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if each.kind == "day":
        return np.array(["NaT" if value is None else value[:10] for value in values], dtype="datetime64[D]")
    return np.array(values, dtype=bool if each.kind == "truth" else object)


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
    except (*VECTOR_ERRORS, OSError) as error:
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
