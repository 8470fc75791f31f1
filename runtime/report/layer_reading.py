"""Polygons of the results read back from their GeoPackage: columns by name, no more of them than a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.access.bound_pyogrio import VECTOR_ERRORS, pyogrio
from landslip.runtime.errors import InputError

AREA = "area_m2"
"""Column by which polygons are large."""


@dataclass(frozen=True)
class LayerRead:
    """Polygons of one layer, or the largest of them."""

    count: int
    """Number of polygons that the layer holds."""
    columns: Mapping[str, NDArray[Any]]
    """Values of those that were read by name of the column, in the order of the file."""
    shapes: NDArray[Any]
    """(n,) shapely geometries in the CRS of the map."""
    area_m2: float
    """Area of all polygons that the layer holds, square metres; 0 where it has no such column."""

    def largest(self, most: int) -> LayerRead:
        """The largest of them, in the order of the file."""
        if most >= len(self.shapes):
            return self
        kept = np.sort(np.argsort(-self.columns[AREA], kind="stable")[:most])
        columns = {name: values[kept] for name, values in self.columns.items()}
        return LayerRead(self.count, columns, self.shapes[kept], self.area_m2)


def layers_of(path: Path) -> tuple[str, ...]:
    """Names of the layers of a file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return tuple(str(name) for name, _ in pyogrio.list_layers(path))
    except VECTOR_ERRORS as error:
        raise _unreadable(path, error) from error


def read_largest(path: Path, layer: str, most: int) -> LayerRead:
    """Read the largest polygons of a layer; of equal ones the first.

    Args:
        path: a GeoPackage.
        layer: name of the layer; it has a column ``area_m2``.
        most: polygons that are read.

    Raises:
        InputError: it cannot be read.
    """
    try:
        _, _, _, (areas,) = pyogrio.raw.read(path, layer=layer, columns=[AREA], read_geometry=False)
        where = None
        if len(areas) > most:
            least = float(np.partition(areas, len(areas) - most)[len(areas) - most])
            where = f"{AREA} >= {least!r}"
        meta, _, geometry, values = pyogrio.raw.read(path, layer=layer, where=where)
    except (*VECTOR_ERRORS, ValueError) as error:
        raise _unreadable(path, error) from error
    columns = dict(zip(map(str, meta["fields"]), values, strict=True))
    shapes: NDArray[Any] = shapely.from_wkb(geometry)
    return LayerRead(len(areas), columns, shapes, float(np.sum(areas))).largest(most)


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path} cannot be read ({error}).", "Map again, or copy the folder of the results again.", where=path
    )
