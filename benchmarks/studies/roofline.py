"""Roofline of a network, measured in one run: how near it comes to what the machine can do at best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from landslip.benchmarks.measuring.energy import Meter, Unavailable, open_meter
from landslip.benchmarks.measuring.graph_cost import GraphCost, graph_cost
from landslip.benchmarks.measuring.layer_times import COUNTERS, LayerTime, layer_times
from landslip.benchmarks.measuring.machine_limits import Peak, gemm_peaks, memory_bandwidth
from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.studies.variants import Variant, open_variants, variants_of
from landslip.runtime.engines import Engine
from landslip.runtime.errors import EngineError


@dataclass(frozen=True)
class RooflineBench:
    """Options of the measurement."""

    model: Path
    """Folder of artifacts, or one ONNX file."""
    device: str = "cpu"
    """``cpu`` or ``cuda``."""
    batch: int = 4
    """Tiles per call of the engine."""
    repeats: int = 5
    """Measurements of each engine; the median counts."""
    seconds: float = 1.0
    """Seconds that each measurement takes."""
    size: int | None = None
    """Rows and columns of the matrices; None for what fits the device."""


@dataclass(frozen=True)
class Speed:
    """One engine, measured."""

    variant: Variant
    """Engine and precision that ran."""
    tile: int
    """Edge of a tile in pixels."""
    cost: GraphCost
    """Cost of a tile."""
    timing: Timing
    """Timing of the repeats, in tiles."""

    @property
    def flops(self) -> float:
        """Operations per second in the median repeat."""
        return self.cost.flop * self.timing.rate


@dataclass(frozen=True)
class Roofline:
    """Networks, and what bounds them, from one run."""

    speeds: tuple[Speed, ...]
    """The network in each engine."""
    peaks: tuple[Peak, ...]
    """Matrix products in each library and precision."""
    bandwidth: float
    """Bandwidth of the memory, bytes per second."""
    layers: Mapping[str, Sequence[LayerTime]] = field(default_factory=dict)
    """Time by kind of layer, of the engines that tell it, by the names of their variants."""
    energy: str = "not asked for"
    """Source of the joules of the speeds, or why there are none."""

    @property
    def best(self) -> dict[str, Peak]:
        """The highest peak of each precision."""
        return {peak.precision: peak for peak in sorted(self.peaks, key=lambda peak: peak.flops)}

    @property
    def base(self) -> float:
        """Operations per second of the highest peak in fp32, to which all else is a ratio."""
        return self.best["fp32"].flops

    def share(self, speed: Speed) -> float:
        """Share of the peak of an engine's precision, or of that of fp32 where none of its own was measured.

        The peak of ``int8+bf16`` is that of INT8, in which most of its operations are.
        """
        precision = speed.variant.precision.partition("+")[0]
        return speed.flops / self.best.get(precision, self.best["fp32"]).flops


def measure_roofline(bench: RooflineBench) -> Roofline:
    """Measure the engines in turn, between two measurements of the machine; of those the higher counts.

    Raises:
        InputError: there is no artifact.
        EngineError: no engine works on that device.
    """
    engines, _ = open_variants(variants_of(bench.model), bench.batch)
    with ExitStack() as stack:
        for engine in engines.values():
            stack.enter_context(engine)
        here = {variant: engine for variant, engine in engines.items() if engine.device == bench.device}
        if not here:
            raise EngineError(f"No engine runs {bench.model} on {bench.device}. landslip doctor says why.")
        before = _roofs(bench)
        found = open_meter(bench.device)
        meter = None if isinstance(found, Unavailable) else stack.enter_context(found)
        speeds = _speeds(bench, here, meter)
        layers = {variant.name: _layers(variant, engine) for variant, engine in here.items() if _tells(variant, bench)}
    after = _roofs(bench)
    peaks = [max(pair, key=lambda peak: peak.flops) for pair in zip(before[0], after[0], strict=True)]
    energy = f"unavailable: {found.reason}" if isinstance(found, Unavailable) else found.source
    return Roofline(tuple(speeds), tuple(peaks), max(before[1], after[1]), layers, energy)


def _tells(variant: Variant, bench: RooflineBench) -> bool:
    return bench.device == "cpu" and variant.engine in COUNTERS


def _layers(variant: Variant, engine: Engine) -> list[LayerTime]:
    return layer_times(variant.engine, variant.path, variant.precision, engine.spec.tile)


def _roofs(bench: RooflineBench) -> tuple[list[Peak], float]:
    return gemm_peaks(bench.device, bench.seconds, bench.size), memory_bandwidth(bench.device, bench.seconds)


def _speeds(bench: RooflineBench, engines: Mapping[Variant, Engine], meter: Meter | None) -> list[Speed]:
    raw = {variant: RawEngine(engine, bench.batch, engine.spec.tile) for variant, engine in engines.items()}
    subjects = {variant.name: partial(engine.run, engine.calls_in(bench.seconds)) for variant, engine in raw.items()}
    timings = alternate(subjects, bench.repeats, meter=meter)
    tiles = {variant: engine.spec.tile for variant, engine in engines.items()}
    return [
        Speed(variant, tile, graph_cost(variant.path, tile), timings[variant.name]) for variant, tile in tiles.items()
    ]
