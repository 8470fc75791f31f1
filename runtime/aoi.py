"""Areas of interest: where a map is wanted, from a raster or from polygons."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError
from pyogrio.raw import read as read_vector
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.gdal import RASTER_ERRORS, transform_points
from landslip.runtime.grid import Bounds, MapGrid
from landslip.runtime.raster import Raster
from landslip.runtime.resample import Lattice, Resampler


class Area(Protocol):
    """Where a map is wanted."""

    path: Path
    crs: CRS
    bounds: Bounds

    def inside(self, window: Window, grid: MapGrid) -> NDArray[np.bool_]:
        """Which pixels (h, w) of a map window lie inside."""
        ...


class RasterArea:
    """The nonzero pixels of a raster."""

    def __init__(self, raster: Raster) -> None:
        """Take an opened raster."""
        self._raster = raster
        self._resampler: Resampler | None = None
        self.path, self.crs, self.bounds = raster.path, raster.crs, raster.bounds

    def align(self, grid: MapGrid) -> None:
        """Relate the raster to the map grid; once, before reading."""
        raster = self._raster
        lattice = Lattice(raster.crs, raster.transform, raster.height, raster.width)
        self._resampler = Resampler(lattice, grid, "nearest")

    def inside(self, window: Window, grid: MapGrid) -> NDArray[np.bool_]:
        """See :class:`Area`."""
        if self._resampler is None:
            self.align(grid)
            return self.inside(window, grid)
        sampling = self._resampler.sampling(window)
        if sampling.source is None:
            return np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        values, valid = self._resampler.resample(sampling, *self._raster.read(sampling.source, (1,)))
        inside: NDArray[np.bool_] = valid & (values[0] != 0)
        return inside


class VectorArea:
    """The inside of polygons."""

    def __init__(self, path: Path, crs: CRS, geometries: NDArray[Any]) -> None:
        """Take shapely geometries in ``crs``."""
        self.path, self.crs = path, crs
        self._geometries = geometries
        left, bottom, right, top = shapely.total_bounds(geometries)
        self.bounds: Bounds = (float(left), float(bottom), float(right), float(top))
        self._on_grid: tuple[CRS, NDArray[Any]] | None = None

    def inside(self, window: Window, grid: MapGrid) -> NDArray[np.bool_]:
        """See :class:`Area`; a pixel is inside when its centre is."""
        burnt = np.zeros((int(window.height), int(window.width)), dtype=np.uint8)
        shapes = [(shape, 1) for shape in self._in_crs(grid.crs)]
        rasterize(shapes, out=burnt, transform=window_transform(window, grid.transform))
        return burnt.astype(np.bool_)

    def _in_crs(self, crs: CRS) -> NDArray[Any]:
        if self._on_grid is None or self._on_grid[0] != crs:
            self._on_grid = (crs, _transformed(self._geometries, self.crs, crs))
        return self._on_grid[1]


def open_area(path: Path, stack: contextlib.ExitStack) -> RasterArea | VectorArea:
    """Open an area of interest: polygons in a vector format, or a raster.

    Args:
        path: any raster or vector file GDAL reads.
        stack: closes what was opened.

    Raises:
        InputMissingError: there is no such file.
        InputError: the file is neither, or holds no polygon, or has no CRS.
    """
    if not path.exists():
        raise InputMissingError(f"area of interest: {path} does not exist. Check the path.")
    try:
        meta, _, shapes, _ = read_vector(path, columns=[])
    except DataSourceError:
        return RasterArea(stack.enter_context(Raster(path, "area of interest")))
    geometries = shapely.from_wkb(shapes) if shapes is not None else np.empty(0, dtype=object)
    geometries = geometries[shapely.get_dimensions(geometries) == 2]
    if not len(geometries):
        raise InputError(f"area of interest: {path} holds no polygon. Give a file with the area as polygons.")
    if meta["crs"] is None:
        raise InputError(f"area of interest: {path} has no coordinate reference system. Assign one, then try again.")
    try:
        crs = CRS.from_user_input(meta["crs"])
    except RASTER_ERRORS as error:
        raise InputError(f"area of interest: the CRS of {path} is not understood ({error}).") from error
    return VectorArea(path, crs, geometries)


def _transformed(geometries: NDArray[Any], source: CRS, target: CRS) -> NDArray[Any]:
    if source == target:
        return geometries

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        xs, ys = transform_points(source, target, points[:, 0], points[:, 1])
        return np.column_stack([xs, ys])

    on_grid: NDArray[Any] = shapely.transform(geometries, moved)
    return on_grid
