"""``landslip bench placing``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import artifacts_option, out_option, show
from landslip.benchmarks.studies.int8_placing import PlacingBench, measure_placing
from landslip.models.demo.embedded import DEMO_MODEL


@click.command(context_settings={"show_default": True})
@out_option
@artifacts_option
@click.option("--repeats", type=click.IntRange(1), default=7, help="Measurements of each graph; the median counts.")
@click.option("--tiles", type=click.IntRange(1), default=4, help="Tiles of each of them.")
def placing(out: Path | None, model: Path | None, repeats: int, tiles: int) -> None:
    """INT8 as landslip places it, against INT8 in convolutions alone."""
    show(measure_placing(PlacingBench(model or DEMO_MODEL, repeats=repeats, tiles=tiles)), out)
