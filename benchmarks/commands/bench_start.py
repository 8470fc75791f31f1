"""``landslip bench start``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import out_option, show
from landslip.benchmarks.studies.start_time import report_start


@click.command(context_settings={"show_default": True})
@out_option
@click.option("--repeats", type=click.IntRange(1), default=5, help="Processes of each command; the median counts.")
def start(out: Path | None, repeats: int) -> None:
    """CPU time of commands that compute nothing, beyond Python itself."""
    show(report_start(repeats), out)
