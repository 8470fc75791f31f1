"""The order in which Keras keeps, stores and loads the weights of a model that is used as a layer.

Keras loads by order and not by name: first all weights of its layers that are trained, then the others. Names can
differ from those of the layers: TensorFlow 1 gave each weight a name of its own in the whole process, so that those of
a model that was built a second time are called ``conv_1/kernel:0`` where its layer is called ``conv``.
"""

from __future__ import annotations

from collections.abc import Mapping

from landslip.export.layers.known_layers import KINDS, TRANSPARENT
from landslip.export.layers.layer_kind import Shape
from landslip.export.topology.layer_screen import SavedGraph, SavedLayer

Paths = tuple[tuple[str, ...], ...]
"""Layers inside a model: each by the names of the models it lies in there, and its own."""

_NOT_TRAINED = frozenset({"mean", "moving_mean", "moving_variance", "variance"})
_ANY: Shape = (1, 1, 1)
"""A shape of images; the names of weights do not depend on it."""


def weight_orders(graph: SavedGraph) -> Mapping[str, Paths]:
    """The layers that have weights in each model that is used as a layer, in the order of their first weights.

    Args:
        graph: the outermost model.

    Returns:
        By the name of the model; without those that hold a layer whose weights are not known.
    """
    models = {name: layer for name, layer in graph.layers.items() if layer.model is not None}
    orders: dict[str, Paths] = {}
    for name, model in models.items():
        try:
            trained, others = _of(model, ())
        except (ValueError, TypeError, KeyError):
            continue
        orders[name] = tuple(dict.fromkeys([path[1:] for path in (*trained, *others)]))
    return orders


def holds_weights(layer: SavedLayer) -> bool:
    """Tell whether a layer, or one inside it, has weights; True where it is not known."""
    try:
        return any(_of(layer, ()))
    except (ValueError, TypeError, KeyError):
        return True


def _of(layer: SavedLayer, outside: tuple[str, ...]) -> tuple[Paths, Paths]:
    """The layer of each weight: of those that are trained, and of the others.

    Raises:
        ValueError, TypeError, KeyError: it is not known which weights there are.
    """
    path = (*outside, layer.name)
    if layer.model is not None:
        parts = [_of(inner, path) for inner in layer.model.layers.values()]
        trained: Paths = tuple(each for part in parts for each in part[0])
        others: Paths = tuple(each for part in parts for each in part[1])
    else:
        names = _names(layer)
        trained = tuple(path for name in names if name not in _NOT_TRAINED)
        others = tuple(path for name in names if name in _NOT_TRAINED)
    return (trained, others) if layer.options.get("trainable", True) else ((), trained + others)


def _names(layer: SavedLayer) -> list[str]:
    if layer.function is not None or layer.kind in TRANSPARENT or layer.kind == "InputLayer":
        return []
    kind = KINDS[layer.kind]
    return list(kind.weights(kind.read(layer.options), _ANY))
