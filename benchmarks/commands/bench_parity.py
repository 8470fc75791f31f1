"""``landslip bench parity``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import artifacts_option, out_option, show
from landslip.benchmarks.studies.artifact_parity import parity_report
from landslip.export.proof.verify import VerifyRequest, verify
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines.opening import DEVICES, ENGINES


@click.command(context_settings={"show_default": True})
@out_option
@artifacts_option
@click.option("--engine", type=click.Choice(ENGINES), default="auto", help="Engine to try; auto = all.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where to run.")
def parity(out: Path | None, model: Path | None, engine: str, device: str) -> int:
    """Compare every artifact, in every engine, with the network.

    Measures as landslip verify does, against the tiles kept at export, and keeps a report. Exits like it: with 1 when
    something fails its gate, 3 when there is nothing to compare, 4 when no engine is usable.
    """
    proven = verify(VerifyRequest(model or DEMO_MODEL, engine=engine, device=device))
    show(parity_report(proven), out)
    return proven.exit_code
