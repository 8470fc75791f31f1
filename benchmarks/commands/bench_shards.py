"""``landslip bench shards``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import file_option, out_option, show
from landslip.benchmarks.studies.shard_speed import measure_shards
from landslip.models.demo.embedded import DEMO_MODEL


@click.command(context_settings={"show_default": True})
@out_option
@file_option
@click.option("--height-km", type=float, default=24.0, help="Extent of the scene from north to south.")
@click.option("--width-km", type=float, default=12.0, help="Extent of the scene from west to east.")
@click.option("--workers", type=click.IntRange(1), default=2, help="Processes.")
@click.option("--repeats", type=click.IntRange(1), default=3, help="Timed maps of each; the median counts.")
def shards(out: Path | None, model: Path | None, height_km: float, width_km: float, workers: int, repeats: int) -> None:
    """Maps in shards by several processes against one, and on paper a country and a continent."""
    with tempfile.TemporaryDirectory() as folder:
        show(measure_shards(Path(folder), model or DEMO_MODEL, height_km, width_km, workers, repeats), out)
