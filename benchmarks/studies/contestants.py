"""Contestants of a comparison: each does the same work again and again, and says how much it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.runtime.engines import Engine, EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest


@dataclass(frozen=True)
class Tiling:
    """Layout of tiles, and how they are fed."""

    tile: int
    """Edge of a tile in pixels."""
    overlap: float
    """Share of a tile that the next one covers again."""
    batch: int
    """Tiles per call."""

    @property
    def hop(self) -> int:
        """Pixels between tiles."""
        return round(self.tile * (1.0 - self.overlap))

    def km2(self, tiles: float, resolution: float) -> float:
        """Ground that so many tiles add to a map, without what the outermost ones cover more."""
        return tiles * (self.hop * resolution) ** 2 / 1e6


@dataclass
class Contestant:
    """One of those that are compared."""

    name: str
    """Name for tables."""
    tiling: Tiling
    """Layout of its tiles."""
    work: Callable[[], float]
    """Does the work once and returns the tiles predicted."""
    km2: Callable[[], float]
    """Ground mapped in one run, square kilometres; known after the first."""
    fed: str
    """Origin of its input."""
    records: list[dict[str, Any]] = field(default_factory=list)
    """Run records, of maps by landslip."""


def published_name(batch: int) -> str:
    """Name of the published loop; it has batches of 1."""
    return "published loop" if batch == 1 else f"published loop, batches of {batch}"


def raw_contestant(name: str, raw: RawEngine, tiling: Tiling, resolution: float, calls: int) -> Contestant:
    """An engine fed from memory, so many times; ``resolution`` is that of its map in metres."""
    km2 = tiling.km2(calls * tiling.batch, resolution)
    return Contestant(name, tiling, lambda: raw.run(calls), lambda: km2, "noise in memory")


def mapped(name: str, model: Path, engine: Engine, files: SceneFiles, out: Path, tiling: Tiling) -> Contestant:
    """``landslip map`` with an open engine, from opening the files to the last product.

    Args:
        name: for tables.
        model: ONNX file of the engine.
        engine: an open engine for the tile and batch of ``tiling``.
        files: the scene.
        out: for the map, which is made anew each time.
        tiling: how tiles are laid.
    """
    options = EngineOptions(batch=tiling.batch, tile=tiling.tile)
    request = MapRequest(model, files, out, overlap=tiling.overlap, engine=options, overwrite=True, keep=False)
    records: list[dict[str, Any]] = []

    def work() -> float:
        records.append(map_scene(request, engine=engine))
        return float(records[-1]["tiles"]["predicted"])

    fed = "10 and 30 m" if files.dem is not None else "on the grid"
    return Contestant(name, tiling, work, lambda: _area(records[-1]["grid"]), f"files, {fed}", records)


def _area(grid: dict[str, Any]) -> float:
    return float(grid["height"] * grid["width"] * grid["transform"][0] ** 2 / 1e6)
