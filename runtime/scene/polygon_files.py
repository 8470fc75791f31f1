"""Polygons in files of any vector format: found, read and put right, within bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from shapely.errors import ShapelyError

from landslip.runtime.access.bound_pyogrio import VECTOR_ERRORS, pyogrio
from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.access.location import Location, gdal_name, is_networked, shown
from landslip.runtime.access.retries import opening_error, patiently, set_up_pyogrio
from landslip.runtime.errors import InputError
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER
from landslip.runtime.rasters.dataset import opened
from landslip.runtime.scene.valid_polygons import TooLongError, made_valid
from landslip.runtime.system.ignored_warnings import warnings_ignored

_AREAS = ("Polygon", "Surface", "Unknown", "GeometryCollection")
"""Types of layers that may hold polygons."""
_MOST_LAYERS = 100
_SHOWN = 8
"""Most layers in a message."""

_Layer = tuple[str, Any, NDArray[Any]]
"""Name, CRS, and WKB of the features."""


def read_polygons(location: Location, role: str) -> tuple[str, NDArray[Any]] | None:
    """The polygons of the one layer that holds some, put right where they cross themselves.

    Of a map of landslip's own that is the layer of landslides.

    Args:
        location: any file or name that GDAL reads.
        role: what it is in the scene, for messages.

    Returns:
        CRS as text, and shapely geometries; None where the file is in no vector format.

    Raises:
        InputError: it is damaged, or holds no polygon, or several layers of them, or has no CRS.
        ConnectionLostError: it is behind a connection that cannot be made.
    """
    layers = _layers(location, role)
    if layers is None:
        return None
    path = shown(location)
    found = [(name, crs, shapes) for name, crs, wkb in layers if len(shapes := _areas(wkb, path, role))]
    if not found:
        if not layers and _is_raster(location):
            return None
        why = "" if layers else ", and no layer that could: it is empty, of another kind, or damaged"
        raise InputError(f"{role}: {path} holds no polygon{why}.", "Give a file with the area as polygons.", where=path)
    if len(found) > 1:
        names = ", ".join(name for name, _, _ in found[:_SHOWN])
        raise InputError(
            f"{role}: {path} has several layers of polygons ({names}).",
            f'Save the one wanted by itself, for example with ogr2ogr -f GPKG NEW.gpkg FILE "{found[0][0]}".',
            where=path,
        )
    _, crs, shapes = found[0]
    if crs is None:
        raise InputError(
            f"{role}: {path} has no coordinate reference system.", "Assign one, then try again.", where=path
        )
    try:
        return crs, made_valid(shapes)
    except TooLongError as error:
        raise InputError(
            f"{role}: the outlines in {path} cross themselves too often to be put right ({error}). "
            "Draw the area again, or simplify it, for example with ogr2ogr -simplify.",
            where=path,
        ) from error


def _is_raster(location: Location) -> bool:
    try:
        opened(location).close()
    except RASTER_ERRORS:
        return False
    return True


def _areas(wkb: NDArray[Any], path: str, role: str) -> NDArray[Any]:
    try:
        shapes: NDArray[Any] = np.atleast_1d(shapely.from_wkb(wkb))
    except ShapelyError as error:
        raise InputError(
            f"{role}: {path} holds damaged outlines ({reason(error)}). Draw or export them again.", where=path
        ) from error
    areas: NDArray[Any] = shapes[(shapely.get_dimensions(shapes) == 2) & ~shapely.is_empty(shapes)]
    if not np.isfinite(shapely.get_coordinates(areas)).all():
        raise InputError(
            f"{role}: {path} holds outlines with coordinates that are no numbers. Draw or export them again.",
            where=path,
        )
    return areas


def _layers(location: Location, role: str) -> list[_Layer] | None:
    """Layers that may hold polygons; None where the file is in no vector format that GDAL reads."""
    set_up_pyogrio(location)

    def read() -> list[_Layer] | None:
        try:
            found = _read_layers(location)
            if is_networked(location) and not _same(found, _read_layers(location)):
                raise RasterioIOError("it came in part, and differs when it is read again")
        except VECTOR_ERRORS as error:
            if is_networked(location):
                opened(location).close()  # If it is no raster either, the connection may have broken.
            elif isinstance(error, pyogrio.errors.DataSourceError) and "not recognized" not in str(error):
                raise InputError(
                    f"{role}: {shown(location)} cannot be read ({reason(error)}).",
                    "Save or copy it again.",
                    where=shown(location),
                ) from error
            return None
        return found

    try:
        return patiently(location, read, RASTER_ERRORS)
    except RASTER_ERRORS as error:
        raise opening_error(location, role, reason(error)) or InputError(
            f"{role}: {shown(location)} cannot be read ({reason(error)}).",
            "Give polygons, or a raster.",
            where=shown(location),
        ) from error


def _read_layers(location: Location) -> list[_Layer]:
    name, found = gdal_name(location), []
    with warnings_ignored(Warning):  # GDAL remarks on content that is questionable: what counts is checked
        layers = pyogrio.list_layers(name)[:_MOST_LAYERS].tolist()
        if {LANDSLIDES_LAYER, NOT_OBSERVED_LAYER} <= {layer for layer, _ in layers}:
            layers = [each for each in layers if each[0] == LANDSLIDES_LAYER]  # a map of landslip's own
        for layer, kind in layers:
            if kind is not None and any(area in kind for area in _AREAS):
                meta, _, wkb, _ = pyogrio.raw.read(name, layer=layer, columns=[])
                found.append((layer, meta["crs"], np.empty(0, dtype=object) if wkb is None else wkb))
    return found


def _same(found: list[_Layer], again: list[_Layer]) -> bool:
    return [layer[:2] for layer in found] == [layer[:2] for layer in again] and all(
        np.array_equal(one, other) for (_, _, one), (_, _, other) in zip(found, again, strict=True)
    )
