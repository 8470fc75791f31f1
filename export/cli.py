"""``landslip export``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from landslip.export.choices import PRECISIONS, TARGETS
from landslip.runtime.errors import UsageError

if TYPE_CHECKING:
    from landslip.export.record import Artifact

_FILE = click.Path(path_type=Path)


@click.command(context_settings={"show_default": True})
@click.argument("model", type=_FILE)
@click.option("-o", "--out", type=_FILE, required=True, help="Folder for the artifacts.")
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    default=("fp32",),
    help="What the network computes in. Repeatable.",
)
@click.option("--target", type=click.Choice(TARGETS), default="onnx", help="Kind of file to make.")
@click.option("--name", help="Name of the model.  [default: its published name, or the stem of the file]")
@click.option("--overwrite", is_flag=True, help="Replace the artifacts of an earlier export.")
@click.option("--json", "as_json", is_flag=True, help="Print what was made as JSON.")
def export(model: Path, out: Path, precisions: tuple[Any, ...], target: str, as_json: bool, **options: Any) -> None:
    """Turn the Keras file MODEL (HDF5) into ONNX.

    Each artifact is compared with the Keras network before it gets its name, and has a JSON record beside it.
    """
    del target  # there is one so far, and click has checked it
    artifacts = _export_model()(model, out, precisions=tuple(dict.fromkeys(precisions)), **options)
    click.echo(_as_json(artifacts) if as_json else "\n".join(str(artifact.path) for artifact in artifacts))


def _export_model() -> Any:
    try:
        # Imported here: TensorFlow takes seconds, and the help needs none of it.
        from landslip.export.pipeline import export_model  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        raise UsageError(
            f"landslip export needs the package {error.name!r}, which is not installed. "
            "Install it with: pip install 'landslip[export]'"
        ) from error
    return export_model


def _as_json(artifacts: list[Artifact]) -> str:
    return json.dumps([artifact.as_json() for artifact in artifacts], indent=2)
