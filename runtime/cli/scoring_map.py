"""Command ``landslip score`` once its options are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from landslip.runtime.scoring.score_run import score
from landslip.runtime.scoring.score_text import score_text
from landslip.runtime.system.drafts import output_errors, write_file


def score_and_print(
    out: Path, options: dict[str, Any], output: Path | None, *, as_json: bool, thresholds: bool
) -> None:
    """Score a map, write the score if asked to, and print it."""
    found = score(out, options.pop("truth"), **options)
    as_text = json.dumps({"map": str(out), **found.as_dict()}, indent=2)
    if output is not None:
        with output_errors(output):
            write_file(output, as_text + "\n")
    click.echo(as_text if as_json else score_text(found, thresholds=thresholds))
