"""Options that the commands share, and how a report is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from landslip.benchmarks.measuring.other_load import watched_share
from landslip.benchmarks.reports.conditions import Conditions
from landslip.benchmarks.reports.report import Report
from landslip.runtime.cli.flags import with_flags
from landslip.runtime.cli.paths import PATH

out_option = click.option("-o", "--out", type=PATH, help="Folder for the report: JSON, Markdown and pictures.")
artifacts_option = click.option(
    "-m", "--model", type=PATH, help="Folder of artifacts, or an ONNX file.  [default: the demo model]"
)
file_option = click.option("-m", "--model", type=PATH, help="ONNX file.  [default: the demo model]")


def show(report: Report, out: Path | None) -> None:
    """Print a report as Markdown, and write it where a folder is given; the paths go to stderr.

    What other processes took of the machine since the command began goes into it.
    """
    context = click.get_current_context(silent=True)
    if context is not None:
        report = replace(report, conditions=Conditions(watched_share(context.meta)))
    click.echo(with_flags(report.markdown()), nl=False)
    if out is not None:
        for path in report.write(out):
            click.echo(path, err=True)
