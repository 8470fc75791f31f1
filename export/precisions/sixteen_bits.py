"""Sums of two products in 16 bits, in which CPUs without VNNI add them up, and the proof that those of a graph fit.

An x86 CPU that has AVX2 or AVX-512 but no VNNI multiplies unsigned bytes with signed ones, adds up neighbouring
products in 16 bits and cuts off what does not fit (``vpmaddubsw``). Nothing tells of it: the map is wrong. Activations
reach 255: those on a grid of unsigned bytes do, images do, and engines shift signed ones by 128 first. What pads an
image is the zero point, which is one of the same 256 numbers. Which weights are neighbours is the engine's affair. So
the two largest weights of a filter must fit, and the two smallest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto

from landslip.export.precisions.surgery import Constants, attributes_of, constants_of

GREATEST_ACTIVATION = 255
"""Greatest number that an activation of 8 bits is multiplied as."""

_LAYERS = {
    "Conv": (0, 1, 0),
    "ConvTranspose": (0, 1, 1),
    "ConvInteger": (0, 1, 0),
    "QLinearConv": (0, 3, 0),
    "Gemm": (0, 1, 1),
    "MatMul": (0, 1, -1),
    "MatMulInteger": (0, 1, -1),
    "QLinearMatMul": (0, 3, -1),
}
"""Operators that multiply and add up: number of the input that is the activation and of that which is the weights, and
axis of the weights that filters lie along."""
_OF_INTEGERS = frozenset({"ConvInteger", "QLinearConv", "MatMulInteger", "QLinearMatMul"})
"""Operators among them that take integers as they are stored; others take what DequantizeLinear gives."""
_UNKNOWN = np.array([[-128, -128, 127, 127]])
"""Weights that stand for those a graph computes while it runs: nothing can be said of them."""


@dataclass(frozen=True)
class PairSum:
    """Extremes of the sums of two weights of one filter, over all filters of a layer."""

    layer: str
    """Name of the layer in the graph."""
    least: int
    """Least sum, at most 0."""
    greatest: int
    """Greatest sum, at least 0."""

    @property
    def fits(self) -> bool:
        """True where no activations make a sum of two products that 16 bits cannot hold."""
        held = np.iinfo(np.int16)
        return held.min <= GREATEST_ACTIVATION * self.least and GREATEST_ACTIVATION * self.greatest <= held.max


def pair_sums(graph: GraphProto) -> list[PairSum]:
    """Sums of two weights, for each layer of a graph that multiplies 8-bit integers, in the order of the graph."""
    constants = constants_of(graph)
    producers = {value: node for node in graph.node for value in node.output}
    found = []
    for node in graph.node:
        if node.op_type in _LAYERS and _takes_integers(node, producers):
            weights = _integers(node.input[_LAYERS[node.op_type][1]], producers, constants)
            found.append(_pair_sum(node.name, _UNKNOWN if weights is None else _by_filter(node, weights)))
    return found


def overflowing(graph: GraphProto) -> list[str]:
    """Names of the layers of a graph whose sums of two products may not fit into 16 bits."""
    return [each.layer for each in pair_sums(graph) if not each.fits]


def _pair_sum(layer: str, filters: NDArray[np.int64]) -> PairSum:
    """The extremes of one layer.

    Args:
        layer: its name.
        filters: (filters, weights).
    """
    # Activations may be 0 at any weight, so that a sum of two is at least 0, and at most 0 on the other side.
    ordered = np.partition(np.pad(filters, ((0, 0), (2, 2))), (1, -2), axis=1)
    least, greatest = ordered[:, :2].sum(axis=1).min(), ordered[:, -2:].sum(axis=1).max()
    return PairSum(layer, int(least), int(greatest))


def _takes_integers(node: NodeProto, producers: Mapping[str, NodeProto]) -> bool:
    if node.op_type in _OF_INTEGERS:
        return True
    taken = [producers.get(node.input[at]) for at in _LAYERS[node.op_type][:2]]
    return all(each is not None and each.op_type == "DequantizeLinear" for each in taken)


def _integers(value: str, producers: Mapping[str, NodeProto], constants: Constants) -> NDArray[np.int64] | None:
    """Weights as they are stored, or as quantising stores them; None where they are not constant."""
    node = producers.get(value)
    if node is None:
        stored = constants.get(value)
        return None if stored is None else stored.astype(np.int64)
    if node.op_type == "DequantizeLinear":
        return _integers(node.input[0], producers, constants)
    inputs = [constants.get(each) for each in node.input]
    if node.op_type != "QuantizeLinear" or any(each is None for each in inputs):
        return None
    return _quantised(node, [each for each in inputs if each is not None])


def _quantised(node: NodeProto, inputs: list[NDArray[Any]]) -> NDArray[np.int64]:
    """Integers that a node makes of constants: real numbers, scale, and a zero point where there is one."""
    real, scale, *rest = inputs
    zero_point = rest[0] if rest else np.zeros((), np.uint8)
    shape = [1] * real.ndim
    if scale.ndim == 1:
        shape[attributes_of(node).get("axis", 1)] = len(scale)
        scale, zero_point = scale.reshape(shape), np.broadcast_to(zero_point, len(scale)).reshape(shape)
    held = np.iinfo(zero_point.dtype)
    integers: NDArray[np.int64] = np.clip(np.rint(real / scale) + zero_point, held.min, held.max).astype(np.int64)
    return integers


def _by_filter(node: NodeProto, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Weights (filters, weights of the filter)."""
    axis = _LAYERS[node.op_type][2]
    if node.op_type == "Gemm" and attributes_of(node).get("transB", 0):
        axis = 0
    return np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
