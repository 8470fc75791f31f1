"""Cost of products: their time against that of a map, and their memory over the height of the scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.measuring.map_process import said_by
from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.scenes.pattern_scene import PatternLayout, write_pattern_scene
from landslip.benchmarks.studies.variants import Variant, open_variants, variants_of
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import LandslipError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

_SPEC = published_spec("fixed", "no network")
_IMAGE, _DEM, _MAP = 10.0, 30.0, 6.0
"""Metres of a pixel: of images, of elevation, of the map."""
_STAGES = ("polygons", "write")
"""Stages of a map that write what every run makes."""


@dataclass(frozen=True)
class ProductsBench:
    """Options of the measurement."""

    model: Path = DEMO_MODEL
    """Folder of artifacts, or one ONNX file."""
    rows: tuple[int, int] = (2000, 8000)
    """Heights of the two scenes in map rows, ascending."""
    width: int = 2000
    """Width of both in map pixels."""
    batch: int = 4
    """Tiles per call of the engine."""
    repeats: int = 3
    """Times that the products of the lower scene are made; the median counts."""


@dataclass(frozen=True)
class ProductsMade:
    """A map, and what its products took."""

    record: dict[str, Any]
    """Run record of the map."""
    runs: list[dict[str, Any]]
    """Seconds, bytes and peak memory of each time that all products were made."""

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each product made on demand, in the median."""
        return {key: median(run["seconds"][key] for run in self.runs) for key in self.runs[0]["seconds"]}

    @property
    def always(self) -> dict[str, float]:
        """Seconds of the stages that write what every run makes; they run beside the network."""
        return {stage: self.record["seconds"][stage] for stage in _STAGES}

    @property
    def peak(self) -> float:
        """Peak memory of the process that made them, MiB."""
        return float(max(run["peak_rss_bytes"] for run in self.runs)) / 2**20


def measure_products(bench: ProductsBench, folder: Path) -> Report:
    """Map two scenes without a network, make all products of them, and compare that with the network's time.

    Args:
        bench: how to measure.
        folder: for scenes, maps and products.

    Raises:
        LandslipError: the model cannot be used, or a product cannot be made.
    """
    variant, rate = _fastest(bench)
    low, tall = (_made(bench, folder / f"{rows}", rows, 1 if k else bench.repeats) for k, rows in enumerate(bench.rows))
    network = low.record["tiles"]["predicted"] / rate
    costs = {**low.always, **low.seconds}
    return Report(
        name="products",
        question="What do all products of a map cost, in time and in memory?",
        settings={
            "network": f"{variant.path.name} in {variant.name}, fed from memory: {low.record['tiles']['predicted']} "
            f"tiles in {network:.3g} s",
            "map": f"{low.record['grid']['height']} x {low.record['grid']['width']} pixels at {_MAP:g} m, "
            f"{low.record['landslides']} landslides; made without a network, by a predictor that gives the same tiles",
            "inputs": f"RGB at {_IMAGE:g} m before and after, elevation at {_DEM:g} m, cloud mask at {_IMAGE:g} m",
            "polygons, write": "busy time of the stages that write what every run makes; they run beside the network",
            "others": "wall clock of each product on demand, made of the finished map in a process of its own, set "
            "up as that of `landslip products` is",
            "peak": "maximum resident set size of that process",
            "warm_up": "one map of each scene",
            "repeats": f"{bench.repeats} of the lower scene, 1 of the taller one",
        },
        tables=[
            Table(
                "Time, against the network alone on the same map",
                ("product", "seconds", "share of the network's time", "MB"),
                _time_rows(costs, network, low.runs[0]["bytes"]),
            ),
            Table(
                "Peak memory of making all products on demand",
                ("rows", "columns", "landslides", "peak MiB", "ratio to the first"),
                [_memory_row(each, low) for each in (low, tall)],
            ),
        ],
        findings={
            "products_share_of_map": Finding(sum(costs.values()) / network, better="lower"),
            "products_tallest_to_lowest": Finding(tall.peak / low.peak, better="lower", timed=False),
            "rows_tallest_to_lowest": Finding(bench.rows[1] / bench.rows[0], timed=False),
        },
    )  # fmt: skip


def _fastest(bench: ProductsBench) -> tuple[Variant, float]:
    """The fastest engine in INT8, or in any precision where there is no INT8, and its tiles per second."""
    variants = variants_of(bench.model)
    int8 = [variant for variant in variants if variant.precision == "int8"]
    engines, left_out = open_variants(int8 or variants, bench.batch)
    if not engines:
        raise LandslipError(f"No engine can be used: {'; '.join(left_out.values())}")
    rates: dict[Variant, float] = {}
    for variant, engine in engines.items():
        with engine:
            rates[variant] = RawEngine(engine, bench.batch, engine.spec.tile).rate()
    best = max(rates, key=lambda variant: rates[variant])
    return best, rates[best]


def _made(bench: ProductsBench, folder: Path, rows: int, repeats: int) -> ProductsMade:
    layout = PatternLayout(rows * _MAP, bench.width * _MAP, _IMAGE, _DEM, clouds=True)
    request = MapRequest(
        Path("no-network"), write_pattern_scene(folder / "scene", layout), folder / "map",
        engine=EngineOptions(batch=bench.batch), overwrite=True, keep=False,
    )  # fmt: skip
    map_scene(request, engine=fixed_tile_engine(_SPEC, bench.batch))  # which compiles loops, and fills caches
    record = map_scene(request, engine=fixed_tile_engine(_SPEC, bench.batch))
    return ProductsMade(record, [_in_process(request.out, folder / f"products-{k}") for k in range(repeats)])


def _in_process(out: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    arguments = [str(out), str(folder)]
    return said_by("landslip.benchmarks.studies.all_products", arguments, f"All products of {out}", lean=True)


def _time_rows(costs: Mapping[str, float], network: float, sizes: Mapping[str, int]) -> list[tuple[Any, ...]]:
    rows = [(key, value, value / network, sizes[key] / 1e6 if key in sizes else None) for key, value in costs.items()]
    return [*rows, ("all", sum(costs.values()), sum(costs.values()) / network, None)]


def _memory_row(made: ProductsMade, first: ProductsMade) -> tuple[Any, ...]:
    grid = made.record["grid"]
    return grid["height"], grid["width"], made.record["landslides"], made.peak, made.peak / first.peak
