"""``landslip adopt``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from landslip.export.cli.making_options import make, making_options
from landslip.runtime.cli.paths import PATH
from landslip.runtime.system.extras import needs_extra


@click.command(context_settings={"show_default": True})
@click.argument("model", metavar="NET.onnx", type=PATH)
@making_options
@click.option("--spec", type=PATH, required=True, help="SPEC.toml that says which bands feed it, and what it gives.")
@click.option("--name", help="Name of the model.  [default: that in the description, or the stem of the file]")
def adopt(model: Path, out: Path, **options: Any) -> None:
    """Take an ONNX network of PyTorch, TensorFlow or another program.

    It gets inputs in raw values and an output of confidences, and each artifact is compared with the file itself, run
    by ONNX Runtime, before it gets its name. Nothing of it is changed; TensorFlow is not needed.
    """
    make(adopting("landslip adopt"), model, out, **options)


def adopting(what: str) -> Any:
    """The function that adopts networks.

    Args:
        what: command that asks for it.

    Raises:
        UsageError: the extra is not installed.
    """
    with needs_extra(what, "adopt"):
        # Imported here: the help needs none of it.
        from landslip.export.making.adopted_model import adopt_model  # noqa: PLC0415
    return adopt_model
