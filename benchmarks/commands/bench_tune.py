"""``landslip bench tune``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import out_option, show
from landslip.benchmarks.tune.search import MARGIN
from landslip.benchmarks.tune.tuning import TuneRequest
from landslip.benchmarks.tune.tuning import tune as run
from landslip.runtime.access.location import is_folder
from landslip.runtime.cli.paths import PATH
from landslip.runtime.engines.opening import ENGINES


@click.command(context_settings={"show_default": True})
@click.option(
    "-m",
    "--model",
    type=PATH,
    required=True,
    help="ONNX file made by landslip export; the others of its model in the same folder are tried too. Or the folder.",
)
@click.option("--budget", type=click.FloatRange(min=0), default=300.0, help="Seconds it may take.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="auto",
    help="Engine to try; auto = all but TensorRT, which builds each engine for minutes.",
)
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print what is kept as JSON.")
def tune(model: Path, budget: float, engine: str, out: Path | None, as_json: bool) -> None:
    """Find what runs a model fastest on this machine, and keep it for landslip map.

    Tries engines, precisions, batches and threads, and keeps only what passes the gate of landslip verify. Tiles are
    never changed, as they change the map; what shared features would gain is told, and not taken, for the same reason.
    """
    tuning, report, path = run(TuneRequest(model, budget, engine))
    if as_json:
        click.echo(json.dumps({"path": str(path), **asdict(tuning)}, indent=2))
        return
    folder = model if is_folder(model) else model.parent
    show(report, out)
    factor = tuning.choices[0].shared_features
    if factor is not None and factor >= MARGIN:
        click.echo(
            f"\nWith --share-features, a large map in faithful tiles is {factor:.2f} times as fast. It passes the gate "
            "of its tiles, and changes a map by a percent here and there, so that it is yours to ask for."
        )
    click.echo(f"\nKept in {path}: landslip map uses it. With -m {folder} it takes the fastest file.")
