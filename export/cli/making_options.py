"""Options of the commands that make artifacts, and what they say at the end."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from landslip.export.folder.export_options import PRECISIONS, RUN_PRECISIONS, TARGETS, ExportOptions
from landslip.runtime.cli.paths import PATH

if TYPE_CHECKING:
    from landslip.export.folder.artifacts import Artifact

    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # generic from click 8.2 on

log = logging.getLogger(__name__)

Command = TypeVar("Command", bound=Callable[..., Any])


class _Precision(_Choice):
    """A precision of an artifact; says what to do about those that only a run has."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in RUN_PRECISIONS:
            self.fail(RUN_PRECISIONS[value], param, ctx)
        return super().convert(value, param, ctx)


_OPTIONS = (
    click.option("-o", "--out", type=PATH, required=True, help="Folder for the artifacts."),
    click.option(
        "--precision",
        "precisions",
        type=_Precision(PRECISIONS),
        multiple=True,
        default=("fp32",),
        help="What the network computes in. Repeatable.",
    ),
    click.option(
        "--target",
        "targets",
        type=click.Choice(TARGETS),
        multiple=True,
        default=("onnx",),
        help="What is to run it. Repeatable; onnx is ONNX Runtime. Only int8 needs a file for each.",
    ),
    click.option(
        "--calibrate", type=PATH, help="Scene (SCENE.toml, or STAC) to calibrate on.  [default: made-up ones]"
    ),
    click.option(
        "--limit", "limits", multiple=True, help="Another limit of the gate, such as int8:iou=0.99. Repeatable."
    ),
    click.option("--reduced-range", is_flag=True, help="7-bit weights in int8, for CPUs without VNNI."),
    click.option("--output", help="Name or position of the network's output to serve.  [default: the first]"),
    click.option(
        "--build/--no-build", default=True, help="For TensorRT: build the engine here, or write its ONNX alone."
    ),
    click.option(
        "--workspace",
        type=click.IntRange(min=1),
        help="For TensorRT: most scratch memory of a layer in MiB.  [default: all there is]",
    ),
    click.option("--overwrite", is_flag=True, help="Replace the artifacts of an earlier export."),
    click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON."),
)
"""Options in the order of the help, but for those that commands explain differently."""


def making_options(command: Command) -> Command:
    """Give a command the options that all commands have that make artifacts."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def make(
    run: Callable[..., Sequence[Artifact]],
    model: Path,
    out: Path,
    *,
    precisions: tuple[Any, ...],
    limits: tuple[str, ...],
    output: str | None,
    workspace: int | None,
    as_json: bool,
    name: str | None,
    spec: Path | None,
    overwrite: bool,
    **options: Any,
) -> None:
    """Make artifacts and say which on standard output.

    Args:
        run: makes them, as :func:`landslip.export.making.export_model.export_model` does.
        model: file of the network.
        out: folder for the artifacts.
        precisions: number formats.
        limits: other limits of the gates.
        output: name or position of the output that is served.
        workspace: most scratch memory of a layer, MiB.
        as_json: print all about them.
        name: of the model.
        spec: SPEC.toml.
        overwrite: replace artifacts.
        options: of :class:`~landslip.export.folder.export_options.ExportOptions`.
    """
    from landslip.export.judging.limits import check_limited, gates_with  # noqa: PLC0415 - numpy, which the help does not need

    began = time.monotonic()
    scratch = None if workspace is None else workspace << 20
    gates = gates_with(limits)
    check_limited(limits, precisions)
    artifacts = run(
        model,
        out,
        precisions=precisions,
        name=name,
        spec=spec,
        output=_place(output),
        overwrite=overwrite,
        options=ExportOptions(gates=gates, workspace=scratch, **options),
    )
    _tell(artifacts, time.monotonic() - began)
    click.echo(_as_json(artifacts) if as_json else "\n".join(str(artifact.path) for artifact in artifacts))


def _place(output: str | None) -> str | int | None:
    """A position where it is a number, else a name."""
    return int(output) if output is not None and output.isdecimal() else output


def _tell(artifacts: Sequence[Artifact], seconds: float) -> None:
    peak = artifacts[-1].peak_rss_bytes
    memory = "" if peak is None else f", with at most {peak / 2**30:.2f} GiB of memory"
    made = f"{len(artifacts)} artifact{'s' * (len(artifacts) != 1)}"
    log.info("%s in %.1f minutes%s", made, seconds / 60, memory)


def _as_json(artifacts: Sequence[Artifact]) -> str:
    return json.dumps([artifact.as_json() for artifact in artifacts], indent=2)
