"""``landslip bench products``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import artifacts_option, out_option, show
from landslip.benchmarks.studies.product_costs import ProductsBench, measure_products
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.errors import UsageError


@click.command(context_settings={"show_default": True})
@out_option
@artifacts_option
@click.option("--rows", type=int, nargs=2, default=(2000, 8000), help="Heights of the two scenes in map rows.")
@click.option("--width", type=int, default=2000, help="Width of both in map pixels.")
@click.option("--repeats", type=click.IntRange(1), default=3, help="Times that products are made; the median counts.")
def products(out: Path | None, model: Path | None, rows: tuple[int, int], width: int, repeats: int) -> None:
    """Time of all products against that of the network (in INT8 if there is an artifact), and their memory."""
    if not 224 < rows[0] < rows[1] or width <= 224:
        raise UsageError("The heights have to ascend, and all sizes to be more than a tile of 224 pixels.")
    bench = ProductsBench(model or DEMO_MODEL, rows, width, repeats=repeats)
    with tempfile.TemporaryDirectory() as folder:
        show(measure_products(bench, Path(folder)), out)
