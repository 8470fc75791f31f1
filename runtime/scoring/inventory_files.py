"""Inventories of landslides in vector files: which layer is meant, its features in bounds, its errors in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import RasterioIOError

from landslip.runtime.access.bound_pyogrio import VECTOR_ERRORS, pyogrio
from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.access.location import exists, gdal_name, is_networked, shown
from landslip.runtime.access.readable import check_kind
from landslip.runtime.access.retries import opening_error, patiently, set_up_pyogrio
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, LAYERS
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.system.ignored_warnings import warnings_ignored
from landslip.runtime.untrusted.printable import printable

Array = NDArray[Any]

MOST_FEATURES = 2_000_000
"""Landslides of an inventory; the largest of one event has some 200 000 (Wenchuan 2008)."""
MOST_CORNERS = 50_000_000
"""Corners of them all, 0.8 GB."""
_CHUNK = 50_000
_MOST_LAYERS = 100
_SHOWN = 12
"""Most names in a message."""
_NAME = 80
"""Most characters of a name in one."""
ROLE = "truth"


@dataclass(frozen=True)
class InventoryLayer:
    """Layer of an inventory as it was read."""

    name: str
    """Name of the layer, printable."""
    crs: CRS
    """Coordinate reference system."""
    shapes: Array
    """(n,) shapely geometries in two dimensions; None where a feature has none, or a damaged one."""
    dates: Array | None
    """(n,) objects, what the attribute of dates holds; None where none was asked for."""


def read_layer(truth: Truth) -> InventoryLayer:
    """Read the layer of known landslides.

    Raises:
        InputMissingError: there is no such file.
        InputError: it is damaged, too large, no vector file, or has no coordinate reference system; or several layers
            could be meant.
        UsageError: there is no such layer or attribute.
        ConnectionLostError: it is behind a connection that cannot be made.
    """
    location, path = truth.location, shown(truth.location)
    if isinstance(location, Path) and not exists(location):
        raise InputMissingError(f"There are no known landslides at {path}.", "Give a vector file.", where=path)
    check_kind(location, ROLE)
    set_up_pyogrio(location)

    def read() -> InventoryLayer:
        with warnings_ignored(Warning):  # GDAL remarks on content that is questionable: what counts is checked
            try:
                found = _read(truth)
                if is_networked(location) and not _same(found, _read(truth)):
                    raise RasterioIOError("it came in part, and differs when it is read again")
            except VECTOR_ERRORS as error:
                raise RasterioIOError(reason(error)) from error
        return found

    try:
        return patiently(location, read, RASTER_ERRORS)
    except RASTER_ERRORS as error:
        raise opening_error(location, ROLE, reason(error)) or InputError(
            f"The known landslides in {path} cannot be read: {reason(error)}.",
            "Give a vector file of polygons or points; a raster becomes one with gdal_polygonize.",
            where=path,
        ) from error


def _read(truth: Truth) -> InventoryLayer:
    name, path = gdal_name(truth.location), shown(truth.location)
    layer = _chosen([(str(each), kind) for each, kind in pyogrio.list_layers(name)[:_MOST_LAYERS]], truth.layer, path)
    info = pyogrio.read_info(name, layer=layer)
    _check_field(truth.date_field, [str(field) for field in info["fields"]], path)
    crs = _crs(truth.crs or info["crs"], given=truth.crs is not None, path=path)
    chunks = list(_chunks(name, layer, truth.date_field, path))
    shapes = np.concatenate([np.empty(0, dtype=object), *(chunk for chunk, _ in chunks)])
    dates = None if truth.date_field is None else np.concatenate([np.empty(0, object), *(kept for _, kept in chunks)])
    return InventoryLayer(printable(layer, _NAME), crs, shapes, dates)


def _chunks(name: str, layer: str, date_field: str | None, path: str) -> Iterator[tuple[Array, Array]]:
    features = corners = 0
    while True:
        _, _, wkb, columns = pyogrio.raw.read(
            name,
            layer=layer,
            columns=[] if date_field is None else [date_field],
            skip_features=features,
            max_features=_CHUNK,
            force_2d=True,
            datetime_as_string=True,
        )
        shapes = np.empty(0, dtype=object)
        if wkb is not None:
            shapes = np.atleast_1d(shapely.from_wkb(wkb, on_invalid="ignore"))
        features, corners = features + len(shapes), corners + int(shapely.get_num_coordinates(shapes).sum())
        if features > MOST_FEATURES or corners > MOST_CORNERS:
            raise InputError(
                f"The inventory {path} is too large: more than {MOST_FEATURES} landslides or {MOST_CORNERS} corners.",
                "Cut it to the map first, for example with ogr2ogr -spat.",
                where=path,
            )
        yield shapes, np.asarray(columns[0], dtype=object) if columns else np.empty(0, dtype=object)
        if len(shapes) < _CHUNK:
            return


def _chosen(layers: list[tuple[str, str | None]], wanted: str | None, path: str) -> str:
    """Name of the layer that is meant, of (name, kind of geometry)."""
    found = {name: kind for name, kind in layers if kind is not None}
    if wanted is not None:
        if wanted not in found:
            raise UsageError(
                f"{path} has no layer {printable(wanted, _NAME)} with geometries; it has {_named(found)}.",
                where=path,
                option="layer",
            )
        return wanted
    if set(LAYERS) <= set(found):
        return LANDSLIDES_LAYER  # a map of landslip's own
    for kinds in (("Polygon", "Surface"), ("Unknown", "GeometryCollection"), ("Point",)):
        some = [name for name, kind in found.items() if any(each in kind for each in kinds)]
        if len(some) == 1:
            return some[0]
        if some:
            raise InputError(
                f"{path} has several layers that may hold the known landslides: {_named(some)}.",
                "Name the one that is meant with `layer`.",
                where=path,
                option="layer",
            )
    if found:
        raise InputError(
            f"{path} holds lines, which have neither an area nor a place: {_named(found)}.",
            "Give polygons or points.",
            where=path,
        )
    raise InputError(f"{path} has no layer with geometries.", "Give polygons or points.", where=path)


def _named(names: Any) -> str:
    some = [printable(name, _NAME) for name in names]
    return (", ".join(some[:_SHOWN]) + ", …" * (len(some) > _SHOWN)) or "none"


def _check_field(field: str | None, fields: list[str], path: str) -> None:
    if field is not None and field not in fields:
        raise UsageError(
            f"{path} has no attribute {printable(field, _NAME)}; it has {_named(fields)}.",
            where=path,
            option="date_field",
        )


def _crs(text: str | None, *, given: bool, path: str) -> CRS:
    if text is None:
        raise InputError(
            f"{path} has no coordinate reference system.",
            "Say which it is with `truth_crs`, such as EPSG:4326.",
            where=path,
            option="truth_crs",
        )
    try:
        return CRS.from_user_input(text)
    except RASTER_ERRORS as error:
        kind: type[UsageError | InputError] = UsageError if given else InputError
        raise kind(
            f"The coordinate reference system {printable(text, _NAME)} of {path} is not known ({reason(error)}).",
            "Give another one with `truth_crs`, such as EPSG:4326.",
            where=path,
            option="truth_crs",
        ) from error


def _same(found: InventoryLayer, again: InventoryLayer) -> bool:
    return (found.name, found.crs) == (again.name, again.crs) and bool(
        np.array_equal(shapely.to_wkb(found.shapes), shapely.to_wkb(again.shapes))
    )
