"""``landslip bench alert``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import file_option, out_option, show
from landslip.benchmarks.studies.alert_time import measure_alert
from landslip.models.demo.embedded import DEMO_MODEL


@click.command(context_settings={"show_default": True})
@out_option
@file_option
@click.option("--width-km", type=float, default=12.0, help="Extent of the scene from west to east.")
@click.option("--height-km", type=float, default=12.0, help="Extent of the scene from north to south.")
@click.option("--repeats", type=click.IntRange(1), default=3, help="Timed maps of the scene.")
def alert(out: Path | None, model: Path | None, width_km: float, height_km: float, repeats: int) -> None:
    """Seconds from the arrival of the last row of a landslide to its polygon, the network included."""
    with tempfile.TemporaryDirectory() as folder:
        show(measure_alert(Path(folder), model or DEMO_MODEL, width_km, height_km, repeats), out)
