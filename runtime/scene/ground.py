"""Ground under landslides: read from files opened a second time, so that the tracer need not wait for the reader.

Only windows that hold landslides are asked for. The reasons are in ``docs/decisions/ground-values.md``.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.cell_size import CellSize
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.window_blocks import Pasted, blocks, resampler_of
from landslip.runtime.products.ground_values import GroundValues
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.layers import Layer, RasterLayer
from landslip.runtime.scene.terrain_layer import TerrainLayer
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.machine import usable_cores
from landslip.runtime.terrain.elevation import Elevation
from landslip.runtime.terrain.ready_terrain import Steepness
from landslip.runtime.terrain.slope_and_hillshade import slope_and_rises
from landslip.runtime.terrain.true_north import towards_east_and_north

SLICE = 2048
"""Columns of the map that one handle reads: as many as the tracer asks for in one window."""

MOST_HANDLES = 8
"""Most times that a file is open."""


@dataclass
class _Handle:
    """Files opened once more, for one thread at a time."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: ElevationGround | SlopeGround | None = None


class GroundReader(Closing):
    """Reads the elevation model, or the ready slope, of a scene by windows of the map grid.

    Safe to use beside the scene, and from several threads. Files are opened when they are first needed, up to once for
    each core: whoever reads the same columns of the map takes the same handle, which has decoded their blocks before.
    """

    def __init__(self, source: Elevation | Steepness, grid: MapGrid) -> None:
        """Take what the scene reads; its files are not touched.

        Args:
            source: the elevation model, else the ready slope.
            grid: the map grid.
        """
        self._source, self._grid = source, grid
        self._stack, self._opening = ExitStack(), threading.Lock()
        self._handles = [_Handle() for _ in range(max(1, min(usable_cores(), MOST_HANDLES)))]

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """Files it reads; of many tiles, those along one row."""
        return self._source.rasters if isinstance(self._source, Elevation) else (self._source.raster,)

    def read(self, window: Window) -> GroundValues:
        """Ground under a window that lies inside the map grid; a pixel's values do not depend on the window.

        Raises:
            InputError: a file cannot be opened again, or is damaged there.
        """
        handle = self._handles[int(window.col_off) // SLICE % len(self._handles)]
        with handle.lock:
            if handle.opened is None:
                with self._opening:
                    handle.opened = self._open()
            return handle.opened.read(window)

    def close(self) -> None:
        """Close its files."""
        self._stack.close()

    def _open(self) -> ElevationGround | SlopeGround:
        def opened(raster: Raster) -> Raster:
            return self._stack.enter_context(raster.again())

        if isinstance(self._source, Elevation):
            return ElevationGround(self._source.again(opened), self._grid)
        return SlopeGround(self._source.again(opened), self._grid)


class ElevationGround:
    """Height, slope and rises of an elevation model, computed on its own grid and then resampled bilinearly."""

    def __init__(self, dem: Elevation, grid: MapGrid) -> None:
        """Prepare reading, of elevation in metres onto the map grid."""
        self._dem, self._cells = dem, CellSize(dem)
        self._resampler = resampler_of(dem, grid, "bilinear")

    def read(self, window: Window) -> GroundValues:
        """See :meth:`GroundReader.read`."""
        shape = (int(window.height), int(window.width))
        heights, gradients = (Pasted(bands, shape, np.dtype(np.float32)) for bands in (1, 3))
        for block in blocks(self._resampler, window):
            for pasted, pixels in zip((heights, gradients), self._ground(block.source), strict=True):
                pasted.put(block.place, self._resampler.resample(block.sampling, pixels))
        (elevation,), (slope, east, north) = _known(heights.pixels), _known(gradients.pixels)
        return GroundValues(elevation, slope, east, north)

    def _ground(self, window: Window) -> tuple[Pixels, Pixels]:
        """Elevation, and slope with the rises towards east and north, on a window of the elevation model."""
        around, inner = self._dem.with_ring(window)
        cells = self._cells.of_rows(int(around.row_off), int(around.row_off + around.height))
        ground = self._dem.read(around)
        slope, rises, valid = slope_and_rises(ground.values[0], ground.valid, *cells)
        turned = towards_east_and_north(self._dem, rises[(slice(None), *inner)], window)
        gradient = np.concatenate([slope[inner][None], turned])
        return Pixels(ground.values[(slice(None), *inner)], ground.valid[inner]), Pixels(gradient, valid[inner])


class SlopeGround:
    """A ready slope: it has no heights, and no direction."""

    def __init__(self, steepness: Steepness, grid: MapGrid) -> None:
        """Prepare reading, of slope in degrees onto the map grid."""
        self._steepness = steepness
        self._resampler = resampler_of(steepness.raster, grid, "bilinear")

    def read(self, window: Window) -> GroundValues:
        """See :meth:`GroundReader.read`."""
        pasted = Pasted(1, (int(window.height), int(window.width)), np.dtype(np.float32))
        for block in blocks(self._resampler, window):
            pasted.put(block.place, self._resampler.resample(block.sampling, self._steepness.read(block.source)))
        return GroundValues(slope=_known(pasted.pixels)[0])


def ground_under(layers: Sequence[Layer], grid: MapGrid) -> GroundReader | None:
    """Reader of the ground that layers show; None where none of them shows how steep it is."""
    for layer in layers:
        if isinstance(layer, TerrainLayer):
            return GroundReader(layer.dem, grid)
        if isinstance(layer, RasterLayer) and isinstance(layer.bands, Steepness):
            return GroundReader(layer.bands, grid)
    return None


def _known(pixels: Pixels) -> NDArray[np.float32]:
    """Values (bands, rows, cols) with NaN where not valid."""
    pixels.values[:, ~pixels.valid] = np.nan
    values: NDArray[np.float32] = pixels.values
    return values
