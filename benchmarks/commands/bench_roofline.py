"""``landslip bench roofline``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import artifacts_option, out_option, show
from landslip.benchmarks.studies.roofline import RooflineBench, measure_roofline
from landslip.benchmarks.studies.roofline_page import roofline_report
from landslip.models.demo.embedded import DEMO_MODEL


@click.command(context_settings={"show_default": True})
@out_option
@artifacts_option
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", help="Where to run.")
@click.option("--batch", type=click.IntRange(1), default=4, help="Tiles per call of the engine.")
@click.option("--repeats", type=click.IntRange(1), default=5, help="Measurements of each engine; the median counts.")
@click.option("--seconds", type=float, default=1.0, help="About how long each of them takes.")
def roofline(out: Path | None, model: Path | None, device: str, batch: int, repeats: int, seconds: float) -> None:
    """The network in every engine against what this machine can do at best."""
    bench = RooflineBench(model or DEMO_MODEL, device, batch, repeats, seconds)
    show(roofline_report(bench, measure_roofline(bench)), out)
