"""``landslip bench summary``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import show
from landslip.benchmarks.reports.target_outcomes import summarise
from landslip.runtime.cli.paths import PATH
from landslip.runtime.errors import InputMissingError


@click.command()
@click.argument("folder", type=PATH)
def summary(folder: Path) -> None:
    """Show what the reports in FOLDER say of each target.

    Writes summary.json and summary.md beside them.
    """
    if not folder.is_dir():
        raise InputMissingError(f"{folder} is no folder. Give the one that landslip bench -o has written to.")
    show(summarise(folder), folder)
