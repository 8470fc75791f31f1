"""Reads the weights a served graph needs, each checked against the shape its layer will have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from landslip.export.conversion.fitting import Fitted
from landslip.export.hdf5.model_file import SavedModel
from landslip.export.topology.weight_order import Paths
from landslip.runtime.errors import ModelError

Weights = dict[tuple[str, ...], dict[str, NDArray[np.float32]]]
"""Weights by layer and name, in the order in which Keras keeps them."""


def read_weights(fitted: Fitted, saved: SavedModel, orders: Mapping[str, Paths]) -> Weights:
    """All weights of a network.

    Args:
        fitted: the network.
        saved: the open file.
        orders: see :func:`landslip.export.topology.weight_order.weight_orders`.

    Raises:
        ModelError: one is missing, has another shape than its layer, or is not finite; or a layer is called on values
            that need weights of different shapes.
    """
    weights: Weights = {}
    for node in fitted.topology.nodes:
        shapes = fitted.shapes.weights[node.name]
        if node.layer not in weights:
            values = saved.weights(node.layer, shapes, orders.get(node.layer[0])) if shapes else []
            weights[node.layer] = dict(zip(shapes, values, strict=True))
        elif {name: array.shape for name, array in weights[node.layer].items()} != dict(shapes):
            raise ModelError(f"{saved.path}: layer {node.name!r} is called on inputs with different numbers of bands.")
    return weights
