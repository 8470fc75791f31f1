"""Events of a map on the way of a landslide: its rows are read, its tiles are computed, its polygon comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.engines.shrinking import ShrinkingEngine
from landslip.runtime.geo.windows import make_window
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene
from landslip.runtime.tiling.stitch import TileSums


@dataclass(frozen=True)
class Delay:
    """Time that one landslide has taken."""

    wait: float
    """Seconds from the arrival of its last row to its polygon."""
    tiles: int
    """Tiles that touch its bounding box and were computed after its last row had come."""
    after_tiles: float
    """Seconds from the end of the last of these tiles to its polygon."""

    def beyond(self, seconds_per_tile: float) -> float:
        """Seconds of the wait that its own tiles do not take.

        Args:
            seconds_per_tile: of the engine, with all its lanes busy.
        """
        return self.wait - self.tiles * seconds_per_tile


@dataclass
class MapEvents:
    """Times of the events of one map, in seconds of one clock."""

    rows: list[tuple[int, int, float]] = field(default_factory=list)
    """First map row of a block, the one after its last, and when the block had been read and resampled."""
    tiles: list[tuple[Window, float]] = field(default_factory=list)
    """Place of a tile on the map, and when it was computed."""
    calls: list[tuple[float, float]] = field(default_factory=list)
    """Begin and end of each call of the engine."""
    transform: Affine = field(default_factory=Affine.identity)
    """Transform from (column, row) of the map to its coordinates."""

    @property
    def seconds_per_tile(self) -> float:
        """Seconds in which at least one call of the engine was under way, for each tile; 0 where there is none."""
        if not self.tiles:
            return 0.0
        busy, until = 0.0, -np.inf
        for began, ended in sorted(self.calls):
            busy += max(0.0, ended - max(began, until))
            until = max(until, ended)
        return busy / len(self.tiles)

    def delay(self, box: Window, out: float) -> Delay:
        """Time that a landslide has taken.

        Args:
            box: its bounding box on the map.
            out: when its polygon was given out.
        """
        last = box.row_off + box.height - 1
        # The last time: before the first tile the scene is looked at in samples.
        read = max(at for first, end, at in self.rows if first <= last < end)
        own = [at for place, at in self.tiles if _touch(place, box) and at > read]
        return Delay(out - read, len(own), out - max(own, default=read))


@contextmanager
def noted(events: MapEvents) -> Iterator[None]:
    """A block in which the events of a map are noted."""
    read, add, infer = Scene.read, TileSums.add, ShrinkingEngine.infer

    def timed_read(scene: Scene, window: Window) -> SceneBlock:
        block = read(scene, window)
        events.transform = scene.grid.transform
        events.rows.append((int(window.row_off), int(window.row_off + window.height), time.perf_counter()))
        return block

    def timed_add(sums: TileSums, row: int, col: int, tile: NDArray[np.float32], band: int = 0) -> None:
        if band == 0:
            place = make_window(sums.grid.cols[col], sums.grid.rows[row], sums.grid.tile, sums.grid.tile)
            events.tiles.append((place, time.perf_counter()))
        add(sums, row, col, tile, band)

    def timed_infer(engine: ShrinkingEngine, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        began = time.perf_counter()
        confidence = infer(engine, batch)
        events.calls.append((began, time.perf_counter()))
        return confidence

    changes: Sequence[tuple[type, str, Callable[..., Any]]] = (
        (Scene, "read", timed_read), (TileSums, "add", timed_add), (ShrinkingEngine, "infer", timed_infer),
    )  # fmt: skip
    with ExitStack() as stack:
        for kind, name, function in changes:
            stack.enter_context(patch.object(kind, name, function))
        yield


def _touch(one: Window, other: Window) -> bool:
    """Tell whether two windows have a pixel in common."""
    rows = one.row_off < other.row_off + other.height and other.row_off < one.row_off + one.height
    return bool(rows and one.col_off < other.col_off + other.width and other.col_off < one.col_off + one.width)
