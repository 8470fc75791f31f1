"""landslip's tiles and blending by themselves: from arrays in memory to a map in memory, as MONAI does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.confidence import OBSERVED
from landslip.runtime.engines import Engine
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.mapping.pipeline import stream
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.progress import NoProgress
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.plan import Plan, make_plan


class ArrayLayer:
    """An input that lies in memory, on the map's grid; all of it is valid."""

    def __init__(self, role: str, array: NDArray[Any]) -> None:
        """Take an array (bands, rows, cols) of the whole map."""
        self._role = role
        self._array = array

    @property
    def roles(self) -> tuple[str, ...]:
        """See :class:`landslip.runtime.scene.layers.Layer`."""
        return (self._role,)

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """See :class:`landslip.runtime.scene.layers.Layer`."""
        return ()

    def read(self, window: Window) -> SceneBlock:
        """See :class:`landslip.runtime.scene.layers.Layer`."""
        rows, cols = window.toslices()
        found = self._array[:, rows, cols]
        return SceneBlock(window, {self._role: found}, np.ones(found.shape[1:], dtype=np.bool_))

    def reasons(self, window: Window) -> int:
        """See :class:`landslip.runtime.scene.layers.Layer`."""
        del window
        return OBSERVED


class InMemory:
    """A scene in memory, mapped into memory."""

    def __init__(self, grid: MapGrid, arrays: Mapping[str, NDArray[Any]], engine: Engine, batch: int) -> None:
        """Take every input of the engine's model, by name, as an array (bands, rows, cols) on a grid."""
        layers = [ArrayLayer(entry.name, arrays[entry.name]) for entry in engine.spec.inputs]
        self._scene = Scene(grid, layers, [], None)
        self._engine, self._batch = engine, batch
        self.plan: Plan = make_plan("gaussian", grid, engine.spec, None, 0.5)
        """Plan of the tiles."""

    def map(self) -> NDArray[np.uint8]:
        """Confidence in percent (rows, cols)."""
        grid = self._scene.grid
        run = Run(
            self._scene, self.plan, self._engine, self._batch, 50, Stopwatch(), NoProgress(), Thumbnails(grid)
        )  # fmt: skip
        percent = np.empty((grid.height, grid.width), dtype=np.uint8)
        for strip in stream(run):
            percent[strip.first_row : strip.end] = strip.confidence
        return percent
