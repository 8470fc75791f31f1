"""Who takes part in the throughput benchmark: everything is opened, laid out and warmed up here."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from landslip.benchmarks.measuring.engine_alone import BareEngine
from landslip.benchmarks.measuring.fixed_tiles import stamp_engine
from landslip.benchmarks.scenes.grid_scene import edge_of, on_the_grid, read_whole
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.benchmarks.studies.contestants import Contestant, Setting, bare, mapped
from landslip.benchmarks.studies.in_memory import InMemory
from landslip.benchmarks.studies.variants import Variant
from landslip.runtime.engines import Engine
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.machine import usable_cores
from landslip.runtime.tiling.presets import PRESETS

OVERLAP = 0.5
"""Of the default protocol."""

EMPTY, EMPTY_MEMORY = "landslip map without a network", "landslip's tiles and blending without a network"
EMPTY_MONAI = "MONAI without a network"
EMPTY_MONAI_PLAIN = "MONAI without a network, windows left in float32"
"""Those that have no network; the predictor is the same, but the last one spares MONAI the types that graphs take."""

_PIXEL, _DEM_PIXEL = 10.0, 30.0
"""Metres of a pixel, of images and of elevation, as users have them."""

TARGETED = ("onnxruntime_fp32", "openvino_int8")
"""Engines whose share that reaches the user has a target, by the keys of their choices."""


@dataclass(frozen=True)
class Bench:
    """How to measure."""

    model: Path
    """Folder of artifacts, or one ONNX file."""
    hdf5: Path | None = None
    """Keras file of the same network, for the published loop; None leaves that out."""
    batch: int = 4
    """Tiles per call of the engine."""
    batches: tuple[int, ...] = (1, 4, 16)
    """Tiles per call in the published loop, which has 1."""
    published_tiles: int = 48
    """Tiles of a run of the published loop, a multiple of each of ``batches``."""
    seconds: float = 20.0
    """About how long a run of an engine or a map takes: scenes are made as large as that needs."""
    empty_km: float = 40.0
    """Edge of the scene that is mapped without a network, in kilometres; rounded to whole tiles, two at least."""
    repeats: int = 2
    """Runs of each."""
    absolute: bool = False
    """Add tiles/s and km²/h, which are true for this machine in its present state alone."""


def alone_name(choice: Variant) -> str:
    """What an engine that is fed from memory is called."""
    return f"{choice.name} alone"


def map_name(choice: Variant, how: str = "") -> str:
    """What a map of landslip's is called; ``how`` is a preset or a kind of scene."""
    return f"landslip map, {choice.name}" + f", {how}" * bool(how)


def published_name(batch: int) -> str:
    """What the published loop is called; it has batches of 1."""
    return "published loop" if batch == 1 else f"published loop, batches of {batch}"


def has_monai() -> bool:
    """Whether MONAI and torch are installed."""
    return all(importlib.util.find_spec(package) for package in ("monai", "torch"))


class Entrants:
    """Makes the contestants of one model."""

    def __init__(self, bench: Bench, folder: Path, engines: Mapping[Variant, Engine], stack: ExitStack) -> None:
        """Warm up the engines and find out about how fast they are.

        Args:
            bench: how to measure.
            folder: for scenes and maps.
            engines: open engines of one model, for ``bench.batch`` tiles of its own size.
            stack: closes what is opened besides.
        """
        self._bench, self._folder, self.engines, self._stack = bench, folder, engines, stack
        self.spec = next(iter(engines.values())).spec
        self.setting = Setting(self.spec.tile, OVERLAP, bench.batch)
        self.alone = {choice: BareEngine(engine, bench.batch, self.spec.tile) for choice, engine in engines.items()}
        self._rates = {choice: alone.rate() for choice, alone in self.alone.items()}
        self.best = max(self._with("int8") or engines, key=self._rates.__getitem__)
        self._scenes: dict[PatternLayout, SceneFiles] = {}
        self._warm_up_map()

    def everyone(self) -> list[Contestant]:
        """All that takes part in the network's table; those that targets compare are beside each other."""
        others = [choice for choice in self.engines if choice != self.best]
        plain = next((choice for choice in self.engines if choice.key == "onnxruntime_fp32"), None)
        return [
            *self._published(),
            *self._pair(self.best),
            *self._presets(),
            *(each for choice in others for each in self._pair(choice)),
            *([] if plain is None else self._monai(plain)),
        ]

    def without_network(self) -> list[Contestant]:
        """The pipeline by itself, and MONAI's."""
        engine = stamp_engine(self.spec, self._bench.batch)
        along = round(1000 * self._bench.empty_km / (self.setting.hop * self.spec.resolution))
        files = self._grid_scene("empty", max(2, along))
        return [
            self._mapped(EMPTY, Path("fake"), engine, files, self.setting),
            self._in_memory(EMPTY_MEMORY, engine, files),
            *self._monai_map(EMPTY_MONAI, engine, files, kept=True),
            *self._monai_map(EMPTY_MONAI_PLAIN, engine, files, kept=True, typed=False),
        ]

    def _in_memory(self, name: str, engine: Engine, files: SceneFiles) -> Contestant:
        with open_scene(files, self.spec.resolution) as scene:
            grid = scene.grid
        scene_in_memory = InMemory(grid, read_whole(files), engine, self.setting.batch)
        tiles = float(len(scene_in_memory.plan.tiles))
        km2 = grid.height * grid.width * grid.pixel_area / 1e6

        def work() -> float:
            scene_in_memory.map()
            return tiles

        work()
        return Contestant(name, self.setting, work, lambda: km2, "arrays in memory")

    def _published(self) -> list[Contestant]:
        if self._bench.hdf5 is None:
            return []
        # Imported here: it brings TensorFlow.
        from landslip.benchmarks.baselines import published  # noqa: PLC0415

        tiles = self._bench.published_tiles
        edge = published.published_edge(math.isqrt(tiles - 1) + 1)
        files = write_pattern_scene(self._folder / "published", on_the_grid(edge, edge))
        model = published.keras_network(self._bench.hdf5)
        inputs = published.published_inputs(read_whole(files))

        def loop(batch: int, most: int) -> float:
            return float(published.published_map(model, inputs, batch=batch, most=most)[1])

        everyone: list[Contestant] = []
        for batch in reversed(self._bench.batches):
            loop(batch, batch)
            setting = Setting(published.TILE, OVERLAP, batch)
            km2 = setting.km2(tiles, self.spec.resolution)
            name, work = published_name(batch), partial(loop, batch, tiles)
            everyone.append(Contestant(name, setting, work, partial(float, km2), "arrays in memory"))
        return everyone

    def _pair(self, choice: Variant) -> list[Contestant]:
        """An engine alone; one that a target is about, or that nothing beats, with the map beside it."""
        mapping = choice == self.best or choice.key in TARGETED
        seconds = self._bench.seconds * (1.0 if mapping else 0.4)
        calls = max(2, round(seconds * self._rates[choice] / self._bench.batch))
        alone = bare(alone_name(choice), self.alone[choice], self.setting, self.spec.resolution, calls)
        if not mapping:
            return [alone]
        files = self._large_scene(self._rates[choice], self.setting)
        return [alone, self._mapped(map_name(choice), choice.path, self.engines[choice], files, self.setting)]

    def _presets(self) -> list[Contestant]:
        everyone: list[Contestant] = []
        larger = {name: preset for name, preset in PRESETS.items() if preset.times > 1 and not self.spec.fixed}
        for name, preset in larger.items():
            tile, batch = preset.times * self.spec.tile, max(1, self._bench.batch // preset.times**2)
            setting = Setting(tile, preset.overlap_of(self.spec, tile), batch)
            engine = self._stack.enter_context(self.best.opened(setting.batch, setting.tile))
            rate = BareEngine(engine, setting.batch, setting.tile).rate()
            files = self._large_scene(rate, setting)
            everyone.append(self._mapped(map_name(self.best, name), self.best.path, engine, files, setting))
        return everyone

    def _monai(self, choice: Variant) -> list[Contestant]:
        """The same session, the same tiles, the same scene."""
        engine = self.engines[choice]
        # Larger than the others: a map opens, checks and writes files, which MONAI does not, whatever their size.
        files = self._grid_scene("monai", self._along(2 * self._rates[choice]))
        ours = self._mapped(map_name(choice, "on the grid"), choice.path, engine, files, self.setting)
        theirs = self._monai_map(f"MONAI, {choice.name}", engine, files)
        return [ours, *theirs] if theirs else []

    def _monai_map(
        self, name: str, engine: Engine, files: SceneFiles, *, kept: bool = False, typed: bool = True
    ) -> list[Contestant]:
        if not has_monai():
            return []
        # Imported here: it brings torch.
        from landslip.benchmarks.baselines import monai  # noqa: PLC0415

        monai.use_cores(usable_cores())
        raster, setting = monai.stacked(files, self.spec.inputs), self.setting
        predictor = monai.predictor_of(engine, setting.batch, typed=typed, kept=kept)
        rows, cols = raster.shape[2:]
        tiles = monai.windows_of(rows, cols, setting.tile, OVERLAP)

        def work(region: Any = raster) -> float:
            monai.monai_map(region, predictor, tile=setting.tile, overlap=OVERLAP, batch=setting.batch)
            return float(tiles)

        work(raster[..., : setting.tile, :])
        km2 = rows * cols * self.spec.resolution**2 / 1e6
        return [Contestant(name, setting, work, lambda: km2, "arrays in memory")]

    def _mapped(self, name: str, path: Path, engine: Engine, files: SceneFiles, setting: Setting) -> Contestant:
        return mapped(name, path, engine, files, self._folder / "map", setting)

    def _warm_up_map(self) -> None:
        """Two small maps without a network: kernels are loaded, and libraries have found their files."""
        for files in (self._grid_scene("small", 2), self._large_scene(1.0, replace(self.setting, batch=1))):
            engine = stamp_engine(self.spec, self._bench.batch)
            self._mapped("", Path("fake"), engine, files, self.setting).work()

    def _large_scene(self, rate: float, setting: Setting) -> SceneFiles:
        """Images at 10 m, elevation at 30 m and clouds, so large that its tiles take as long as a run should."""
        edge = edge_of(self._along(rate), setting.tile, setting.overlap)
        metres = _PIXEL * math.floor(edge * self.spec.resolution / _PIXEL)
        layout = PatternLayout(metres, metres, image=_PIXEL, dem=_DEM_PIXEL, clouds=True)
        if layout not in self._scenes:
            self._scenes[layout] = write_pattern_scene(self._folder / f"{metres:.0f} m", layout)
        return self._scenes[layout]

    def _grid_scene(self, name: str, along: int) -> SceneFiles:
        size = edge_of(along, self.spec.tile, OVERLAP)
        return write_pattern_scene(self._folder / name, on_the_grid(size, size))

    def _along(self, rate: float) -> int:
        """Tiles along an edge for a run of about the wanted length; even, so that batches of 4 are full."""
        return 2 * max(1, round(math.sqrt(self._bench.seconds * rate) / 2))

    def _with(self, precision: str) -> list[Variant]:
        return [choice for choice in self.engines if choice.precision == precision]
