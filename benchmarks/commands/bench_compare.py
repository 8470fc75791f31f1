"""``landslip bench compare``."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from landslip.benchmarks.reports.compare import compare_files
from landslip.runtime.cli.paths import PATH

log = logging.getLogger(__name__)


@click.command(context_settings={"show_default": True})
@click.argument("old", metavar="OLD.json", type=PATH)
@click.argument("new", metavar="NEW.json", type=PATH)
@click.option("--threshold", type=float, default=0.05, help="What a finding may get worse by, as a share.")
def compare(old: Path, new: Path, threshold: float) -> int:
    """Show what got better or worse between two reports of one benchmark.

    Exits with 0 when no finding got worse by more than the threshold, and with 1 when one did, or is gone.
    """
    comparison = compare_files(old, new, threshold)
    if comparison.differences:
        count = len(comparison.differences)
        log.warning("the two were not measured alike: see the %d differences below before the verdicts", count)
    click.echo(comparison.markdown())
    return comparison.exit_code
