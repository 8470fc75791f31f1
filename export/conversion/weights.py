"""Reads the weights a served graph needs, each checked against the shape its layer will have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.export.conversion.fitting import Fitted
from landslip.export.hdf5.saved_model import SavedModel
from landslip.export.topology.layer_screen import SavedGraph
from landslip.runtime.errors import ModelError

Weights = dict[tuple[str, ...], dict[str, NDArray[np.float32]]]
"""Weights by layer and name, in the order in which Keras keeps them."""


def read_weights(fitted: Fitted, saved: SavedModel, declared: SavedGraph) -> Weights:
    """All weights of a network.

    Args:
        fitted: the network.
        saved: the open file.
        declared: all layers of the file.

    Raises:
        ModelError: one is missing, has another shape than its layer, or is not finite; or a layer is called on values
            that need weights of different shapes.
    """
    weights: Weights = {}
    read = saved.reader(declared)
    for node in fitted.topology.nodes:
        shapes = fitted.shapes.weights[node.name]
        if node.layer not in weights:
            weights[node.layer] = dict(zip(shapes, read(node.layer, shapes), strict=True))
        elif {name: array.shape for name, array in weights[node.layer].items()} != dict(shapes):
            raise ModelError(f"{saved.path}: layer {node.name!r} is called on inputs with different numbers of bands.")
    return weights
