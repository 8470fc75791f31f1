"""``landslip bench memory``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import out_option, show
from landslip.benchmarks.studies.memory_peers import measure_memory_against_monai
from landslip.benchmarks.studies.peak_memory import LEAST, measure_memory
from landslip.benchmarks.studies.sentinel2_size import measure_sentinel2
from landslip.runtime.cli.paths import PATH
from landslip.runtime.errors import UsageError


@click.command(context_settings={"show_default": True})
@out_option
@click.option("-m", "--model", type=PATH, help="ONNX file.  [default: no network]")
@click.option(
    "--rows",
    type=click.IntRange(LEAST),
    multiple=True,
    default=(2000, 10000, 40000),
    help="Heights in map rows. Repeatable.",
)
@click.option("--width", type=click.IntRange(LEAST), default=1000, help="Width in map pixels.")
@click.option("--sentinel2", is_flag=True, help="One scene as large as a Sentinel-2 tile instead, with its time.")
@click.option("--monai", is_flag=True, help="One scene instead, against MONAI's sliding window.")
@click.option("--size", type=int, default=10_000, help="With --monai: rows and columns of that scene.")
def memory(
    out: Path | None, model: Path | None, rows: tuple[int, ...], width: int, sentinel2: bool, monai: bool, size: int
) -> None:
    """Peak memory over scene height, of one large scene, or against MONAI."""
    if sentinel2 and monai:
        raise UsageError("--sentinel2 and --monai measure different scenes. Give one of the two.")
    if monai and model is not None:
        raise UsageError("--monai compares without a network: leave --model out.")
    with tempfile.TemporaryDirectory() as folder:
        if sentinel2:
            report = measure_sentinel2(Path(folder), model)
        elif monai:
            report = measure_memory_against_monai(Path(folder), size)
        else:
            report = measure_memory(Path(folder), sorted(rows), width, model)
    show(report, out)
