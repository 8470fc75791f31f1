"""Tiles per second: the bare engine, the whole pipeline around it, and the pipeline without a network."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.benchmarks.report import Finding, Report, Table
from landslip.models.synthetic import EventFiles, EventSpec, write_event
from landslip.runtime.engines import Engine, EngineOptions, FakeEngine, open_engine
from landslip.runtime.pipeline import MapRequest, map_scene
from landslip.runtime.scene import SceneFiles

STAGES = ("read", "prepare", "infer", "stitch", "write", "polygons")


@dataclass(frozen=True)
class Bench:
    """How to measure."""

    model: Path
    """ONNX file."""
    size_km: float = 8.0
    """Edge of the synthetic scene in kilometres."""
    batch: int = 4
    """Tiles per call of the engine."""
    repeats: int = 3
    """Measurements of each row; the median counts."""
    seconds: float = 5.0
    """How long the bare engine runs in each measurement."""


def measure_throughput(bench: Bench, folder: Path) -> Report:
    """Measure all three in one run, alternating, on one synthetic scene.

    Args:
        bench: how to measure.
        folder: for the scene and the maps.
    """
    event = write_event(
        folder / "scene", EventSpec(seed=2, width_m=1000 * bench.size_km, height_m=1000 * bench.size_km)
    )
    with open_engine(bench.model, EngineOptions(batch=bench.batch)) as engine:
        idle = FakeEngine(engine.spec)
        _bare(engine, bench.batch, 1.0)
        _mapped(bench, event, engine, folder)
        _mapped(bench, event, idle, folder)
        bare, whole, empty = [], [], []
        for _ in range(bench.repeats):
            bare.append(_bare(engine, bench.batch, bench.seconds))
            whole.append(_mapped(bench, event, engine, folder))
            empty.append(_mapped(bench, event, idle, folder))
        settings = _settings(bench, engine, whole[0])
    alone = statistics.median(bare)
    ratios = [[rate / alone for rate in rates] for rates in (bare, _rates(whole), _rates(empty))]
    names = (f"{settings['engine']} alone", f"landslip map with {settings['engine']}", "landslip map without a network")
    return Report(
        name=f"throughput-{bench.model.stem}",
        question="How much of the engine's speed reaches the user?",
        settings=settings,
        tables=[
            Table(
                "Tiles/s, as a ratio to the engine alone",
                ("what", "median", "lowest", "highest"),
                [
                    (name, statistics.median(values), min(values), max(values))
                    for name, values in zip(names, ratios, strict=True)
                ],
            ),
            Table("Shares of wall clock", STAGES, [_shares(whole[-1]["seconds"])]),
        ],
        findings={"map_to_engine": Finding(statistics.median(ratios[1]), better="higher")},
    )


def _bare(engine: Engine, batch: int, seconds: float) -> float:
    """Tiles per second of the engine, fed again and again with one batch of noise."""
    rng, tile = np.random.default_rng(0), engine.spec.tile
    arrays: dict[str, NDArray[Any]] = {
        entry.name: rng.integers(0, 60, (batch, entry.bands, tile, tile)).astype(entry.dtype)
        for entry in engine.spec.inputs
    }
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        engine.infer(arrays)
        calls += 1
    return calls * batch / (time.perf_counter() - began)


def _mapped(bench: Bench, event: EventFiles, engine: Engine, folder: Path) -> dict[str, Any]:
    files = SceneFiles(pre=event.pre, post=event.post, dem=event.dem, masks=(event.clouds,))
    options = EngineOptions(batch=bench.batch)
    return map_scene(MapRequest(bench.model, files, folder / "map", engine=options, overwrite=True), engine=engine)


def _shares(seconds: dict[str, float]) -> tuple[float, ...]:
    return tuple(seconds[name] / seconds["total"] for name in STAGES)


def _rates(records: list[dict[str, Any]]) -> list[float]:
    return [record["tiles_per_second"] for record in records]


def _settings(bench: Bench, engine: Engine, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "engine": f"{engine.name} {engine.precision} on {engine.device}",
        "model": engine.spec.name,
        "scene": f"synthetic, {bench.size_km:g} x {bench.size_km:g} km, RGB at 10 m, elevation at 30 m",
        "map": f"{record['grid']['height']} x {record['grid']['width']} pixels, {record['tiles']['predicted']} tiles",
        "tile": record["tile"],
        "overlap": record["overlap"],
        "batch": bench.batch,
        "repeats": bench.repeats,
        "warm_up": "one map, one second of the bare engine",
        "map_time": "from opening the files to the last product, polygons and checksums included",
    }
