"""Layers: sources brought onto the map grid window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.spec import Role
from landslip.runtime.declared.masks import MaskRule
from landslip.runtime.geo.cell_size import CellSize
from landslip.runtime.geo.gridded import Pixels
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.window_blocks import Pasted, pieces, resampler_of
from landslip.runtime.geo.windows import make_window
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.terrain.elevation import Elevation
from landslip.runtime.terrain.light import Light
from landslip.runtime.terrain.slope_and_hillshade import horn


class Layer(Protocol):
    """A source of one or more network inputs."""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The inputs it gives."""
        ...

    @property
    def rasters(self) -> tuple[Pixels, ...]:
        """The files it reads."""
        ...

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """Values by role (bands, h, w) and where they are known (h, w), on a window of the map grid."""
        ...


class LayerInput(Protocol):
    """Values of one raster on its own grid, as a network input takes them."""

    @property
    def raster(self) -> Pixels:
        """The file, or the tiles together."""
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


class RasterLayer:
    """Bands of one raster, resampled bilinearly."""

    def __init__(self, role: Role, source: LayerInput, grid: MapGrid) -> None:
        """Prepare reading.

        Args:
            role: the input it feeds.
            source: where its values come from.
            grid: the map grid.
        """
        self._role: Role = role
        self._source = source
        self._resampler = resampler_of(source.raster, grid, "bilinear")

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[Pixels, ...]:
        """See :class:`Layer`."""
        return (self._source.raster,)

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        shape = (int(window.height), int(window.width))
        values, known = Pasted(self._source.count, shape, self._source.dtype), Pasted(1, shape, np.dtype(np.bool_))
        for piece in pieces(self._resampler, window):
            found, valid = self._resampler.resample(piece.sampling, *self._source.read(piece.source))
            values.put(piece.place, found)
            known.put(piece.place, valid[None])
        return {self._role: values.array}, known.array[0]


class StackedLayer:
    """One input from several rasters, each on its own grid; known where all of them are."""

    def __init__(self, role: Role, sources: Sequence[LayerInput], grid: MapGrid) -> None:
        """Prepare reading; the bands come in the order of the sources."""
        self._role: Role = role
        self._layers = [RasterLayer(role, source, grid) for source in sources]

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[Pixels, ...]:
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
        self._light = Light(dem, grid)
        self._resampler = resampler_of(dem, grid, "bilinear")

    @property
    def roles(self) -> tuple[Role, ...]:
        """See :class:`Layer`."""
        return ("hillshade", "slope")

    @property
    def rasters(self) -> tuple[Pixels, ...]:
        """See :class:`Layer`; of many tiles, those along one row."""
        return self._dem.rasters

    def read(self, window: Window) -> tuple[dict[Role, NDArray[Any]], NDArray[np.bool_]]:
        """See :class:`Layer`."""
        shape = (int(window.height), int(window.width))
        shaded, steep = Pasted(1, shape, np.dtype(np.uint8)), Pasted(1, shape, np.dtype(np.float32))
        known = Pasted(1, shape, np.dtype(np.bool_))
        for piece in pieces(self._resampler, window):
            hillshade, slope, valid = self._terrain(piece.source)
            steep.put(piece.place, self._resampler.resample(piece.sampling, slope[None], valid)[0])
            found, valid = self._resampler.resample(piece.sampling, hillshade[None], valid)
            shaded.put(piece.place, found)
            known.put(piece.place, valid[None])
        return {"hillshade": shaded.array, "slope": steep.array}, known.array[0]

    def _terrain(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
        """Terrain on a window of the elevation model, read with the ring of neighbours that Horn's formulas need."""
        first_row, first_col = max(0, window.row_off - 1), max(0, window.col_off - 1)
        last_row = min(self._dem.height, window.row_off + window.height + 1)
        last_col = min(self._dem.width, window.col_off + window.width + 1)
        around = make_window(first_col, first_row, last_col - first_col, last_row - first_row)
        cells, light = self._cells.of_rows(first_row, last_row), self._light.over(around)
        hillshade, slope, known = horn(*self._dem.read(around), *cells, light)
        top, left = window.row_off - first_row, window.col_off - first_col
        inner = (slice(top, top + window.height), slice(left, left + window.width))
        return hillshade[inner], slope[inner], known[inner]


class MaskLayer:
    """A mask: marked pixels are not usable, and neither are pixels the mask says nothing about."""

    def __init__(self, raster: Raster, grid: MapGrid, rule: MaskRule | None = None) -> None:
        """Prepare reading; the nearest mask pixel counts.

        Args:
            raster: the mask.
            grid: the map grid.
            rule: which values are not usable; None for all but 0.
        """
        self.raster = raster
        self.rule = rule or MaskRule()
        self._resampler = resampler_of(raster, grid, "nearest")

    def usable(self, window: Window) -> NDArray[np.bool_]:
        """Which pixels (h, w) of a map window may be used."""
        return self._on_map(window, lambda clear, _: clear)

    def said(self, window: Window) -> NDArray[np.bool_]:
        """Of which pixels (h, w) of a map window it says anything: where it reaches and is not nodata."""
        return self._on_map(window, lambda clear, valid: clear | valid)

    def _on_map(
        self, window: Window, wanted: Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]]
    ) -> NDArray[np.bool_]:
        """What is wanted of where the mask is clear and where it is known, brought onto a window of the map."""
        found = np.zeros((int(window.height), int(window.width)), dtype=np.bool_)
        for piece in pieces(self._resampler, window):
            values, valid = self.raster.read(piece.source, (self.rule.band,), fill=1)
            clear = self.rule.clear(values[0], valid, masked=self.raster.masked)
            _, found[piece.place] = self._resampler.resample(piece.sampling, values, wanted(clear, valid))
        return found
