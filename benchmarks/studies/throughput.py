"""Throughput in one run: the published loop, engines alone, whole maps by landslip, and MONAI's sliding window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from landslip.benchmarks.measuring.energy import Meter, Unavailable, open_meter
from landslip.benchmarks.reports.plots import Bar, bars_height, draw_bars, draw_shares
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.scenes.grid_scene import DESCRIBED as ON_THE_GRID
from landslip.benchmarks.scenes.user_scene import DESCRIBED
from landslip.benchmarks.studies.contest import (
    Results,
    contest,
    ground_ratio,
    rate_table,
    ratio_table,
    run_table,
    tiles_ratio,
)
from landslip.benchmarks.studies.contestants import published_name
from landslip.benchmarks.studies.entrants import (
    BESIDE_ENGINE,
    BESIDE_MONAI,
    EMPTY,
    EMPTY_MEMORY,
    EMPTY_MONAI,
    Bench,
    Entrants,
    has_monai,
    load_monai,
    map_name,
    raw_name,
)
from landslip.benchmarks.studies.gated_variants import gate_objections
from landslip.benchmarks.studies.variants import Variant, open_variants, variants_of
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS

__all__ = ["Bench", "measure_throughput"]

PUBLISHED = published_name(1)


def measure_throughput(bench: Bench, folder: Path) -> Report:
    """Measure everything that can take part, in turn.

    Args:
        bench: how to measure.
        folder: for scenes and maps.

    Raises:
        LandslipError: the model cannot be used, or a map failed.
    """
    load_monai()
    with ExitStack() as stack:
        engines, left_out = open_variants(variants_of(bench.model), bench.batch)
        for engine in engines.values():
            stack.enter_context(engine)
        objections = gate_objections(bench.model, engines)
        entrants = Entrants(bench, folder, engines, objections, stack)
        energy = open_meter(engines[entrants.best].device)
        meter = None if isinstance(energy, Unavailable) else stack.enter_context(energy)
        results = contest(entrants.groups(), bench.repeats, meter, entrants.published())
        empty = contest([entrants.without_network()], bench.repeats, meter)
        settings = _settings(bench, entrants, left_out, objections) | {"energy": _energy(energy)}
    base = PUBLISHED if PUBLISHED in results else raw_name(entrants.best)
    shares = _shares({**results, **empty})
    return Report(
        name=f"throughput-{entrants.spec.name}",
        question="How fast is a map, compared with the published way, with the engine alone and with MONAI?",
        settings=settings,
        tables=[
            ratio_table(f"With the network, as ratios to: {base}", results, base),
            ratio_table("Without a network", empty, EMPTY_MONAI if EMPTY_MONAI in empty else EMPTY),
            *(
                [run_table("Speed of the published loop in its single runs, median = 1", results)]
                if PUBLISHED in results
                else []
            ),
            _latencies(entrants),
            _shares_table(shares),
            *([rate_table("On this machine, now", {**results, **empty})] if bench.absolute else []),
        ],
        findings=dict(_findings(entrants, results, empty)),
        plots=[_ground_plot(results, base), _shares_plot(shares)],
    )


def _findings(entrants: Entrants, results: Results, empty: Results) -> Iterator[tuple[str, Finding]]:
    best = map_name(entrants.best)
    if PUBLISHED in results and entrants.gated:
        yield "best_int8_vs_published_tiles", tiles_ratio(results, best, PUBLISHED)
        if entrants.published_batch is not None:
            in_its_best = published_name(entrants.published_batch)
            yield "best_vs_published_in_its_best_batch_tiles", tiles_ratio(results, best, in_its_best)
        ratios = [ground_ratio(results, map_name(entrants.best, name), PUBLISHED) for name in _laid(entrants, results)]
        if ratios:
            yield "best_preset_vs_published_km2", max(ratios, key=lambda finding: finding.value)
    for variant in entrants.raw:
        if map_name(variant) in results:
            yield f"map_vs_engine_{variant.key}", tiles_ratio(results, map_name(variant), raw_name(variant))
        if (theirs := f"MONAI, {variant.name}") in results:
            ours = map_name(variant, "on the grid")
            yield f"{variant.key}_map_vs_monai", tiles_ratio(results, ours, theirs)
    for name in _laid(entrants, results):
        ours = map_name(entrants.best, name)
        yield f"{name}_vs_{FAITHFUL}_km2", ground_ratio(results, ours, best)
        yield f"{name}_map_vs_engine", tiles_ratio(results, ours, raw_name(entrants.best, name))
    if EMPTY_MONAI in empty:
        yield "empty_map_vs_monai", tiles_ratio(empty, EMPTY, EMPTY_MONAI)
        yield "tiles_and_blending_vs_monai", tiles_ratio(empty, EMPTY_MEMORY, EMPTY_MONAI)


def _laid(entrants: Entrants, results: Results) -> list[str]:
    """Presets of larger tiles that took part."""
    return [name for name in PRESETS if map_name(entrants.best, name) in results]


def _energy(energy: Meter | Unavailable) -> str:
    return f"unavailable. {energy.reason}" if isinstance(energy, Unavailable) else energy.source


def _latencies(entrants: Entrants) -> Table:
    """Table that says how evenly the engines answer."""
    rows = []
    for variant, raw in entrants.raw.items():
        calls = raw.timing
        tail = (quantile / calls.median for quantile in (calls.p90, calls.p95, calls.p99))
        rows.append((variant.name, len(calls.seconds), *tail))
    columns = ("engine alone", "calls", "p90 to median", "p95 to median", "p99 to median")
    title = f"Time of a batch of {entrants.tiling.batch}, with as many under way at once as the engine has lanes"
    return Table(title, columns, rows)


def _shares(results: Results) -> dict[str, dict[str, float]]:
    """Share of the wall clock for which each stage of each map was busy; stages run side by side."""
    return {
        name: _shares_of(result.contestant.records[-1]["seconds"])
        for name, result in results.items()
        if result.contestant.records
    }


def _shares_of(seconds: Mapping[str, float]) -> dict[str, float]:
    return {stage: value / seconds["total"] for stage, value in seconds.items() if stage != "total"}


def _shares_table(shares: Mapping[str, Mapping[str, float]]) -> Table:
    stages = list(dict.fromkeys(stage for each in shares.values() for stage in each))
    rows = [(name, *(each.get(stage) for stage in stages)) for name, each in shares.items()]
    return Table("Time a stage was busy, as a share of the wall clock; stages run side by side", ("map", *stages), rows)


def _shares_plot(shares: dict[str, dict[str, float]]) -> Plot:
    draw = partial(draw_shares, rows=shares, unit="time a stage was busy, as a share of the wall clock")
    caption = "What the stages of a map take; they run side by side, so that their sum may exceed the wall clock."
    return Plot("stages", caption, draw, bars_height(len(shares)))


def _ground_plot(results: Results, base: str) -> Plot:
    ground = {name: result.ground.ratios(results[base].ground) for name, result in results.items()}
    bars = [
        Bar(name, ground_ratio(results, name, base).value, min(each), max(each), ours=name.startswith("landslip"))
        for name, each in ground.items()
    ]
    draw = partial(draw_bars, bars=bars, unit=f"km²/h as a ratio to: {base}")
    return Plot("ground", "Ground mapped per hour; landslip's maps in blue.", draw, bars_height(len(bars)))


def _settings(
    bench: Bench, entrants: Entrants, left_out: Mapping[str, str], objections: Mapping[Variant, str]
) -> dict[str, Any]:
    missing = {} if bench.hdf5 else {"published loop": "no Keras file was given (--hdf5)."}
    missing |= {} if has_monai() else {"MONAI": "it is not installed (pip install 'landslip[bench-peers]')."}
    devices = {variant.engine: engine.device for variant, engine in entrants.engines.items()}
    return {
        "model": entrants.spec.name,
        "devices": devices,
        "best": f"{entrants.best.name}: the fastest "
        + (
            "of those within the gate of their precision" if entrants.gated else "; none is known to be within its gate"
        ),
        **({"not_the_best": {each.name: why for each, why in objections.items()}} if objections else {}),
        "repeats": f"{bench.repeats} of each, in turn, there and back; medians. The published loop runs more often",
        "warm_up": "a batch and three more in each lane of each engine, a batch of each loop, two small maps, a row of "
        "tiles by MONAI",
        "runs": f"about {bench.seconds:g} s of an engine or a preset's map, {BESIDE_ENGINE * bench.seconds:g} s of a "
        f"map beside an engine with a target, {BESIDE_MONAI * bench.seconds:g} s beside MONAI, "
        f"{bench.published_tiles} tiles of the published loop",
        "engines_open": "before the clock starts, for all alike",
        "map": "from opening the files to the last product, polygons and checksums included",
        "10_and_30_m": DESCRIBED,
        "on_the_grid": ON_THE_GRID,
        "arrays_in_memory": "whole rasters on the map's grid, scaled (published loop) or one float32 tensor (MONAI); "
        "reading them is not in the time",
        **({} if entrants.published_batch is None else _published_settings(bench)),
        **({"left_out": {**left_out, **missing}} if left_out or missing else {}),
    }


def _published_settings(bench: Bench) -> dict[str, Any]:
    return {
        "published_loop": "its central quarter of each tile counts as mapped; the network lacks the four outputs that "
        "mapping does not use",
        "published_loop_tried": f"{bench.published_tiles} tiles in batches of {', '.join(map(str, bench.batches))}",
        "published_loop_runs": "before each group of others that are compared with each other, and not between these; "
        "the median of its runs counts in a repeat",
    }
