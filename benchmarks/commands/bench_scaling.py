"""``landslip bench scaling``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import file_option, out_option, show
from landslip.benchmarks.studies.scaling import ScalingBench, measure_scaling
from landslip.benchmarks.studies.scaling_page import scaling_report
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.opening import DEVICES, ENGINES, RUN_PRECISIONS


@click.command(context_settings={"show_default": True})
@out_option
@file_option
@click.option("--engine", type=click.Choice(ENGINES), default="auto", help="What runs the network.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where it runs.")
@click.option("--precision", type=click.Choice(RUN_PRECISIONS), default="auto", help="What to compute in.")
@click.option("--seconds", type=float, default=8.0, help="About how long each point is measured, all repeats together.")
@click.option("--repeats", type=click.IntRange(1), default=4, help="Measurements of each point; the median counts.")
def scaling(
    out: Path | None, model: Path | None, engine: str, device: str, precision: str, seconds: float, repeats: int
) -> None:
    """Speed over scene size, threads, batch and tile."""
    options = EngineOptions(engine, device, precision=precision)
    bench = ScalingBench(model or DEMO_MODEL, options, seconds, repeats)
    with tempfile.TemporaryDirectory() as folder:
        show(scaling_report(bench, *measure_scaling(bench, Path(folder))), out)
