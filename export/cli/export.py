"""``landslip export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from landslip.export.cli.adopt import adopting
from landslip.export.cli.making_options import make, making_options
from landslip.runtime.cli.paths import PATH
from landslip.runtime.system.extras import needs_extra


@click.command(context_settings={"show_default": True})
@click.argument("model", type=PATH)
@making_options
@click.option("--spec", type=PATH, help="SPEC.toml that describes a network other than the published one.")
@click.option("--name", help="Name of the model.  [default: its published name, or the stem of the file]")
def export(model: Path, out: Path, **options: Any) -> None:
    """Turn the Keras file MODEL (.keras or HDF5) into ONNX.

    Each artifact is compared with the network before it gets its name, and has a JSON record beside it. Reference
    tiles are kept beside them, with which landslip verify proves the artifacts on another machine. An ONNX file of
    another program is taken too, as landslip adopt does.
    """
    run = adopting("landslip export") if model.suffix.lower() == ".onnx" else _export_model()
    make(run, model, out, **options)


def _export_model() -> Any:
    with needs_extra("landslip export", "export"):
        # Imported here: TensorFlow takes seconds, and the help needs none of it.
        from landslip.export.making.export_model import export_model  # noqa: PLC0415
    return export_model
