"""Widening of a network: more channels everywhere, and the same function.

A channel of the narrow network becomes several of the wide one, which are copies of it as long as nothing is trained.
What follows takes a weighted mean of the copies instead of the channel, with weights of its own for each of its
filters, so that copies learn different things from the first step on. After Chen, Goodfellow & Shlens, "Net2Net:
Accelerating Learning via Knowledge Transfer", ICLR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.models.keras.quiet_tensorflow import keras

Channels = NDArray[np.intp]
"""(channels of the wide network,): of which channel of the narrow one each is a copy."""

_LEAST_SHARE = 0.25
"""Least weight of a copy beside the greatest: smaller ones would leave channels that nobody listens to."""


def widen(narrow: Any, wide: Any, rng: np.random.Generator) -> None:
    """Give a wide network weights with which it computes what a narrow one computes.

    Args:
        narrow: a ``tf_keras.Model`` of convolutions, batch norms, and layers that treat channels alike.
        wide: the same topology with as many channels or more; its weights are replaced.
        rng: draws how the copies of a channel share its work.

    Raises:
        ValueError: the networks are not of the same topology.
    """
    if [layer.name for layer in narrow.layers] != [layer.name for layer in wide.layers]:
        raise ValueError("The two networks have other layers.")
    origins: dict[str, Channels] = {}
    for small, large in zip(narrow.layers, wide.layers, strict=True):
        taken = [origins[name] for name in _sources(large)]
        origins[large.name] = _widened(small, large, taken, rng)


def copies(narrow: int, wide: int) -> Channels:
    """Channels of a narrow layer that the channels of a wide one are copies of: evenly, in order.

    Raises:
        ValueError: the wide layer has fewer.
    """
    if wide < narrow:
        raise ValueError(f"A layer of {narrow} channels cannot be widened to {wide}.")
    return np.arange(wide) * narrow // wide


def shares(origin: Channels, filters: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Weights (channels, filters) with which filters take the copies of channels: those of each channel add up to 1."""
    drawn = rng.uniform(_LEAST_SHARE, 1.0, (len(origin), filters))
    totals = np.zeros((origin.max() + 1, filters))
    np.add.at(totals, origin, drawn)
    return np.asarray(drawn / totals[origin])


def likeness(narrow: Any, wide: Any, images: Sequence[NDArray[np.float32]]) -> float:
    """Mean correlation between channels of a wide network that began as copies of one: 1 while they are copies.

    Args:
        narrow: network that was widened.
        wide: network made of it by :func:`widen`, and changed since.
        images: inputs of ``wide``, over whose pixels the outputs of each convolution are compared.
    """
    names = [layer.name for layer in narrow.layers if isinstance(layer, keras.layers.Conv2D)]
    outputs = keras.Model(wide.inputs, [wide.get_layer(name).output for name in names])(list(images))
    found: list[NDArray[np.float64]] = []
    for name, output in zip(names, outputs, strict=True):
        origin = copies(narrow.get_layer(name).filters, output.shape[-1])
        pairs = np.triu(origin[:, None] == origin, 1)
        channels = output.numpy().reshape(-1, output.shape[-1])
        moving = channels.std(axis=0) > 0
        pairs &= moving & moving[:, None]
        if pairs.any():
            with np.errstate(invalid="ignore", divide="ignore"):  # channels that are the same everywhere
                found.append(np.corrcoef(channels, rowvar=False)[pairs])
    return float(np.concatenate(found).mean())


def _widened(small: Any, large: Any, taken: Sequence[Channels], rng: np.random.Generator) -> Channels:
    """Set the weights of a layer; which channels its output copies."""
    if isinstance(large, keras.layers.InputLayer):
        return np.arange(large.output_shape[0][-1])
    if isinstance(large, keras.layers.Concatenate):
        return _joined(small, taken)
    if isinstance(large, keras.layers.Conv2D):
        return _widen_convolution(small, large, taken[0], rng)
    if isinstance(large, keras.layers.BatchNormalization):
        large.set_weights([values[taken[0]] for values in small.get_weights()])
    elif large.get_weights():
        raise ValueError(f"Nobody knows how to widen {large.name}.")
    return taken[0]


def _joined(small: Any, taken: Sequence[Channels]) -> Channels:
    counts = [shape[-1] for shape in small.input_shape]
    starts = np.cumsum([0, *counts[:-1]])
    return np.concatenate([start + each for start, each in zip(starts, taken, strict=True)])


def _widen_convolution(small: Any, large: Any, taken: Channels, rng: np.random.Generator) -> Channels:
    kernel, bias = small.get_weights()
    origin = copies(len(bias), large.filters)
    weights = kernel[:, :, taken][:, :, :, origin] * shares(taken, large.filters, rng)
    large.set_weights([weights.astype(np.float32), bias[origin]])
    return origin


def _sources(layer: Any) -> list[str]:
    """Names of the layers that feed one."""
    (node,) = layer.inbound_nodes[:1]
    return [tensor.node.layer.name for tensor in node.keras_inputs] if node.keras_inputs else []
