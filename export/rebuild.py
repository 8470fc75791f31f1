"""Builds the Keras network of a checked topology, layer by layer, and loads its weights by layer name.

No saved config reaches a Keras loader: each layer is made here from checked arguments, after its stored weights were
found to have the shape the layer will have.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from landslip.export.hdf5 import SavedModel
from landslip.export.topology import Node, Topology
from landslip.models.quiet_tensorflow import keras
from landslip.runtime.errors import ModelError

_INPUT_BANDS = (3, 3, 2)
"""Bands of the published inputs: before, after, and [hillshade, slope]."""


def rebuild(topology: Topology, saved: SavedModel, dtype: str = "float32") -> Any:
    """The served network with its weights, for tiles of any size.

    Args:
        topology: what to build.
        saved: the open file that holds the weights.
        dtype: what it computes in: float32, or float64 for a reference.

    Returns:
        A ``tf_keras.Model`` from [(N, H, W, 3), (N, H, W, 3), (N, H, W, 2)] to (N, H, W, 1), scaled inputs.

    Raises:
        ModelError: inputs, output or weights are not those of the published network.
    """
    _check_inputs(topology, saved)
    tensors: dict[str, Any] = {}
    for node in topology.nodes:
        tensors[node.name] = _called(node, [tensors[name] for name in node.inputs], saved, dtype)
    output = tensors[topology.output]
    if output.shape[-1] != 1:
        raise ModelError(f"{saved.path}: output {topology.output!r} has {output.shape[-1]} bands; one is expected.")
    return keras.Model([tensors[name] for name in topology.inputs], output, name="served")


def _check_inputs(topology: Topology, saved: SavedModel) -> None:
    bands = {node.name: node.options["bands"] for node in topology.nodes if node.kind == "InputLayer"}
    found = tuple(bands[name] for name in topology.inputs)
    if found != _INPUT_BANDS:
        raise ModelError(
            f"{saved.path}: its inputs have {found} bands; the published network takes {_INPUT_BANDS} "
            "(image before, image after, hillshade and slope)."
        )


def _called(node: Node, inputs: list[Any], saved: SavedModel, dtype: str) -> Any:
    if node.kind == "InputLayer":
        return keras.Input((None, None, node.options["bands"]), name=node.name, dtype=dtype)
    shapes = _weight_shapes(node, int(inputs[0].shape[-1]))
    weights = saved.weights(node.name, shapes) if shapes else []
    try:
        layer = _LAYERS[node.kind](name=node.name, dtype=dtype, **node.options)
        result = layer(inputs if len(inputs) > 1 else inputs[0])
    except ValueError as error:
        raise ModelError(f"{saved.path}: layer {node.name!r} does not fit what feeds it: {error}") from error
    if weights:
        layer.set_weights(weights)
    return result


def _weight_shapes(node: Node, bands: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of each weight, in the order in which Keras keeps them."""
    options = node.options
    if node.kind == "Conv2D":
        kernel = {"kernel": (*options["kernel_size"], bands, options["filters"])}
        return {**kernel, "bias": (options["filters"],)} if options["use_bias"] else kernel
    if node.kind == "BatchNormalization":
        learnt = [name for name, flag in (("gamma", "scale"), ("beta", "center")) if options[flag]]
        return dict.fromkeys([*learnt, "moving_mean", "moving_variance"], (bands,))
    return {}


_LAYERS: dict[str, Callable[..., Any]] = {
    "Activation": keras.layers.Activation,
    "Add": keras.layers.Add,
    "BatchNormalization": keras.layers.BatchNormalization,
    "Concatenate": keras.layers.Concatenate,
    # Zeros are the cheapest start; the weights are set right after.
    "Conv2D": partial(keras.layers.Conv2D, kernel_initializer="zeros"),
    "MaxPooling2D": keras.layers.MaxPooling2D,
    "ReLU": keras.layers.ReLU,
    "UpSampling2D": keras.layers.UpSampling2D,
    "ZeroPadding2D": keras.layers.ZeroPadding2D,
}
