"""Makes the judge: the published network at full width with weights that mean something; needs the export extra.

``python -m landslip.models.training.judge FILE``. Random weights put half of their confidences near one half, where
every rounding shows, and a narrow network has other convolutions than the published one. So the demo model is widened
without changing what it says, shaken until the copies of a channel differ, and trained on: what fp16 and INT8 do to
that network is what they do to a trained one. It judges; nobody maps with it. docs/decisions/judge.md has the figures.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from landslip.models.training.trainer import Trained, TrainingOptions, train
from landslip.models.training.training_tiles import TrainingBatch
from landslip.runtime.cli.paths import PATH
from landslip.runtime.errors import ParityError

log = logging.getLogger(__name__)

NARROW = Path(__file__).parents[1] / "demo_data" / "demo.hdf5"
"""Keras file of the demo model."""

_SHAKEN = 0.5
"""Standard deviation of the noise on each weight, as a share of it. The copies of a channel share its work, so that
rounding errors of copies that stayed alike would cancel out, and every precision would seem better than it is."""

DEMO_MCC = 0.910
"""MCC of the demo model over the validation scenes, as its model card says."""

USUAL = TrainingOptions(width=1.0, scenes=24, tile=96, batch=4, steps=900, rate=1e-4, averaged=0.98, validate_every=75)
"""Course of the training: some hundred small steps, as the network has learnt already. Each is of few tiles, and so
pulls the weights about: their mean over some fifty steps maps better than those of any one."""


def start_wide(wide: Any, shown: TrainingBatch, seed: int) -> None:
    """Give a wide network the weights of the demo model, widened and shaken.

    Args:
        wide: a ``tf_keras.Model`` of the published topology.
        shown: tiles whose statistics its batch norms get, as those of the demo model do not hold for shaken weights.
        seed: of how channels are copied, and of the noise.
    """
    from landslip.models.keras.batch_norms import fit_batch_norms  # noqa: PLC0415
    from landslip.models.keras.quiet_tensorflow import keras  # noqa: PLC0415
    from landslip.models.keras.unet import build_unet  # noqa: PLC0415 - an import of seconds
    from landslip.models.training.widening import widen  # noqa: PLC0415

    rng = np.random.default_rng(seed)
    narrow = build_unet(0.125)
    narrow.load_weights(NARROW, by_name=True)
    widen(narrow, wide, rng)
    for layer in wide.layers:
        if layer.__class__.__name__ == "Conv2D":
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel * rng.normal(1.0, _SHAKEN, kernel.shape).astype(np.float32), bias])
    keras.utils.set_random_seed(seed)  # dropout is drawn while the batch norms settle
    fit_batch_norms(wide, shown.images)


def make_judge(path: Path, options: TrainingOptions = USUAL) -> Trained:
    """Train the judge and write it as a Keras file of the published dialect.

    Args:
        path: HDF5 file to write.
        options: how to train.

    Returns:
        What was trained: the state after the steps that map the validation scenes best.

    Raises:
        ParityError: it maps them worse than the demo model does.
        OutputError: the file cannot be written.
    """
    from landslip.models.keras.tf115_hdf5 import write_tf115_hdf5  # noqa: PLC0415

    trained = train(options, partial(start_wide, seed=options.seed))
    if trained.validation_mcc < DEMO_MCC:
        raise ParityError(
            f"The judge maps the validation scenes with an MCC of {trained.validation_mcc:.3f}, the demo model with "
            f"{DEMO_MCC:.3f}.",
            "Train it longer: --steps.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_tf115_hdf5(trained.model, path, optimizer_slots=True)
    return trained


@click.command(context_settings={"show_default": True})
@click.argument("out", type=PATH)
@click.option("--seed", type=int, default=USUAL.seed, help="Of the copies, the noise and the choice of tiles.")
@click.option("--steps", type=click.IntRange(min=1), default=USUAL.steps, help="Steps of gradient descent.")
@click.option("--minutes", type=float, default=USUAL.minutes, help="End earlier after this wall time.")
def main(out: Path, seed: int, steps: int, minutes: float) -> None:
    """Make the judge of precisions: the published network at full width, trained on generated events, in OUT (HDF5)."""
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("landslip").setLevel(logging.INFO)
    judge = make_judge(out, replace(USUAL, seed=seed, steps=steps, minutes=minutes))
    click.echo(f"{out}: validation MCC {judge.validation_mcc:.3f} after step {judge.kept_at} of {judge.steps}")


if __name__ == "__main__":
    main()
