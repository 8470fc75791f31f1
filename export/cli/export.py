"""``landslip export``."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landslip.export.folder.export_options import PRECISIONS, RUN_PRECISIONS, TARGETS, ExportOptions
from landslip.runtime.cli.paths import PATH
from landslip.runtime.system.extras import needs_extra

if TYPE_CHECKING:
    from landslip.export.folder.artifacts import Artifact

    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # generic from click 8.2 on

log = logging.getLogger(__name__)


class _Precision(_Choice):
    """A precision of an artifact; says what to do about those that only a run has."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in RUN_PRECISIONS:
            self.fail(RUN_PRECISIONS[value], param, ctx)
        return super().convert(value, param, ctx)


@click.command(context_settings={"show_default": True})
@click.argument("model", type=PATH)
@click.option("-o", "--out", type=PATH, required=True, help="Folder for the artifacts.")
@click.option(
    "--precision",
    "precisions",
    type=_Precision(PRECISIONS),
    multiple=True,
    default=("fp32",),
    help="What the network computes in. Repeatable.",
)
@click.option(
    "--target",
    "targets",
    type=click.Choice(TARGETS),
    multiple=True,
    default=("onnx",),
    help="What is to run it. Repeatable; onnx is ONNX Runtime. Only int8 needs a file for each.",
)
@click.option("--calibrate", type=PATH, help="Scene (SCENE.toml, or STAC) to calibrate on.  [default: made-up ones]")
@click.option("--limit", "limits", multiple=True, help="Another limit of the gate, such as int8:iou=0.99. Repeatable.")
@click.option("--reduced-range", is_flag=True, help="7-bit weights in int8, for CPUs without VNNI.")
@click.option("--output", help="Name or position of the network's output to serve.  [default: the first]")
@click.option("--spec", type=PATH, help="SPEC.toml that describes a network other than the published one.")
@click.option("--name", help="Name of the model.  [default: its published name, or the stem of the file]")
@click.option("--build/--no-build", default=True, help="For TensorRT: build the engine here, or write its ONNX alone.")
@click.option(
    "--workspace",
    type=click.IntRange(min=1),
    help="For TensorRT: most scratch memory of a layer in MiB.  [default: all there is]",
)
@click.option("--overwrite", is_flag=True, help="Replace the artifacts of an earlier export.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def export(
    model: Path,
    out: Path,
    precisions: tuple[Any, ...],
    targets: tuple[Any, ...],
    limits: tuple[str, ...],
    output: str | None,
    name: str | None,
    spec: Path | None,
    workspace: int | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Turn the Keras file MODEL (.keras or HDF5) into ONNX.

    Each artifact is compared with the Keras network before it gets its name, and has a JSON record beside it. Reference
    tiles are kept beside them, with which landslip verify proves the artifacts on another machine.
    """
    from landslip.export.judging.limits import check_limited, gates_with  # noqa: PLC0415 - numpy, which the help does not need

    began = time.monotonic()
    scratch = None if workspace is None else workspace << 20
    gates = gates_with(limits)
    check_limited(limits, precisions)
    export_options = ExportOptions(targets=targets, gates=gates, workspace=scratch, **options)
    artifacts = _export_model()(
        model,
        out,
        precisions=precisions,
        name=name,
        spec=spec,
        output=_place(output),
        overwrite=overwrite,
        options=export_options,
    )
    _tell(artifacts, time.monotonic() - began)
    click.echo(_as_json(artifacts) if as_json else "\n".join(str(artifact.path) for artifact in artifacts))


def _export_model() -> Any:
    with needs_extra("landslip export", "export"):
        # Imported here: TensorFlow takes seconds, and the help needs none of it.
        from landslip.export.making.export_model import export_model  # noqa: PLC0415
    return export_model


def _place(output: str | None) -> str | int | None:
    """A position where it is a number, else a name."""
    return int(output) if output is not None and output.isdecimal() else output


def _tell(artifacts: list[Artifact], seconds: float) -> None:
    peak = artifacts[-1].peak_rss_bytes
    memory = "" if peak is None else f", with at most {peak / 2**30:.2f} GiB of memory"
    made = f"{len(artifacts)} artifact{'s' * (len(artifacts) != 1)}"
    log.info("%s in %.1f minutes%s", made, seconds / 60, memory)


def _as_json(artifacts: list[Artifact]) -> str:
    return json.dumps([artifact.as_json() for artifact in artifacts], indent=2)
