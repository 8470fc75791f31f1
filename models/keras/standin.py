"""Stand-in weights: the published topology and file format with random but well-behaved numbers.

The published file cannot be shipped, so everything that reads it is built and tested against such a stand-in. Random
weights alone would saturate: instead the batch norms take their statistics from a forward pass, as training would have
left them, and the last layer is scaled so that the confidence spreads over 0..1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from landslip.models.keras.batch_norms import fit_batch_norms
from landslip.models.keras.quiet_tensorflow import keras
from landslip.models.keras.tf115_hdf5 import NodeDef, write_tf115_hdf5
from landslip.models.keras.unet import build_unet

_LOGIT_SPREAD = 1.25
"""Standard deviation of the last layer's sum: two thirds of the pixels then lie between 0.22 and 0.78."""

_DAMPED = 0.1
"""Gain of a damped residual branch beside its shortcut. Random branches of full strength amplify rounding more than a
hundredfold on the way through the network, and the coarser steps of fp16 and INT8 likewise."""


def write_standin(
    path: Path,
    width: float = 1.0,
    seed: int = 0,
    optimizer_slots: bool = True,
    node_def: NodeDef = "protobuf",
    damped: bool = False,
) -> None:
    """Write a stand-in for the published weights file.

    Args:
        path: HDF5 file to write.
        width: factor on every channel count; 1 has the size of the published file.
        seed: of the weights.
        optimizer_slots: include Adam's moments, as the published file does.
        node_def: how raw ops are serialised.
        damped: see :func:`standin_model`.

    Raises:
        OutputError: the file cannot be written.
    """
    model = standin_model(width, seed, damped=damped)
    write_tf115_hdf5(model, path, optimizer_slots=optimizer_slots, node_def=node_def)


def standin_model(width: float = 1.0, seed: int = 0, *, damped: bool = False) -> Any:
    """The network of :func:`landslip.models.keras.unet.build_unet` (tile 224) with stand-in weights.

    Args:
        width: factor on every channel count.
        seed: of the weights.
        damped: let residual branches add little to their shortcuts. Such a network is as insensitive to the steps of
            fp16 and INT8 as a trained one; one of plain random weights is not.
    """
    keras.utils.set_random_seed(seed)  # dropout is drawn while the batch norms settle
    rng = np.random.default_rng(seed)
    model = build_unet(width)
    _randomise(model, rng, _DAMPED if damped else 1.0)
    batch = _calibration_batch(rng, model.input_shape[0][1])
    fit_batch_norms(model, batch)
    _spread_output(model, batch)
    return model


def _randomise(model: Any, rng: np.random.Generator, branch_gain: float) -> None:
    for layer in model.layers:
        shapes = [weight.shape for weight in layer.get_weights()]
        if isinstance(layer, keras.layers.Conv2D):
            kernel, bias = shapes
            # He et al. 2015: variance 2 / fan-in keeps the scale through ReLUs.
            layer.set_weights(
                [rng.normal(0.0, np.sqrt(2.0 / np.prod(kernel[:3])), kernel), rng.normal(0.0, 0.05, bias)]
            )
        elif isinstance(layer, keras.layers.BatchNormalization):
            gain = branch_gain if layer.name.endswith("_branch2c") else 1.0
            gamma, beta = gain * rng.uniform(0.6, 1.2, shapes[0]), rng.normal(0.0, 0.15, shapes[1])
            layer.set_weights([gamma, beta, np.zeros(shapes[2]), np.ones(shapes[3])])


def _spread_output(model: Any, batch: list[NDArray[np.float32]]) -> None:
    last = model.get_layer("prediction")
    kernel, bias = last.get_weights()
    features = keras.Model(model.inputs, last.input)(batch, training=False).numpy()
    sums = features @ kernel[0, 0]
    scale = _LOGIT_SPREAD / sums.std()
    last.set_weights([kernel * scale, np.full_like(bias, -sums.mean() * scale)])


def _calibration_batch(rng: np.random.Generator, tile: int) -> list[NDArray[np.float32]]:
    """Two tiles per input in -1..1, shaped (2, tile, tile, bands): one of pure noise, one of soft blobs."""
    return [np.stack([_blobs(rng, tile, bands, cell) for cell in (1, 16)]) for bands in (3, 3, 2)]


def _blobs(rng: np.random.Generator, tile: int, bands: int, cell: int) -> NDArray[np.float32]:
    coarse = rng.uniform(-1.0, 1.0, (tile // cell, tile // cell, bands))
    fine = np.kron(coarse, np.ones((cell, cell, 1))) + rng.normal(0.0, 0.05, (tile, tile, bands))
    return np.clip(fine, -1.0, 1.0).astype(np.float32)


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--width", type=float, default=1.0, show_default=True, help="Factor on every channel count.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the weights.")
@click.option("--adam/--no-adam", default=False, show_default=True, help="Include the optimiser's slots.")
@click.option("--damped", is_flag=True, help="Insensitive to coarse numbers, for fp16 and INT8.")
def main(out: Path, width: float, seed: int, adam: bool, damped: bool) -> None:
    """Write stand-in weights of the published topology to OUT (HDF5)."""
    write_standin(out, width, seed, optimizer_slots=adam, damped=damped)
    click.echo(out)


if __name__ == "__main__":
    main()
