"""Entrants of the throughput benchmark: everything is opened, laid out and warmed up here."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.scenes.grid_scene import edge_of, on_the_grid, read_whole
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.benchmarks.scenes.user_scene import IMAGE_PIXEL, as_users_have
from landslip.benchmarks.studies.contestants import Contestant, Tiling, mapped, raw_contestant
from landslip.benchmarks.studies.in_memory import InMemory
from landslip.benchmarks.studies.variants import Variant
from landslip.runtime.engines import Engine
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.machine import usable_cores
from landslip.runtime.tiling.presets import PRESETS

OVERLAP = 0.5
"""Overlap of the default protocol."""

EMPTY, EMPTY_MEMORY = "landslip map without a network", "landslip's tiles and blending without a network"
EMPTY_MONAI = "MONAI without a network"
EMPTY_MONAI_PLAIN = "MONAI without a network, windows left in float32"
"""Names of those without a network; the predictor is the same, but the last one spares MONAI the types of graphs."""

TARGETED = ("onnxruntime_fp32", "openvino_int8")
"""Engines whose share that reaches the user has a target, by the keys of their choices."""

BESIDE_ENGINE, BESIDE_MONAI = 3, 2
"""Times a run's length that a map takes beside one of those engines alone, or beside MONAI.

Neither of those opens, checks or writes files, which takes a map as long whatever its size.
"""


@dataclass(frozen=True)
class Bench:
    """Options of the measurement."""

    model: Path
    """Folder of artifacts, or one ONNX file."""
    hdf5: Path | None = None
    """Keras file of the same network, for the published loop; None leaves that out."""
    batch: int = 4
    """Tiles per call of the engine."""
    batches: tuple[int, ...] = (1, 4, 8, 16)
    """Tiles per call that are tried in the published loop, which has 1; the fastest takes part as well."""
    published_tiles: int = 16
    """Tiles of a run of the published loop, which runs often; a multiple of each of ``batches``."""
    seconds: float = 20.0
    """About how long a run of an engine, or a map of a preset, takes: scenes are made as large as that needs."""
    empty_km: float = 40.0
    """Edge of the scene that is mapped without a network, in kilometres; rounded to whole tiles, two at least."""
    repeats: int = 2
    """Runs of each."""
    absolute: bool = False
    """Add tiles/s and km²/h, which are true for this machine in its present state alone."""


def raw_name(variant: Variant, preset: str = "") -> str:
    """Name of an engine that is fed from memory, with the model's own tiles or those of a preset."""
    return f"{variant.name} alone" + f", {preset}" * bool(preset)


def map_name(variant: Variant, how: str = "") -> str:
    """Name of a map of landslip's; ``how`` is a preset or a kind of scene."""
    return f"landslip map, {variant.name}" + f", {how}" * bool(how)


def has_monai() -> bool:
    """Tell whether MONAI and torch are installed."""
    return all(importlib.util.find_spec(package) for package in ("monai", "torch"))


def load_monai() -> None:
    """Load MONAI where it is installed, before TensorFlow is.

    Loaded later, torch's triton would take TensorFlow's LLVM and end the process.
    """
    if has_monai():
        importlib.import_module("landslip.benchmarks.baselines.monai")


class Entrants:
    """Makes the contestants of one model."""

    def __init__(
        self,
        bench: Bench,
        folder: Path,
        engines: Mapping[Variant, Engine],
        objections: Mapping[Variant, str],
        stack: ExitStack,
    ) -> None:
        """Warm up the engines and find out about how fast they are.

        Args:
            bench: how to measure.
            folder: for scenes and maps.
            engines: open engines of one model, for ``bench.batch`` tiles of its own size.
            objections: reasons why some of them may not be called the best.
            stack: closes what is opened besides.
        """
        self._bench, self._folder, self.engines, self._stack = bench, folder, engines, stack
        self.spec = next(iter(engines.values())).spec
        self.tiling = Tiling(self.spec.tile, OVERLAP, bench.batch)
        self.raw = {variant: RawEngine(engine, bench.batch, self.spec.tile) for variant, engine in engines.items()}
        within = [variant for variant in engines if variant not in objections]
        self.gated = bool(within)
        """True if an engine is within its gate, so that the best one is."""
        self.best = max(within or engines, key=self._rate)
        self.published_batch: int | None = None
        """Tiles per call with which the published loop is fastest; None while nobody tried."""
        self._scenes: dict[PatternLayout, SceneFiles] = {}
        self._warm_up_map()

    def groups(self) -> list[list[Contestant]]:
        """All that runs the network, but the published loop; those that are compared with each other make a group."""
        others = [variant for variant in self.engines if variant != self.best]
        plain = next((variant for variant in self.engines if variant.key == "onnxruntime_fp32"), None)
        groups = [
            self._pair(self.best),
            self._presets(),
            *(self._pair(variant) for variant in others if variant.key in TARGETED),
            [self._alone(variant, 0.4) for variant in others if variant.key not in TARGETED],
            [] if plain is None else self._monai(plain),
        ]
        return [group for group in groups if group]

    def without_network(self) -> list[Contestant]:
        """The pipeline by itself, and MONAI's."""
        engine = fixed_tile_engine(self.spec, self._bench.batch)
        along = round(1000 * self._bench.empty_km / (self.tiling.hop * self.spec.resolution))
        files = self._grid_scene("empty", max(2, along))
        return [
            self._mapped(EMPTY, Path("fake"), engine, files, self.tiling),
            self._in_memory(EMPTY_MEMORY, engine, files),
            *self._monai_map(EMPTY_MONAI, engine, files, kept=True),
            *self._monai_map(EMPTY_MONAI_PLAIN, engine, files, kept=True, typed=False),
        ]

    def _in_memory(self, name: str, engine: Engine, files: SceneFiles) -> Contestant:
        with open_scene(files, self.spec.resolution, self.spec) as scene:
            grid = scene.grid
        scene_in_memory = InMemory(grid, read_whole(files), engine, self.tiling.batch)
        tiles = float(len(scene_in_memory.plan.tiles))
        km2 = grid.height * grid.width * grid.pixel_area / 1e6

        def work() -> float:
            scene_in_memory.map()
            return tiles

        work()
        return Contestant(name, self.tiling, work, lambda: km2, "arrays in memory")

    def published(self) -> list[Contestant]:
        """The published loop as it is, and in the batch that is fastest for it; none without its Keras file."""
        if self._bench.hdf5 is None:
            return []
        # Imported here: it brings TensorFlow.
        from landslip.benchmarks.studies.published_entrants import PublishedLoop  # noqa: PLC0415

        folder = self._folder / "published"
        loop = PublishedLoop(self._bench.hdf5, self._bench.published_tiles, folder, self.spec.resolution)
        self.published_batch = loop.fastest_batch(self._bench.batches)
        return [loop.contestant(batch) for batch in sorted({self.published_batch, 1}, reverse=True)]

    def _pair(self, variant: Variant) -> list[Contestant]:
        """An engine alone, and the map beside it."""
        longer = BESIDE_ENGINE if variant.key in TARGETED else 1
        files = self._large_scene(longer * self._rate(variant), self.tiling)
        ours = self._mapped(map_name(variant), variant.path, self.engines[variant], files, self.tiling)
        return [self._alone(variant), ours]

    def _alone(self, variant: Variant, share: float = 1.0) -> Contestant:
        """An engine alone, for a share of the seconds of a run."""
        return self._raw(raw_name(variant), self.raw[variant], self.tiling, share)

    def _raw(self, name: str, raw: RawEngine, tiling: Tiling, share: float) -> Contestant:
        return raw_contestant(name, raw, tiling, self.spec.resolution, raw.calls_in(share * self._bench.seconds))

    def _rate(self, variant: Variant) -> float:
        return self.raw[variant].rate()

    def _presets(self) -> list[Contestant]:
        """Maps of larger tiles by the best engine, each with that engine alone beside it."""
        contestants: list[Contestant] = []
        larger = {name: preset for name, preset in PRESETS.items() if preset.times > 1 and not self.spec.fixed}
        for name, preset in larger.items():
            tile, batch = preset.times * self.spec.tile, max(1, self._bench.batch // preset.times**2)
            tiling = Tiling(tile, preset.overlap_of(self.spec, tile), batch)
            engine = self._stack.enter_context(self.best.opened(tiling.batch, tiling.tile))
            raw = RawEngine(engine, tiling.batch, tiling.tile)
            files = self._large_scene(raw.rate(), tiling)
            ours = self._mapped(map_name(self.best, name), self.best.path, engine, files, tiling)
            contestants += [self._raw(raw_name(self.best, name), raw, tiling, 0.4), ours]
        return contestants

    def _monai(self, variant: Variant) -> list[Contestant]:
        """MONAI and landslip's map with the same session, the same tiles and the same scene."""
        engine = self.engines[variant]
        files = self._grid_scene("monai", self._along(BESIDE_MONAI * self._rate(variant)))
        ours = self._mapped(map_name(variant, "on the grid"), variant.path, engine, files, self.tiling)
        theirs = self._monai_map(f"MONAI, {variant.name}", engine, files)
        return [ours, *theirs] if theirs else []

    def _monai_map(
        self, name: str, engine: Engine, files: SceneFiles, *, kept: bool = False, typed: bool = True
    ) -> list[Contestant]:
        if not has_monai():
            return []
        # Imported here: it brings torch.
        from landslip.benchmarks.baselines import monai  # noqa: PLC0415
        from landslip.benchmarks.baselines.torch_predictor import predictor_of, use_cores  # noqa: PLC0415

        use_cores(usable_cores())
        raster, tiling = monai.stacked(files, self.spec.inputs), self.tiling
        predictor = predictor_of(engine, tiling.batch, typed=typed, kept=kept)
        rows, cols = raster.shape[2:]
        tiles = monai.windows_of(rows, cols, tiling.tile, OVERLAP)

        def work(region: Any = raster) -> float:
            monai.monai_map(region, predictor, tile=tiling.tile, overlap=OVERLAP, batch=tiling.batch)
            return float(tiles)

        work(raster[..., : tiling.tile, :])
        km2 = rows * cols * self.spec.resolution**2 / 1e6
        return [Contestant(name, tiling, work, lambda: km2, "arrays in memory")]

    def _mapped(self, name: str, path: Path, engine: Engine, files: SceneFiles, tiling: Tiling) -> Contestant:
        return mapped(name, path, engine, files, self._folder / "map", tiling)

    def _warm_up_map(self) -> None:
        """Two small maps without a network: kernels are loaded, and libraries have found their files."""
        for files in (self._grid_scene("small", 2), self._large_scene(1.0, replace(self.tiling, batch=1))):
            engine = fixed_tile_engine(self.spec, self._bench.batch)
            self._mapped("", Path("fake"), engine, files, self.tiling).work()

    def _large_scene(self, rate: float, tiling: Tiling) -> SceneFiles:
        """Images at 10 m, elevation at 30 m and clouds, so large that its tiles take as long as a run should."""
        edge = edge_of(self._along(rate), tiling.tile, tiling.overlap)
        metres = IMAGE_PIXEL * math.floor(edge * self.spec.resolution / IMAGE_PIXEL)
        layout = as_users_have(metres, metres)
        if layout not in self._scenes:
            self._scenes[layout] = write_pattern_scene(self._folder / f"{metres:.0f} m", layout)
        return self._scenes[layout]

    def _grid_scene(self, name: str, along: int) -> SceneFiles:
        size = edge_of(along, self.spec.tile, OVERLAP)
        return write_pattern_scene(self._folder / name, on_the_grid(size, size))

    def _along(self, rate: float) -> int:
        """Tiles along an edge for a run of about the wanted length; even, so that batches of 4 are full."""
        return 2 * max(1, round(math.sqrt(self._bench.seconds * rate) / 2))
