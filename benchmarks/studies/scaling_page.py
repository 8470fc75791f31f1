"""The report of how speed scales: a table and a plot for each thing that was varied."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from statistics import median
from typing import Any

from landslip.benchmarks.reports.plots import Series, draw_lines
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.scenes.user_scene import DESCRIBED
from landslip.benchmarks.studies.contest import ratio_finding
from landslip.benchmarks.studies.scaling import ScalingBench, Sweep

_CALLS = "calls", "p90 to median", "p95 to median", "p99 to median"
"""Columns on the single calls of the engine."""


def scaling_report(bench: ScalingBench, engine: str, sweeps: Sequence[Sweep]) -> Report:
    """Page of the sweeps with its plots.

    Args:
        bench: how it was measured.
        engine: that was measured, in words.
        sweeps: from :func:`landslip.benchmarks.studies.scaling.measure_scaling`.
    """
    return Report(
        name="scaling",
        question="How does speed change with the size of the scene, the threads, the batch and the tile?",
        settings={
            "engine": engine,
            "model": bench.model.stem,
            "kept": f"tile {bench.engine.tile or 'of the model'}, overlap 0.5, batch {bench.engine.batch}, threads "
            f"{bench.engine.threads or 'as the engine chooses'}",
            "tiles": "batches are smaller where tiles are larger, so that a call has about as many pixels",
            "scene": f"{DESCRIBED}; from opening the files to the last product",
            "repeats": f"{bench.repeats} of each point, in turn; about {bench.seconds:g} s for a point",
            "warm_up": "one call of each engine and three in each of its lanes, one map of the smallest scene",
        },
        tables=[_table(sweep) for sweep in sweeps],
        findings={f"{sweep.name}_last_to_first": _last(sweep) for sweep in sweeps},
        plots=[_plot(sweep) for sweep in sweeps],
    )


def _table(sweep: Sweep) -> Table:
    columns = (sweep.varied, "ratio to the first (median)", "lowest", "highest", *(_CALLS if sweep.calls else ()))
    return Table(f"{sweep.measured}, by {sweep.varied}", columns, [_row(sweep, value) for value in sweep.points])


def _row(sweep: Sweep, value: float) -> tuple[Any, ...]:
    ratios = sweep.points[value].ratios(sweep.first)
    if value not in sweep.calls:
        return value, median(ratios), min(ratios), max(ratios)
    calls = sweep.calls[value]
    tail = (quantile / calls.median for quantile in (calls.p90, calls.p95, calls.p99))
    return value, median(ratios), min(ratios), max(ratios), len(calls.seconds), *tail


def _last(sweep: Sweep) -> Finding:
    return ratio_finding(list(sweep.points.values())[-1], sweep.first)


def _plot(sweep: Sweep) -> Plot:
    ratios = [timing.ratio(sweep.first) for timing in sweep.points.values()]
    series = [Series(sweep.measured, list(sweep.points), ratios)]
    label = f"{sweep.measured}, ratio to the first"
    draw = partial(draw_lines, series=series, x_label=sweep.varied, y_label=label, powers=True)
    return Plot(
        sweep.name, f"{sweep.measured[0].upper()}{sweep.measured[1:]} by {sweep.varied}; median of the repeats.",
        partial(draw, even=sweep.name == "threads"),
    )  # fmt: skip
