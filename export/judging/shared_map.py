"""A map of scene tiles laid side by side, by the stages of every map: what shared features do beyond a tile's edge.

Tiles alone cannot tell: each has its own features there. Where tiles overlap, shared features see what lies beside a
tile, and its own ones see zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.artifacts.reference_tiles import TileSet
from landslip.runtime.confidence import NOT_OBSERVED, level_of
from landslip.runtime.engines import Engine
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.mapping.pipeline import Run, stream
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.progress import NoProgress
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.plan import make_plan
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS

_KIND = "scene"
_ACROSS = 2
"""Tiles from side to side: four have an inner corner, and every kind of overlap."""


@dataclass(frozen=True)
class SideBySide:
    """Tiles of scenes as one scene, of which everything is observed."""

    grid: MapGrid
    """Grid of it."""
    arrays: dict[str, NDArray[Any]]
    """Inputs by name: (bands, rows, cols)."""
    damaged: list[dict[str, Any]] = field(default_factory=list)
    """Damaged places: there are none."""

    @classmethod
    def of(cls, tiles: TileSet, resolution: float) -> SideBySide:
        """The first tiles of a set, four at the most, in rows of two.

        Args:
            tiles: the set.
            resolution: metres per pixel.
        """
        across = min(_ACROSS, tiles.count)
        down = min(_ACROSS, tiles.count // across)
        rows = [range(row * across, (row + 1) * across) for row in range(down)]
        arrays = {
            name: np.concatenate([np.concatenate(list(values[list(row)]), axis=2) for row in rows], axis=1)
            for name, values in tiles.batch.items()
        }
        transform = Affine(resolution, 0, 0, 0, -resolution, 0)
        return cls(MapGrid(CRS.from_epsg(32632), transform, down * tiles.tile, across * tiles.tile), arrays)

    def read(self, window: Window) -> SceneBlock:
        """Rows of it, as a scene gives them."""
        first, count = int(window.row_off), int(window.height)
        arrays = {name: values[:, first : first + count] for name, values in self.arrays.items()}
        return SceneBlock(window, arrays, np.ones((count, self.grid.width), np.bool_))

    def mapped(self, engine: Engine, batch: int) -> NDArray[np.uint8]:
        """Percent of its pixels, 0..100, in faithful tiles; features are shared where the engine does that.

        Args:
            engine: an open engine for tiles of the model's own size; it stays open.
            batch: tiles per call that it was opened for.

        Raises:
            LandslipError: it fails.
        """
        spec = engine.spec
        plan = make_plan("gaussian", self.grid, spec, None, PRESETS[FAITHFUL].overlap_of(spec, spec.tile))
        level, clock, pictures = level_of(spec.threshold), Stopwatch(), Thumbnails(self.grid)
        run = Run(cast(Scene, self), plan, engine, batch, level, clock, NoProgress(), pictures)
        return np.concatenate([strip.confidence for strip in stream(run)])


def scene_tiles(sets: Sequence[tuple[TileSet, NDArray[Any]]], tile: int) -> TileSet | None:
    """The tiles of scenes of a size; None where there are none."""
    return next((tiles for tiles, _ in sets if tiles.kind == _KIND and tiles.tile == tile), None)


def overlap_of_masks(one: NDArray[np.uint8], other: NDArray[np.uint8], threshold: float) -> float:
    """Intersection over union of what two maps in percent have at or above a threshold; 1 where neither has any."""
    ours, theirs = ((each >= level_of(threshold)) & (each != NOT_OBSERVED) for each in (one, other))
    union = int((ours | theirs).sum())
    return int((ours & theirs).sum()) / union if union else 1.0
