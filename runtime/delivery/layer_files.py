"""Layers of a map's GeoPackage, copied into other files by GDAL, batch by batch; its errors are translated here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.access.bound_pyogrio import VECTOR_ERRORS, pyogrio
from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_names import LANDSLIDES
from landslip.runtime.system.library_logs import quiet_libraries
from landslip.runtime.system.safe_writing import clear_name

quiet_libraries()

BATCH = 1000
"""Features that are in memory at once."""


@dataclass(frozen=True)
class MapLayer:
    """A layer of the GeoPackage of a run."""

    path: Path
    """The GeoPackage."""
    name: str
    """Name of the layer."""
    crs: str
    """CRS of its geometries, as GDAL writes it."""
    count: int
    """Number of its features."""
    fields: tuple[str, ...]
    """Names of its fields."""
    geometry: str
    """Name of the column of geometries."""


@dataclass(frozen=True)
class MapFeatures:
    """Some features of a layer."""

    geometries: NDArray[np.object_]
    """Geometries (n,), in the CRS of the layer."""
    columns: Mapping[str, NDArray[Any]]
    """Values (n,) by the name of the field; NaN, NaT or None where there is none."""


def layer_of(run: FinishedRun, name: str) -> MapLayer:
    """A layer of the GeoPackage of a run.

    Raises:
        InputError: the file cannot be read, or has no such layer.
    """
    path = run.path(LANDSLIDES)
    with read_errors(path):
        known = [str(layer) for layer, _ in pyogrio.list_layers(path)]
        info = pyogrio.read_info(path, layer=name, force_feature_count=True) if name in known else None
    if info is None or not info["crs"]:
        raise InputError(
            f"{path} has no layer {name} with a CRS: another version has made it.",
            "Map the scene again with overwrite=True.",
            where=path,
        )
    fields = tuple(str(field) for field in info["fields"])
    return MapLayer(path, name, str(info["crs"]), int(info["features"]), fields, str(info["geometry_name"]))


def copy_layer(
    layer: MapLayer,
    target: Path,
    driver: str,
    settings: Mapping[str, Any],
    names: Sequence[tuple[str, str]] | None = None,
) -> None:
    """Copy a layer into a file of its own, with the same geometries and values.

    Args:
        layer: the layer.
        target: the file; replaced if it exists.
        driver: GDAL's name of the format.
        settings: options of GDAL's driver, as texts.
        names: fields that are copied, each with its name in the file; None for all, under their own names.

    Raises:
        OutputError: the file cannot be written.
    """
    chosen: dict[str, Any] = {"layer": layer.name}
    if names is not None:
        columns = ", ".join(f'"{field}" AS "{name}"' for field, name in names)
        chosen = {"sql": f'SELECT "{layer.geometry}", {columns} FROM "{layer.name}"'}  # noqa: S608 - names are ours
    with output_of(target):
        clear_name(target)
        with pyogrio.raw.open_arrow(layer.path, batch_size=BATCH, use_pyarrow=False, **chosen) as (_, stream):
            pyogrio.raw.write_arrow(
                stream,
                target,
                layer=layer.name,
                driver=driver,
                geometry_name=layer.geometry,
                geometry_type="MultiPolygon",
                crs=layer.crs,
                **settings,
            )
        check_count(target, layer.count)


def features_of(layer: MapLayer) -> Iterator[MapFeatures]:
    """Features of a layer in its order, some at a time.

    Raises:
        InputError: the file cannot be read.
    """
    for first in range(0, layer.count, BATCH):
        with read_errors(layer.path):
            meta, _, geometry, columns = pyogrio.raw.read(
                layer.path, layer=layer.name, skip_features=first, max_features=BATCH
            )
        names = (str(name) for name in meta["fields"])
        yield MapFeatures(shapely.from_wkb(geometry), dict(zip(names, columns, strict=True)))


def check_count(path: Path, count: int) -> None:
    """Read a written file: drivers do not all report that the disk was full.

    Raises:
        pyogrio.errors.DataSourceError: it does not hold as many features as were written.
    """
    found = pyogrio.read_info(path, force_feature_count=True)["features"]
    if found != count:
        raise pyogrio.errors.DataSourceError(f"{found} of {count} features arrived in it")


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Turn what GDAL says in a block that reads a map's GeoPackage into a sentence about it.

    Raises:
        InputError: it said something.
    """
    try:
        yield
    except (*VECTOR_ERRORS, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Map the scene again.", where=path) from error


@contextmanager
def output_of(path: Path) -> Iterator[None]:
    """Turn what GDAL and the system say in a block that writes a file into a sentence about it.

    Raises:
        OutputError: they said something.
    """
    try:
        yield
    except OutputError:
        raise
    except (*VECTOR_ERRORS, OSError) as error:
        raise OutputError(
            f"output: {path.name} cannot be written: {error}.",
            "Check the folder and its space.",
            where=path,
            option="out",
        ) from error
