"""``landslip bench throughput``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import artifacts_option, out_option, show
from landslip.benchmarks.studies.entrants import Bench
from landslip.benchmarks.studies.throughput import measure_throughput
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.cli.paths import PATH


@click.command(context_settings={"show_default": True})
@out_option
@artifacts_option
@click.option("--hdf5", type=PATH, help="Keras file of the same network, for the published loop.")
@click.option("--batch", type=click.IntRange(1), default=4, help="Tiles per call of the engine.")
@click.option("--seconds", type=float, default=20.0, help="About how long an engine runs; a map beside it thrice that.")
@click.option("--repeats", type=click.IntRange(1), default=2, help="Runs of each; the median counts.")
@click.option("--size-km", type=float, default=40.0, help="Edge of the scene that is mapped without a network.")
@click.option("--absolute", is_flag=True, help="Add tiles/s and km²/h, which are true for this machine alone.")
def throughput(
    out: Path | None,
    model: Path | None,
    hdf5: Path | None,
    batch: int,
    seconds: float,
    repeats: int,
    size_km: float,
    absolute: bool,
) -> None:
    """Maps, engines, the published loop and MONAI in one run."""
    bench = Bench(
        model or DEMO_MODEL, hdf5, batch=batch, seconds=seconds, empty_km=size_km, repeats=repeats, absolute=absolute
    )
    with tempfile.TemporaryDirectory() as folder:
        show(measure_throughput(bench, Path(folder)), out)
