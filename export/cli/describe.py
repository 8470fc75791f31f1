"""``landslip describe``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.runtime.cli.paths import PATH


@click.command()
@click.argument("model", metavar="NET", type=PATH)
def describe(model: Path) -> None:
    """Print a SPEC.toml to fill in for NET, the file of a network: ONNX of any origin, or Keras.

    What the file says is there: inputs and outputs by name, bands, sizes of tiles. What only people know is "?", with
    what to choose from behind it. Nothing of the network is run.
    """
    from landslip.export.proof.description_form import form_for  # noqa: PLC0415

    click.echo(form_for(model), nl=False)
