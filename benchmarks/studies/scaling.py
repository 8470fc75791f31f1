"""Change of speed with the size of the scene, the threads, the batch and the tile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.scenes.user_scene import as_users_have
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import Engine, EngineOptions, open_engine
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.system.machine import usable_cores


@dataclass(frozen=True)
class ScalingBench:
    """Options of the measurement."""

    model: Path = DEMO_MODEL
    """ONNX file."""
    engine: EngineOptions = field(default_factory=EngineOptions)
    """Engine, device and precision; batch, tile and threads are those that are not varied."""
    seconds: float = 8.0
    """Seconds for which each point is measured, all repeats together."""
    repeats: int = 4
    """Measurements of each point; the median counts."""
    sizes_km: Sequence[float] = (4.0, 8.0, 16.0)
    """Edges of the scenes; those that would take longer than ``seconds`` are left out, but for the first two."""
    threads: Sequence[int] = ()
    """Threads of the engine; empty for 1, 2, 4 … up to the cores. Not varied on a GPU."""
    batches: Sequence[int] = (1, 2, 4, 8, 16)
    """Tiles per call."""
    tiles: Sequence[int] = (224, 448, 672)
    """Edges of a tile in pixels; the model's own alone where its tiles are fixed."""


@dataclass(frozen=True)
class Sweep:
    """One thing varied, all else kept."""

    name: str
    """Name of what is varied, for files and findings."""
    varied: str
    """Name of what is varied for people, with its unit."""
    measured: str
    """Name of what is measured."""
    points: dict[float, Timing]
    """Timings by the value of what is varied, in the order of the values."""
    calls: dict[float, Timing] = field(default_factory=dict)
    """Single calls of the engine at each point; empty for whole maps."""

    @property
    def first(self) -> Timing:
        """Timing of the first point, which the others are compared with."""
        return next(iter(self.points.values()))


def measure_scaling(bench: ScalingBench, folder: Path) -> tuple[str, list[Sweep]]:
    """Vary one thing after another; the points of one sweep are measured in turn.

    Args:
        bench: how to measure.
        folder: for scenes and maps.

    Returns:
        The engine in words, and the sweeps.

    Raises:
        LandslipError: the model cannot be used, or a map failed.
    """
    with open_engine(bench.model, bench.engine) as engine:
        described = f"{engine.name} {engine.version}, {engine.precision} on {engine.device}"
        fixed, device = engine.spec.fixed, engine.device
        sweeps = [_sizes(bench, engine, folder)]
    if device == "cpu":
        sweeps.append(_threads(bench))
    sweeps.append(_batches(bench))
    if not fixed:
        sweeps.append(_tiles(bench))
    return described, sweeps


def _sizes(bench: ScalingBench, engine: Engine, folder: Path) -> Sweep:
    tile = bench.engine.tile or engine.spec.tile
    rate = RawEngine(engine, bench.engine.batch, tile).rate()
    hop_km = tile / 2 * engine.spec.resolution / 1000
    affordable = [km for km in bench.sizes_km if bench.repeats * (km / hop_km) ** 2 / rate <= bench.seconds]
    sizes = bench.sizes_km[: max(2, len(affordable))]
    maps = {str(km): partial(_map, bench, engine, _scene(folder, km), folder / "map") for km in sizes}
    maps[str(sizes[0])]()  # kernels are loaded, and libraries have found their files
    timings = alternate(maps, bench.repeats, warm_up=0)
    points = dict(zip(sizes, timings.values(), strict=True))
    return Sweep("scene", "edge of the scene, km", "tiles/s of a map", points)


def _scene(folder: Path, km: float) -> SceneFiles:
    return write_pattern_scene(folder / f"scene-{km:g}", as_users_have(1000 * km, 1000 * km))


def _map(bench: ScalingBench, engine: Engine, files: SceneFiles, out: Path) -> float:
    request = MapRequest(bench.model, files, out, engine=bench.engine, overwrite=True, keep=False)
    return float(map_scene(request, engine=engine)["tiles"]["predicted"])


def _threads(bench: ScalingBench) -> Sweep:
    options = {count: replace(bench.engine, threads=count) for count in bench.threads or _powers(usable_cores())}
    return _engines(bench, Sweep("threads", "threads of the engine", "tiles/s of the engine", {}), options)


def _batches(bench: ScalingBench) -> Sweep:
    options = {batch: replace(bench.engine, batch=batch) for batch in bench.batches}
    return _engines(bench, Sweep("batch", "tiles per call", "tiles/s of the engine", {}), options)


def _tiles(bench: ScalingBench) -> Sweep:
    """Calls of about as many pixels each."""
    pixels = bench.engine.batch * bench.tiles[0] ** 2
    options = {tile: replace(bench.engine, tile=tile, batch=max(1, pixels // tile**2)) for tile in bench.tiles}
    return _engines(bench, Sweep("tile", "edge of a tile, pixels", "pixels/s of the engine", {}), options)


def _engines(bench: ScalingBench, sweep: Sweep, options: Mapping[int, EngineOptions]) -> Sweep:
    """A sweep of the engine alone, fed from memory; ``options`` are by the value of what is varied."""
    with ExitStack() as stack:
        raw: dict[int, RawEngine] = {}
        runs: dict[str, Callable[[], float]] = {}
        for value, option in options.items():
            engine = stack.enter_context(open_engine(bench.model, option))
            tile = option.tile or engine.spec.tile
            raw[value] = RawEngine(engine, option.batch, tile)
            calls = raw[value].calls_in(bench.seconds / bench.repeats)
            runs[str(value)] = partial(_pixels, raw[value], calls, tile)
        timings = alternate(runs, bench.repeats, warm_up=0)
    points = dict(zip(map(float, options), timings.values(), strict=True))
    return replace(sweep, points=points, calls={float(value): engine.timing for value, engine in raw.items()})


def _pixels(engine: RawEngine, calls: int, tile: int) -> float:
    """Call so often; pixels are tiles as well where tiles are of one size, as everything is told in ratios."""
    return float(engine.run(calls) * tile**2)


def _powers(most: int) -> list[int]:
    """1, 2, 4 … and the last of all, ``most``."""
    return sorted({*(2**power for power in range(most.bit_length())), most})
