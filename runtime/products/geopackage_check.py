"""A look at a written GeoPackage: errors of the system inside SQLite do not all reach who writes.

Where a call fails at the wrong moment, as when a process has too many files open, GDAL leaves out the extent or the
triggers and says nothing. So what the file has to have is read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from landslip.runtime.access.bound_pyogrio import pyogrio

Bounds = tuple[float, float, float, float]

_TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
_UPDATES = 4
"""Triggers that follow changes of a feature: so many at the least, whatever GDAL's version."""


def faults_of(path: Path, layer: str, count: int, bounds: Bounds | None) -> Iterator[str]:
    """Faults of a layer of a GeoPackage, in words.

    Args:
        path: the file.
        layer: name of the layer; its geometries are in the column ``geom``.
        count: how many features were written.
        bounds: box around them (left, bottom, right, top); None where there are none.

    Raises:
        pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError: it cannot be read.
    """
    info = pyogrio.read_info(path, layer=layer)
    if info["crs"] is None:
        yield "it has no coordinate reference system"
    found = {what: _one(path, sql) for what, sql in _questions(layer).items()}
    if found["features"] != (count,):
        yield f"{found['features']} of {count} features of {layer} arrived in it"
    if found["noted"] != (count,):
        yield f"it notes another number of features of {layer}"
    if found["indexed"] != (count,):
        yield f"its index of places of {layer} is not whole"
    if not _same_box(found["extent"], bounds):
        yield f"its extent is not that of {layer}"
    if not _has_triggers({str(name) for (name,) in _rows(path, _TRIGGERS)}, layer):
        yield f"it lacks triggers of {layer}, so programs that change it would leave its index behind"


def damage_of(path: Path, styles: str, count: int) -> Iterator[str]:
    """Faults of the rest of the file: its table of styles, and what SQLite says of the whole.

    Args:
        path: the file.
        styles: name of the table.
        count: how many styles were written.

    Raises:
        pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError: it cannot be read.
    """
    listed = f"SELECT data_type FROM gpkg_contents WHERE table_name = '{styles}'"  # noqa: S608 - the table is ours
    if _one(path, listed) != ("attributes",) or _one(path, f"SELECT count(*) AS n FROM {styles}") != (count,):  # noqa: S608
        yield "its styles are not whole"
    verdict = _one(path, "PRAGMA integrity_check")
    if verdict != ("ok",):
        yield f"SQLite finds it damaged: {verdict}"


def _questions(layer: str) -> dict[str, str]:
    return {
        "features": f"SELECT count(*) AS n FROM {layer}",  # noqa: S608 - the layer is ours
        "noted": f"SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = '{layer}'",  # noqa: S608
        "indexed": f"SELECT count(*) AS n FROM rtree_{layer}_geom",  # noqa: S608
        "extent": f"SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = '{layer}'",  # noqa: S608
    }


def _same_box(extent: tuple[Any, ...], bounds: Bounds | None) -> bool:
    if bounds is None or len(extent) != len(bounds):
        return bounds is None
    numbers = np.array(extent, dtype=np.float64)
    return bool(np.allclose(numbers, bounds, rtol=1e-12, atol=1e-6))


def _has_triggers(names: set[str], layer: str) -> bool:
    kept = {f"rtree_{layer}_geom_{act}" for act in ("insert", "delete")}
    kept |= {f"trigger_{act}_feature_count_{layer}" for act in ("insert", "delete")}
    updates = [name for name in names if name.startswith(f"rtree_{layer}_geom_update")]
    return kept <= names and len(updates) >= _UPDATES


def _one(path: Path, sql: str) -> tuple[Any, ...]:
    return next(iter(_rows(path, sql)), ())


def _rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    _, _, _, columns = pyogrio.raw.read(path, sql=sql, read_geometry=False)
    return list(zip(*(column.tolist() for column in columns), strict=True))
