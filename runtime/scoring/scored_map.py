"""A map as it is scored: its grid, its landslides at a threshold, its rows in bands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.access.location import exists
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.geo.ground_area import CELL
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.tracing import Strip, trace_outlines

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


class ScoredMap:
    """A ``confidence.tif`` that is open; made by :func:`opened_map`."""

    def __init__(self, dataset: DatasetReader, path: Path) -> None:
        """Take a dataset.

        Raises:
            InputError: it is no confidence map.
        """
        _check(dataset, path)
        self._dataset, self.path = dataset, path
        self.grid = MapGrid(dataset.crs, dataset.transform, dataset.height, dataset.width)

    def landslides(self, level: int, min_area: float) -> NDArray[Any]:
        """The landslides from a level on, as ``landslides.gpkg`` has them: (n,) polygons on the lattice."""
        strips = (Strip(first, values) for first, values in self.bands())
        lattice = Affine(1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
        shapes = list(trace_outlines(strips, self.grid, lattice, level=level, min_area=min_area))
        found = np.empty(len(shapes), dtype=object)
        found[:] = shapes
        return found

    def bands(self) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """First row and values (rows, width) of each band of ``CELL`` rows."""
        for row in range(0, self.grid.height, CELL):
            window = self.grid.rows(row, min(row + CELL, self.grid.height))
            yield row, self._dataset.read(1, window=window)


@contextmanager
def opened_map(path: Path) -> Iterator[ScoredMap]:
    """Open a confidence map.

    Raises:
        InputMissingError: there is none.
        InputError: it is none, or cannot be read.
    """
    if not exists(path):
        raise InputMissingError(f"There is no map at {path}.", "Make it with: landslip map", where=path)
    try:
        with rasterio.open(path) as dataset:
            yield ScoredMap(dataset, path)
    except RASTER_ERRORS as error:
        raise InputError(f"The map {path} cannot be read: {error}.", "Make it again.", where=path) from error


def _check(dataset: DatasetReader, path: Path) -> None:
    place = dataset.transform
    square = place.b == place.d == 0.0 and place.a > 0 and math.isclose(place.a, -place.e)
    if dataset.count != 1 or dataset.dtypes[0] != "uint8" or dataset.crs is None:
        raise InputError(
            f"{path} is not a confidence map: it has {dataset.count} band(s) of {dataset.dtypes[0]}, CRS "
            f"{dataset.crs}; one band of uint8 with a CRS is expected.",
            "Give the confidence.tif that landslip map writes.",
            where=path,
        )
    if not (dataset.crs.is_projected and square):
        raise InputError(
            f"{path} is not a confidence map: its grid is not one of square pixels in metres, north up.",
            "Bring it onto one, for example with gdalwarp -t_srs EPSG:32654 -tr 10 10.",
            where=path,
        )
