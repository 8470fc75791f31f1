"""``landslip bench pipeline``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import out_option, show
from landslip.benchmarks.studies.core_counts import powers
from landslip.benchmarks.studies.pipeline_speed import measure_pipeline


@click.command(context_settings={"show_default": True})
@out_option
@click.option("--height-km", type=float, default=48.0, help="Extent of the scenes from north to south.")
@click.option("--width-km", type=float, default=60.0, help="Extent of the scenes from west to east.")
@click.option("--batch", type=int, default=4, help="Tiles per call.")
@click.option("--repeats", type=int, default=3, help="Timed maps of each scene; the median counts.")
@click.option(
    "--cores",
    type=click.IntRange(0),
    multiple=True,
    help="Map and read on so many cores, too, to see whether a stage is bound to one; 0 for 1, 2, 4 ... up to all.",
)
def pipeline(
    out: Path | None, height_km: float, width_km: float, batch: int, repeats: int, cores: tuple[int, ...]
) -> None:
    """The pipeline with a predictor that does no arithmetic, on files of several layouts."""
    counts = powers() if 0 in cores else cores
    with tempfile.TemporaryDirectory() as folder:
        show(measure_pipeline(Path(folder), height_km, width_km, batch, repeats, counts), out)
