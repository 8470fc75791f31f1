"""Layers: sources brought onto the map grid window by window."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.errors import InputError
from landslip.runtime.gdal import make_window
from landslip.runtime.geodesy import is_metric, metres_per_degree, metres_per_unit
from landslip.runtime.grid import MapGrid
from landslip.runtime.raster import Raster
from landslip.runtime.resample import Lattice, Method, Resampler, Sampling
from landslip.runtime.spec import Role
from landslip.runtime.terrain import horn

LARGEST_WINDOW = 4 << 20
"""Pixels of a source read at a time."""


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
        largest: float = math.inf,
    ) -> None:
        """Prepare reading.

        Args:
            role: the input it feeds.
            raster: where its values come from.
            bands: which bands, from 1.
            grid: the map grid.
            dtype: convert the file's values to this type before resampling.
            zero_is_unknown: 0 means nodata even where the file does not say so, as in hillshade.
            largest: no known value may be larger.
        """
        self._role: Role = role
        self._raster = raster
        self._bands = bands
        self._dtype = np.dtype(dtype if dtype is not None else raster.dtypes[0])
        self._zero_is_unknown = zero_is_unknown
        self._largest = largest
        self._resampler = _resampler(raster, grid, "bilinear")

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
        values = np.zeros((len(self._bands), int(window.height), int(window.width)), dtype=self._dtype)
        known = np.zeros(values.shape[1:], dtype=np.bool_)
        for part, sampling in _pieces(self._resampler, window):
            found, valid = self._raster.read(_source(sampling), self._bands)
            if self._zero_is_unknown:
                valid &= (found != 0).all(axis=0)
            self._check_range(found, valid)
            place = _place(part, window)
            values[(slice(None), *place)], known[place] = self._resampler.resample(
                sampling, found.astype(self._dtype), valid
            )
        return {self._role: values}, known

    def _check_range(self, values: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        if math.isfinite(self._largest) and (values.max(initial=0.0, where=valid) > self._largest):
            raise InputError(
                f"{self._raster.role}: {self._raster.path} reaches {values.max(where=valid, initial=0.0):g}, but "
                f"{self._largest:g} degrees is the most there can be. Make it in degrees: gdaldem slope, without -p."
            )


class TerrainLayer:
    """Hillshade and slope, computed on the elevation model's own grid and then resampled."""

    def __init__(self, dem: Raster, grid: MapGrid) -> None:
        """Prepare reading.

        Args:
            dem: elevation in metres.
            grid: the map grid.

        Raises:
            InputError: the elevation model's grid is rotated, or its CRS not related to the globe.
        """
        if not dem.axis_aligned:
            raise InputError(
                f"{dem.role}: the grid of {dem.path} is rotated, so hillshade has no direction. "
                "Bring it onto a north-up grid first, for example with gdalwarp."
            )
        self._dem = dem
        self._metric = self._is_metric()
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
        shape = (int(window.height), int(window.width))
        shaded, steep = np.zeros((1, *shape), dtype=np.uint8), np.zeros((1, *shape), dtype=np.float32)
        known = np.zeros(shape, dtype=np.bool_)
        for part, sampling in _pieces(self._resampler, window):
            hillshade, slope, valid = self._terrain(_source(sampling))
            place = _place(part, window)
            shaded[(slice(None), *place)], known[place] = self._resampler.resample(sampling, hillshade[None], valid)
            steep[(slice(None), *place)], _ = self._resampler.resample(sampling, slope[None], valid)
        return {"hillshade": shaded, "slope": steep}, known

    def _is_metric(self) -> bool:
        transform = self._dem.transform
        x, y = transform.c + transform.a * self._dem.width / 2, transform.f + transform.e * self._dem.height / 2
        if self._dem.crs.is_geographic:
            return False
        if not self._dem.crs.is_projected:
            raise InputError(
                f"{self._dem.role}: the CRS of {self._dem.path} is neither projected nor in degrees, so its cells have "
                "no size on the ground. Reproject it, for example with gdalwarp."
            )
        return is_metric(self._dem.crs, x, y)

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
        """Width and height on the ground, in metres, of the cells of some rows.

        They vary with latitude where the grid is in degrees, or in a projection that is not true to scale there.
        """
        transform, rows = self._dem.transform, np.arange(first_row, last_row, dtype=np.float64) + 0.5
        wide, high = np.full(len(rows), transform.a), np.full(len(rows), -transform.e)
        if self._dem.crs.is_geographic:
            per_longitude, per_latitude = metres_per_degree(transform.f + rows * transform.e)
            return wide * per_longitude, high * per_latitude
        if self._metric:
            return wide, high
        middle = transform.c + transform.a * self._dem.width / 2
        along_x, along_y = metres_per_unit(self._dem.crs, middle, transform.f + rows * transform.e)
        return wide * along_x, high * along_y


class MaskLayer:
    """A mask: nonzero pixels are not usable, and neither are pixels the mask says nothing about."""

    def __init__(self, raster: Raster, grid: MapGrid) -> None:
        """Prepare reading; the nearest mask pixel counts."""
        self.raster = raster
        self._resampler = _resampler(raster, grid, "nearest")

    def usable(self, window: Window) -> NDArray[np.bool_]:
        """Which pixels (h, w) of a map window may be used."""
        usable = np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        for part, sampling in _pieces(self._resampler, window):
            values, _ = self.raster.read(_source(sampling), (1,), fill=1)
            # A declared nodata value decides nothing: masks that mark only clouds declare their 0 as nodata.
            clear = values[0] == 0
            _, usable[_place(part, window)] = self._resampler.resample(sampling, values, clear)
        return usable


def _resampler(raster: Raster, grid: MapGrid, method: Method) -> Resampler:
    resampler = Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, method)
    under = resampler.sampling(make_window(grid.width // 2, grid.height // 2, 1, 1)).source
    if under is not None and under.width * under.height > LARGEST_WINDOW:
        raise InputError(
            f"{raster.role}: {raster.path} has {under.width} x {under.height} pixels under a single one of the map. "
            "Check its georeferencing, or bring it to a coarser resolution first."
        )
    return resampler


def _pieces(resampler: Resampler, window: Window) -> Iterator[tuple[Window, Sampling]]:
    """A window in pieces whose source windows stay small, without those that miss the source.

    Sources much finer than the map, or turned against it, would otherwise be read in windows as large as the file.
    Results do not depend on windows, so cutting does not change them.
    """
    sampling = resampler.sampling(window)
    source = sampling.source
    if source is None:
        return
    if source.width * source.height <= LARGEST_WINDOW or window.width * window.height == 1:
        yield window, sampling
        return
    for half in _halves(window):
        yield from _pieces(resampler, half)


def _halves(window: Window) -> tuple[Window, Window]:
    col, row, width, height = (int(part) for part in window.flatten())
    if width > height:
        middle = width // 2
        return make_window(col, row, middle, height), make_window(col + middle, row, width - middle, height)
    middle = height // 2
    return make_window(col, row, width, middle), make_window(col, row + middle, width, height - middle)


def _place(part: Window, window: Window) -> tuple[slice, slice]:
    """Where a part of a window lies in the window's arrays."""
    top, left = int(part.row_off - window.row_off), int(part.col_off - window.col_off)
    return slice(top, top + int(part.height)), slice(left, left + int(part.width))


def _source(sampling: Sampling) -> Window:
    if sampling.source is None:
        raise ValueError("the map window misses the source")
    return sampling.source
