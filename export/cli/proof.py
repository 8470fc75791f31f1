"""``landslip verify``, ``landslip info`` and ``landslip doctor``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from landslip.runtime.cli.flags import with_flags
from landslip.runtime.cli.paths import PATH
from landslip.runtime.engines.opening import DEVICES, ENGINES, RUN_PRECISIONS
from landslip.runtime.errors import EngineError


@click.command(context_settings={"show_default": True})
@click.argument("path", metavar="FOLDER|MODEL.onnx", type=PATH)
@click.option("--reference", type=PATH, help="Keras or ONNX file to ask again.  [default: the tiles kept at export]")
@click.option("--spec", type=PATH, help="SPEC.toml the --reference was exported with, if any.")
@click.option("--output", help="Output the --reference was exported with, if any.")
@click.option(
    "--scene", type=PATH, help="Take the tiles from a scene (SCENE.toml, or STAC) instead of those kept at export."
)
@click.option("--engine", type=click.Choice(ENGINES), default="auto", help="Engine to try; auto = all.")
@click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where to run.")
@click.option("--precision", type=click.Choice(RUN_PRECISIONS), default="auto", help="What to compute in; auto = all.")
@click.option("--limit", "limits", multiple=True, help="Another limit, such as int8:iou=0.99. Repeatable.")
@click.option("--share-features", is_flag=True, help="Compute features apart, as landslip map --share-features does.")
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON.")
def verify(
    path: Path,
    reference: Path | None,
    spec: Path | None,
    output: str | None,
    limits: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> int:
    """Prove that artifacts say on this machine what the network they were made from says.

    Runs every artifact with every engine and precision that is usable here, and compares. Exits with 0 when all passes,
    1 when something fails or is missing, 3 when there is nothing to compare, 4 when no engine is usable.
    """
    from landslip.export.front_door import verify as run  # noqa: PLC0415
    from landslip.export.proof.verify_page import page  # noqa: PLC0415

    report = run(path, reference=reference, spec=spec, output=output, limits=limits, **options)
    click.echo(with_flags(json.dumps(report.as_json(), indent=2) if as_json else page(report)))
    return report.exit_code


@click.command()
@click.argument("file", type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def info(file: Path, as_json: bool) -> None:
    """Say what FILE is: a model, an artifact, reference tiles, a record, or what was taken for one."""
    from landslip.export.proof.info import describe_file  # noqa: PLC0415

    _print(describe_file(file), as_json)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def doctor(as_json: bool) -> int:
    """Say which engines and devices work here, test them, and say how to install what is missing.

    Exits with 0 when maps can be made on this machine, and with 4 when no engine works.
    """
    from landslip.export.proof.doctor import examine  # noqa: PLC0415

    findings = examine()
    _print(findings, as_json)
    return 0 if findings["ready"] else EngineError.exit_code


def _print(facts: dict[str, Any], as_json: bool) -> None:
    from landslip.export.proof.fact_lines import facts_as_text  # noqa: PLC0415

    click.echo(with_flags(json.dumps(facts, indent=2) if as_json else facts_as_text(facts)))
