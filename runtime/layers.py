"""Layers: sources brought onto the map grid window by window."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.errors import InputError
from landslip.runtime.gdal import make_window
from landslip.runtime.grid import MapGrid
from landslip.runtime.raster import Raster
from landslip.runtime.resample import Lattice, Method, Resampler
from landslip.runtime.spec import Role
from landslip.runtime.terrain import horn, metres_per_degree


class Layer(Protocol):
    """A source of one or more network inputs."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The inputs it gives."""
        ...

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """The files it reads."""
        ...

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """Values by role (bands, h, w) and where they are known (h, w), on a window of the map grid."""
        ...


class RasterLayer:
    """Bands of one raster, resampled bilinearly."""

    def __init__(
        self,
        role: Role,
        raster: Raster,
        bands: tuple[int, ...],
        grid: MapGrid,
        *,
        dtype: str | None = None,
        zero_is_unknown: bool = False,
    ) -> None:
        """Prepare reading.

        Args:
            role: the input it feeds.
            raster: where its values come from.
            bands: which bands, from 1.
            grid: the map grid.
            dtype: convert the file's values to this type before resampling.
            zero_is_unknown: 0 means nodata even where the file does not say so, as in hillshade.
        """
        self._role: Role = role
        self._raster = raster
        self._bands = bands
        self._dtype = np.dtype(dtype if dtype is not None else self._raster.dtypes[0])
        self._zero_is_unknown = zero_is_unknown
        self._resampler = _resampler(self._raster, grid, "bilinear")

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """See :class:`Layer`."""
        return (self._raster,)

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        sampling = self._resampler.sampling(window)
        if sampling.source is None:
            shape = (len(self._bands), int(window.height), int(window.width))
            return {self._role: np.zeros(shape, dtype=self._dtype)}, np.zeros(shape[1:], dtype=np.bool_)
        values, valid = self._raster.read(sampling.source, self._bands)
        if self._zero_is_unknown:
            valid &= (values != 0).all(axis=0)
        values, valid = self._resampler.resample(sampling, values.astype(self._dtype, copy=False), valid)
        return {self._role: values}, valid


class TerrainLayer:
    """Hillshade and slope, computed on the elevation model's own grid and then resampled."""

    def __init__(self, dem: Raster, grid: MapGrid) -> None:
        """Prepare reading.

        Args:
            dem: elevation in metres.
            grid: the map grid.

        Raises:
            InputError: the elevation model's grid is rotated.
        """
        if not dem.north_up:
            raise InputError(
                f"{dem.role}: the grid of {dem.path} is rotated, so hillshade has no direction. "
                "Bring it onto a north-up grid first, for example with gdalwarp."
            )
        self._dem = dem
        self._resampler = _resampler(dem, grid, "bilinear")

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return ("hillshade", "slope")

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """See :class:`Layer`."""
        return (self._dem,)

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        sampling = self._resampler.sampling(window)
        if sampling.source is None:
            shape = (1, int(window.height), int(window.width))
            nothing = np.zeros(shape[1:], dtype=np.bool_)
            return {"hillshade": np.zeros(shape, np.uint8), "slope": np.zeros(shape, np.float32)}, nothing
        hillshade, slope, known = self._terrain(sampling.source)
        shaded, valid = self._resampler.resample(sampling, hillshade[None], known)
        steep, _ = self._resampler.resample(sampling, slope[None], known)
        return {"hillshade": shaded, "slope": steep}, valid

    def _terrain(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
        """Terrain on a window of the elevation model, read with the ring of neighbours that Horn's formulas need."""
        first_row, first_col = max(0, window.row_off - 1), max(0, window.col_off - 1)
        last_row = min(self._dem.height, window.row_off + window.height + 1)
        last_col = min(self._dem.width, window.col_off + window.width + 1)
        ring = make_window(first_col, first_row, last_col - first_col, last_row - first_row)
        elevation, valid = self._dem.read(ring, (1,))
        wide, high = self._cell_size(first_row, last_row)
        hillshade, slope, known = horn(elevation[0].astype(np.float32, copy=False), valid, wide, high)
        top, left = window.row_off - first_row, window.col_off - first_col
        inner = (slice(top, top + window.height), slice(left, left + window.width))
        return hillshade[inner], slope[inner], known[inner]

    def _cell_size(self, first_row: int, last_row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Width and height in metres of the cells of some rows; by latitude where the grid is in degrees."""
        transform, rows = self._dem.transform, np.arange(first_row, last_row, dtype=np.float64) + 0.5
        wide, high = np.full(len(rows), transform.a), np.full(len(rows), -transform.e)
        if self._dem.crs.is_geographic:
            per_longitude, per_latitude = metres_per_degree(transform.f + rows * transform.e)
            return wide * per_longitude, high * per_latitude
        factor = self._dem.crs.linear_units_factor[1]
        return wide * factor, high * factor


class MaskLayer:
    """A mask: nonzero pixels are not usable, and neither are pixels the mask says nothing about."""

    def __init__(self, raster: Raster, grid: MapGrid) -> None:
        """Prepare reading; the nearest mask pixel counts."""
        self.raster = raster
        self._resampler = _resampler(raster, grid, "nearest")

    def usable(self, window: Window) -> NDArray[np.bool_]:
        """Which pixels (h, w) of a map window may be used."""
        sampling = self._resampler.sampling(window)
        if sampling.source is None:
            return np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        values, valid = self.raster.read(sampling.source, (1,))
        values, valid = self._resampler.resample(sampling, values, valid)
        usable: NDArray[np.bool_] = valid & (values[0] == 0)
        return usable


def _resampler(raster: Raster, grid: MapGrid, method: Method) -> Resampler:
    return Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, method)
