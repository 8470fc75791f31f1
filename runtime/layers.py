"""Layers: sources brought onto the map grid window by window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.cell_size import CellSize
from landslip.runtime.elevation import Elevation
from landslip.runtime.errors import InputError
from landslip.runtime.gdal import make_window
from landslip.runtime.grid import MapGrid
from landslip.runtime.mask_classes import Classes, in_classes
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


class Source(Protocol):
    """Values of one raster on its own grid, as a network input takes them."""

    @property
    def raster(self) -> Raster:
        """The file."""
        ...

    @property
    def count(self) -> int:
        """How many bands it gives."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        ...

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values (bands, rows, cols) and where they are known (rows, cols), on a window of the raster."""
        ...


class Shading:
    """A ready hillshade: 0 is unknown even where the file does not say so."""

    count = 1
    dtype = np.dtype(np.uint8)

    def __init__(self, raster: Raster) -> None:
        """Take an opened raster of uint8."""
        self.raster = raster

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """See :class:`Source`."""
        values, valid = self.raster.read(window, (1,))
        return values, valid & (values[0] != 0)


class Steepness:
    """A ready slope in degrees, as float32."""

    count = 1
    dtype = np.dtype(np.float32)

    def __init__(self, raster: Raster) -> None:
        """Take an opened raster of real numbers."""
        self.raster = raster

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """See :class:`Source`."""
        values, valid = self.raster.read(window, (1,))
        steepest = values.max(where=valid, initial=0.0)
        if steepest > 90.0:
            raise InputError(
                f"{self.raster.role}: {self.raster.path} reaches {steepest:g}, but 90 degrees is the most there can "
                "be. Make it in degrees: gdaldem slope, without -p."
            )
        return values.astype(np.float32), valid


class RasterLayer:
    """Bands of one raster, resampled bilinearly."""

    def __init__(self, role: Role, source: Source, grid: MapGrid) -> None:
        """Prepare reading.

        Args:
            role: the input it feeds.
            source: where its values come from.
            grid: the map grid.
        """
        self._role: Role = role
        self._source = source
        self._resampler = _resampler(source.raster, grid, "bilinear")

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """See :class:`Layer`."""
        return (self._source.raster,)

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        shape = (int(window.height), int(window.width))
        values, known = _Pasted(self._source.count, shape, self._source.dtype), _Pasted(1, shape, np.dtype(np.bool_))
        for part, sampling in _pieces(self._resampler, window):
            found, valid = self._resampler.resample(sampling, *self._source.read(_source(sampling)))
            place = _place(part, window)
            values.put(place, found)
            known.put(place, valid[None])
        return {self._role: values.array}, known.array[0]


class StackedLayer:
    """One input from several rasters, each on its own grid; known where all of them are."""

    def __init__(self, role: Role, sources: Sequence[Source], grid: MapGrid) -> None:
        """Prepare reading; the bands come in the order of the sources."""
        self._role: Role = role
        self._layers = [RasterLayer(role, source, grid) for source in sources]

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """See :class:`Layer`."""
        return tuple(raster for layer in self._layers for raster in layer.rasters)

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        if len(self._layers) == 1:
            return self._layers[0].read(window)
        found = [layer.read(window) for layer in self._layers]
        known = np.logical_and.reduce([valid for _, valid in found])
        values = np.concatenate([arrays[self._role] for arrays, _ in found])
        values[:, ~known] = 0
        return {self._role: values}, known


class TerrainLayer:
    """Hillshade and slope, computed on the elevation model's own grid and then resampled."""

    def __init__(self, dem: Elevation, grid: MapGrid) -> None:
        """Prepare reading.

        Args:
            dem: elevation in metres.
            grid: the map grid.

        Raises:
            InputError: the elevation model's CRS is not related to the globe.
        """
        self._dem = dem
        self._cells = CellSize(dem)
        self._resampler = _resampler(dem, grid, "bilinear")

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return ("hillshade", "slope")

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """See :class:`Layer`; of many tiles, those along one row."""
        return self._dem.rasters

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        shape = (int(window.height), int(window.width))
        shaded, steep = _Pasted(1, shape, np.dtype(np.uint8)), _Pasted(1, shape, np.dtype(np.float32))
        known = _Pasted(1, shape, np.dtype(np.bool_))
        for part, sampling in _pieces(self._resampler, window):
            hillshade, slope, valid = self._terrain(_source(sampling))
            place = _place(part, window)
            steep.put(place, self._resampler.resample(sampling, slope[None], valid)[0])
            found, valid = self._resampler.resample(sampling, hillshade[None], valid)
            shaded.put(place, found)
            known.put(place, valid[None])
        return {"hillshade": shaded.array, "slope": steep.array}, known.array[0]

    def _terrain(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
        """Terrain on a window of the elevation model, read with the ring of neighbours that Horn's formulas need."""
        first_row, first_col = max(0, window.row_off - 1), max(0, window.col_off - 1)
        last_row = min(self._dem.height, window.row_off + window.height + 1)
        last_col = min(self._dem.width, window.col_off + window.width + 1)
        elevation, valid = self._dem.read(make_window(first_col, first_row, last_col - first_col, last_row - first_row))
        hillshade, slope, known = horn(elevation, valid, *self._cells.of_rows(first_row, last_row))
        top, left = window.row_off - first_row, window.col_off - first_col
        inner = (slice(top, top + window.height), slice(left, left + window.width))
        return hillshade[inner], slope[inner], known[inner]


class MaskLayer:
    """A mask: marked pixels are not usable, and neither are pixels the mask says nothing about."""

    def __init__(self, raster: Raster, grid: MapGrid, classes: Classes | None = None) -> None:
        """Prepare reading; the nearest mask pixel counts.

        Args:
            raster: the mask.
            grid: the map grid.
            classes: which values are not usable, and all else is; None for all but 0.
        """
        self.raster = raster
        self._classes = classes
        self._resampler = _resampler(raster, grid, "nearest")

    def usable(self, window: Window) -> NDArray[np.bool_]:
        """Which pixels (h, w) of a map window may be used."""
        usable = np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        for part, sampling in _pieces(self._resampler, window):
            values, valid = self.raster.read(_source(sampling), (1,), fill=1)
            _, usable[_place(part, window)] = self._resampler.resample(sampling, values, self._clear(values[0], valid))
        return usable

    def _clear(self, values: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
        if self._classes is not None:
            return valid & ~in_classes(values, self._classes)
        clear: NDArray[np.bool_] = values == 0
        # A declared nodata value decides nothing: masks that mark only clouds declare their 0 as nodata.
        return clear & valid if self.raster.masked else clear


class _Pasted:
    """A window put together from pieces; zeros where there is none."""

    def __init__(self, bands: int, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        self._shape, self._dtype = (bands, *shape), dtype
        self._array: NDArray[Any] | None = None

    def put(self, place: tuple[slice, slice], piece: NDArray[Any]) -> None:
        """Add a piece (bands, rows, cols); the only one that is as large as the window is taken as it is."""
        if piece.shape == self._shape:
            self._array = piece
        else:
            self.array[(slice(None), *place)] = piece

    @property
    def array(self) -> NDArray[Any]:
        """What there is so far: (bands, rows, cols)."""
        if self._array is None:
            self._array = np.zeros(self._shape, self._dtype)
        return self._array


def _resampler(raster: Raster | Elevation, grid: MapGrid, method: Method) -> Resampler:
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
