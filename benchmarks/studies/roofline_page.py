"""The report of a roofline."""

from __future__ import annotations

from functools import partial
from typing import Any

from landslip.benchmarks.measuring.machine_limits import ARRAY, Peak
from landslip.benchmarks.reports.plots import Point, Roof, draw_roofline
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.reports.report_plot import Plot
from landslip.benchmarks.studies.roofline import Roofline, RooflineBench, Speed

_ABSOLUTE = {"cpu": (), "cuda": ("tiles/s", "lowest", "highest", "TFLOP/s")}
"""Columns that only GPUs get: what a CPU does in a second says little where others share it."""

_WORTH_A_ROW = 0.005
"""Share of the time of a tile from which on layers have a row."""


def roofline_report(bench: RooflineBench, found: Roofline) -> Report:
    """Page of a roofline with its plot."""
    shares = {f"{speed.variant.key}_of_gemm_peak": found.share(speed) for speed in found.speeds}
    return Report(
        name="roofline",
        question="How near does the network come to what this machine can do at best?",
        settings=_settings(bench, found),
        tables=[_networks(bench, found), _machine(bench, found), *([_layers(found)] if found.layers else [])],
        findings={key: Finding(share, better="higher") for key, share in shares.items()},
        plots=[_plot(bench, found)],
    )


def _settings(bench: RooflineBench, found: Roofline) -> dict[str, Any]:
    speed, cost = found.speeds[0], found.speeds[0].cost
    return {
        "network": f"{cost.flop / 1e9:.4g} GFLOP a tile, {cost.weights / 1e6:.3g} million weights",
        "device": bench.device,
        "tile": speed.tile,
        "batch": bench.batch,
        "repeats": f"{bench.repeats} of {bench.seconds:g} s for each engine, in turn; the median counts",
        "warm_up": "one repeat",
        "peaks": f"the fastest product of two square matrices in {bench.seconds:g} s, before and after the engines",
        "memory": f"the fastest copy of {ARRAY >> 20} MiB, reading and writing counted",
        "bytes_moved": "estimated: what convolutions read and write, each value once, in the engine's precision",
        "energy": found.energy,
    }


def _networks(bench: RooflineBench, found: Roofline) -> Table:
    columns = (
        "engine",
        "ratio to the fp32 GEMM peak",
        "share of the peak of its precision",
        "FLOP per byte",
        "J a tile",
    )
    rows = [
        (
            speed.variant.name,
            speed.flops / found.base,
            found.share(speed),
            _intensity(bench, speed),
            speed.timing.energy,
            *_absolute(speed),
        )
        for speed in found.speeds
    ]
    return _cut("The network", (*columns, *_ABSOLUTE[bench.device]), rows)


def _machine(bench: RooflineBench, found: Roofline) -> Table:
    columns = ("what", "figure", *(["absolute"] if bench.device == "cuda" else []))
    ridge = "FLOP at the fp32 GEMM peak while memory moves a byte"
    rows = [_peak(peak, found.base) for peak in found.peaks]
    return _cut(
        "The machine", columns, [*rows, (ridge, found.base / found.bandwidth, f"{found.bandwidth / 1e9:.4g} GB/s")]
    )


def _layers(found: Roofline) -> Table:
    rows = [
        (name, entry.kind, entry.precision, entry.layers, entry.share)
        for name, layers in found.layers.items()
        for entry in layers
        if entry.share >= _WORTH_A_ROW
    ]
    columns = ("engine", "layers that are", "computed in", "number", "share of the time of a tile")
    return Table("Where the time goes, on one core", columns, rows)


def _peak(peak: Peak, base: float) -> tuple[Any, ...]:
    what = f"GEMM in {peak.precision}, {peak.engine}, as a ratio to the fp32 GEMM peak"
    return what, peak.flops / base, f"{peak.flops / 1e12:.4g} TFLOP/s"


def _absolute(speed: Speed) -> tuple[float, ...]:
    timing = speed.timing
    return timing.rate, timing.lowest_rate, timing.highest_rate, speed.flops / 1e12


def _cut(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    """A table without what its columns do not name."""
    return Table(title, columns, [row[: len(columns)] for row in rows])


def _intensity(bench: RooflineBench, speed: Speed) -> float:
    return speed.cost.intensity(speed.variant.precision, bench.batch)


def _plot(bench: RooflineBench, found: Roofline) -> Plot:
    points = [
        Point(speed.variant.name, speed.variant.precision, _intensity(bench, speed), speed.flops / found.base)
        for speed in found.speeds
    ]
    roofs = [Roof(f"{name} GEMM, {peak.engine}", name, peak.flops / found.base) for name, peak in found.best.items()]
    draw = partial(draw_roofline, points=points, roofs=roofs, bandwidth=found.bandwidth / found.base)
    return Plot(
        "peaks",
        f"The network on {bench.device} in each engine, under what matrix products and memory allow; tiles of "
        f"{found.speeds[0].tile} pixels in batches of {bench.batch}.",
        partial(draw, unit="FLOP/s, as a ratio to the fp32 GEMM peak"),
        height=5.0,
    )
