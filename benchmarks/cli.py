"""``landslip bench``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.memory import measure_memory
from landslip.benchmarks.report import Report
from landslip.benchmarks.sentinel2 import measure_sentinel2
from landslip.benchmarks.throughput import Bench, measure_throughput
from landslip.models.demo import DEMO_MODEL

_OUT = click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the report as JSON and Markdown.")
_MODEL = click.option("-m", "--model", type=click.Path(path_type=Path), help="ONNX file.  [default: the demo model]")


@click.group("bench", context_settings={"show_default": True})
def bench() -> None:
    """Measure throughput and memory on this machine."""


@bench.command("memory")
@_OUT
@click.option("-m", "--model", type=click.Path(path_type=Path), help="ONNX file.  [default: no network]")
@click.option("--rows", type=int, multiple=True, default=(2000, 10000, 40000), help="Heights in map rows. Repeatable.")
@click.option("--width", type=int, default=1000, help="Width in map pixels.")
@click.option("--sentinel2", is_flag=True, help="One scene as large as a Sentinel-2 tile instead, with its time.")
def memory(out: Path | None, model: Path | None, rows: tuple[int, ...], width: int, sentinel2: bool) -> None:
    """Peak memory over scene height."""
    with tempfile.TemporaryDirectory() as folder:
        if sentinel2:
            _show(measure_sentinel2(Path(folder), model), out)
        else:
            _show(measure_memory(Path(folder), sorted(rows), width, model), out)


@bench.command("throughput")
@_OUT
@click.option(
    "-m",
    "--model",
    type=click.Path(path_type=Path),
    help="Folder of artifacts, or an ONNX file.  [default: the demo model]",
)
@click.option("--hdf5", type=click.Path(path_type=Path), help="Keras file of the same network, for the published loop.")
@click.option("--batch", type=click.IntRange(1), default=4, help="Tiles per call of the engine.")
@click.option("--seconds", type=float, default=25.0, help="About how long each run takes.")
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
    settings = Bench(
        model or DEMO_MODEL, hdf5, batch=batch, seconds=seconds, empty_km=size_km, repeats=repeats, absolute=absolute
    )
    with tempfile.TemporaryDirectory() as folder:
        _show(measure_throughput(settings, Path(folder)), out)


@bench.command("all")
@_OUT
@_MODEL
@click.pass_context
def everything(context: click.Context, out: Path | None, model: Path | None) -> None:
    """All benchmarks, with their defaults."""
    context.invoke(memory, out=out)
    context.invoke(throughput, out=out, model=model)


def _show(report: Report, out: Path | None) -> None:
    click.echo(report.markdown())
    if out is not None:
        for path in report.write(out):
            click.echo(path, err=True)
