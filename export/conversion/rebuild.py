"""Builds the Keras network of a checked topology, layer by layer.

No saved config reaches a Keras loader: each layer is made here from checked arguments, after its stored weights were
found to have the shape the layer will have.
"""

from __future__ import annotations

from typing import Any, Literal

from landslip.export.conversion.convertible import convertible
from landslip.export.conversion.fitting import Fitted
from landslip.export.conversion.graph_interface import unique
from landslip.export.conversion.tensorflow_errors import told
from landslip.export.conversion.weights import Weights
from landslip.export.layers.known_layers import OPERATIONS, REBUILT
from landslip.export.topology.topology import Node
from landslip.models.keras.quiet_tensorflow import keras


def rebuild(
    fitted: Fitted, weights: Weights, *, reference: bool = False, dtype: Literal["float32", "float64"] | None = None
) -> Any:
    """The served network with its weights.

    Args:
        fitted: what to build.
        weights: of all its layers.
        reference: compute by Keras's own layers; otherwise by layers that convert well.
        dtype: what to compute in; by default a reference in float64, and what is converted in float32.

    Returns:
        A ``tf_keras.Model`` from a list of its inputs, scaled and with the bands last, to the served output.

    Raises:
        ModelError: Keras refuses a layer, or the network takes too much memory.
    """
    builder = _Builder(fitted, weights, reference=reference, dtype=dtype or ("float64" if reference else "float32"))
    tensors: dict[str, Any] = {}
    for node in fitted.topology.nodes:
        tensors[node.name] = builder.called(node, [tensors[name] for name in node.inputs])
    inputs = [tensors[name] for name in fitted.topology.inputs]
    with told("Building the Keras network"):
        return keras.Model(inputs, tensors[fitted.topology.output], name="served")


class _Builder:
    """Makes each layer once, however often it is called."""

    def __init__(self, fitted: Fitted, weights: Weights, *, reference: bool, dtype: str) -> None:
        self._inputs = fitted.inputs
        self._weights = weights
        self._reference = reference
        self._dtype = dtype
        self._made: dict[tuple[str, ...], Any] = {}
        self._taken: set[str] = set()

    def called(self, node: Node, inputs: list[Any]) -> Any:
        """The result of a node."""
        if node.kind == "InputLayer":
            name = unique(node.name, self._taken)
            return keras.Input(self._inputs[node.name], name=name, dtype=self._dtype)
        first = node.layer not in self._made
        with told(f"Making the Keras layer {node.name!r} ({node.kind})"):
            layer = self._layer(node) if first else self._made[node.layer]
            result = layer(inputs if len(inputs) > 1 else inputs[0])
            if first and not REBUILT[node.kind].weights_are_arguments:
                layer.set_weights(list(self._weights[node.layer].values()))
        self._made[node.layer] = layer
        return result

    def _layer(self, node: Node) -> Any:
        kind = REBUILT[node.kind]
        given = dict.fromkeys(kind.initializers, "zeros")
        arguments = self._weights[node.layer] if kind.weights_are_arguments else {}
        name = unique("/".join(node.layer), self._taken)
        options = {"name": name, "dtype": self._dtype, **given, **arguments, **node.options}
        if self._reference and node.kind not in OPERATIONS:
            return getattr(keras.layers, node.kind)(**options)
        return convertible(node.kind, options)
