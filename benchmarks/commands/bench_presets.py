"""``landslip bench presets``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import file_option, out_option, show
from landslip.benchmarks.studies.preset_effects import PresetsBench, measure_presets
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.opening import DEVICES, ENGINES, RUN_PRECISIONS


@click.command(context_settings={"show_default": True})
@out_option
@file_option
@click.option("--size-km", type=click.FloatRange(1, 200), default=8.0, help="Edge of each scene in kilometres.")
@click.option("--engine", type=click.Choice(ENGINES), default="auto", help="What runs the network.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where it runs.")
@click.option("--precision", type=click.Choice(RUN_PRECISIONS), default="auto", help="What to compute in.")
@click.option("--repeats", type=click.IntRange(1), default=3, help="Timed maps of each preset; the median counts.")
def presets(
    out: Path | None, model: Path | None, size_km: float, engine: str, device: str, precision: str, repeats: int
) -> None:
    """Measure what the presets do to the map, to operations, and to speed.

    Maps are compared with the demo model; --model is what is timed.
    """
    options = EngineOptions(engine, device, precision=precision)
    bench = PresetsBench(model or DEMO_MODEL, size_km=size_km, repeats=repeats, engine=options)
    with tempfile.TemporaryDirectory() as folder:
        show(measure_presets(bench, Path(folder)), out)
