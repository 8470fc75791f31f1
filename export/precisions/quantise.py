"""The INT8 graphs: QuantizeLinear and DequantizeLinear around convolutions, placed as each backend wants them.

Convolutions are all that is quantised: they are where the time goes. Sums, and what is joined or enlarged, stay in
fp32 between them, which keeps the error of a residual network at two thirds. One graph for each backend, because

- ONNX Runtime computes a convolution in integers only if its output and its bias are quantised as well;
- OpenVINO needs the inputs alone, and only unsigned ones: with signed ones it gave wrong sums behind Concat (2025.4 and
  2026.4);
- TensorRT computes with zero points of 0 alone, and wants the weights behind a pair of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, helper

from landslip.export.precisions.integer_layers import (
    BETWEEN,
    FILTER_AXES,
    IntegerLayers,
    convolutions,
    images_of,
    integer_layers,
    seen_together,
)
from landslip.export.precisions.integer_scales import (
    BYTES,
    IntegerScale,
    Range,
    diffused,
    filter_scales,
    symmetric_scale,
    unsigned_scale,
)
from landslip.export.precisions.raw_images import balanced, stored_bytes
from landslip.export.precisions.surgery import Constants, constants_of, labelled, rebuilt, users_of

FULL, REDUCED = 127, 63
"""Largest weight, of 8 and of 7 bits. CPUs without VNNI add up two products in 16 bits, where 2 * 255 * 63 fits and
2 * 255 * 127 does not (see :mod:`landslip.export.precisions.sixteen_bits`)."""


@dataclass(frozen=True)
class Scheme:
    """Way to quantise a graph for a backend."""

    target: str
    """Name of the backend."""
    signed: bool = False
    """Activations are ``int8`` with a zero point of 0, instead of ``uint8``."""
    outputs: bool = False
    """The outputs of convolutions are quantised too."""
    biases: bool = False
    """Biases are integers of 32 bits."""
    pairs: bool = False
    """Weights stay float, behind QuantizeLinear and DequantizeLinear; elsewhere they are stored as integers."""
    kinds: tuple[str, ...] = ("Conv",)
    """Kinds of convolutions that are quantised."""
    between: frozenset[str] = frozenset()
    """Kinds of other nodes that are computed in integers, where a convolution in integers is before them."""
    largest: int = FULL
    """Largest weight, :data:`FULL` or :data:`REDUCED`. Layers of bytes get reduced ones anyway: bytes and the band
    of 255 beside them are large where an image is bright."""

    @property
    def name(self) -> str:
        """Word for the extent of what is quantised."""
        return "everything" if self.between else "convolutions"


SCHEMES = {
    scheme.target: scheme
    for scheme in (
        Scheme("onnx", outputs=True, biases=True),
        Scheme("openvino", kinds=("Conv", "ConvTranspose")),
        Scheme("tensorrt", signed=True, pairs=True),
    )
}
"""Schemes by target that quantise convolutions alone."""

EVERYTHING = {
    target: replace(SCHEMES[target], outputs=True, between=BETWEEN, largest=REDUCED) for target in ("onnx", "openvino")
}
"""Schemes by target that quantise what is between the convolutions as well: the fastest ones of CPUs, with or without
VNNI."""


def rectified(graph: GraphProto, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Ranges without what cannot matter, which makes the steps of the rest finer.

    Where two values are added and a ReLU follows, one of them needs no steps below minus the greatest value of the
    other: the ReLU gives 0 there whatever they are.
    """
    users = users_of(graph)
    result = dict(ranges)
    for node in graph.node:
        if node.op_type != "Add" or [user.op_type for user in users.get(node.output[0], ())] != ["Relu"]:
            continue
        for value, other in (tuple(node.input), tuple(reversed(node.input))):
            if value in ranges and other in ranges and len(users[value]) == 1:
                low, high = ranges[value]
                result[value] = max(low, -max(0.0, ranges[other][1])), high
    return result


def quantised(
    model: ModelProto,
    ranges: Mapping[str, Range],
    scheme: Scheme,
    kept: Collection[str] = (),
) -> ModelProto:
    """A copy of an fp32 model with 8-bit layers.

    Args:
        model: in fp32.
        ranges: of the activations that :func:`observed` names.
        scheme: how the backend wants it.
        kept: names of convolutions that stay in float.
    """
    chosen = {node.name for node in convolutions(model.graph, scheme.kinds)} - set(kept)
    layers = integer_layers(model.graph, chosen, scheme.between, outputs=scheme.outputs)
    placing = _Placing(model.graph, rectified(model.graph, ranges), scheme, layers)
    for node in model.graph.node:
        placing.add(node)
    return labelled(rebuilt(model, placing.nodes, placing.constants), "int8", scheme.target)


class _Placing:
    """Places the nodes of a graph again, one after the other, with what quantises between them."""

    def __init__(self, graph: GraphProto, ranges: Mapping[str, Range], scheme: Scheme, layers: IntegerLayers) -> None:
        self.nodes: list[NodeProto] = []
        """The nodes so far."""
        self.constants: Constants = {}
        """Constants that the new nodes need."""
        self._constants, self._bytes = constants_of(graph), stored_bytes(graph)
        self._done: set[str] = set()
        self._layers, self._ranges, self._scheme = layers, ranges, scheme

    def add(self, node: NodeProto) -> None:
        """Place a node behind what quantises its inputs, and before what quantises its output."""
        new = NodeProto()
        new.CopyFrom(node)
        stored, between = self._layers.stored, node.name in self._layers.between
        images = node.input[: images_of(node)] if between else ()
        new.input[:] = [self._quantised(value) if value in stored or value in images else value for value in node.input]
        if node.name in self._layers.convolutions:
            self._feed(new, node)
        self.nodes.append(new)

    def _feed(self, new: NodeProto, node: NodeProto) -> None:
        """Give a convolution quantised inputs."""
        activation, filters, *rest = node.input
        new.input[0] = self._quantised(activation)
        weights = np.moveaxis(self._constants[filters], FILTER_AXES[node.op_type], 0)
        bias = self._constants.get(rest[0]) if rest else None
        of_bytes = activation in self._bytes
        largest = REDUCED if of_bytes else self._scheme.largest
        step = float(self._integer_scale(activation).scale)
        scales = filter_scales(weights, largest, bias if self._scheme.biases else None, step)
        integers = _rounded(node, weights, scales, largest)
        new.input[1] = self._filters(node, integers, scales)
        if bias is None:
            return
        if of_bytes:
            bias = balanced(bias, weights - integers * scales[:, None, None, None])
        if self._scheme.biases:
            new.input[2] = self._bias(node.name, bias, np.float32(step) * scales)
        elif of_bytes:
            new.input[2] = f"{node.name}/balanced_bias"
            self.constants[new.input[2]] = bias

    def _quantised(self, value: str) -> str:
        """An activation on its grid, as the nodes see it that take it from there."""
        name = f"{value}/dequantised"
        if name not in self._done:
            self._done.add(name)
            grid = self._layers.grids.get(value, value)
            scale = self._integer_scale(value)
            parameters = [f"{grid}/scale", f"{grid}/zero_point"]
            self.constants |= dict(zip(parameters, (np.asarray(scale.scale), scale.zero_point), strict=True))
            stored = self._bytes.get(value)
            if stored is None:
                stored = f"{value}/quantised"
                self._append("QuantizeLinear", [value, *parameters], stored)
            self._append("DequantizeLinear", [stored, *parameters], name)
        return name

    def _integer_scale(self, value: str) -> IntegerScale:
        if value in self._bytes:
            return BYTES
        grid = self._layers.grids.get(value, value)
        return (symmetric_scale if self._scheme.signed else unsigned_scale)(self._ranges[grid])

    def _filters(self, node: NodeProto, integers: NDArray[np.int8], scales: NDArray[np.float32]) -> str:
        """Integers (filters, bands, rows, cols) on their grids, with their filters where the convolution wants them."""
        layer, axis = node.name, FILTER_AXES[node.op_type]
        integers = np.ascontiguousarray(np.moveaxis(integers, 0, axis))
        parameters = [f"{layer}/filter_scales", f"{layer}/filter_zero_points"]
        self.constants |= dict(zip(parameters, (scales, np.zeros(len(scales), np.int8)), strict=True))
        stored, name = f"{layer}/on_grid", f"{layer}/on_grid/dequantised"
        if self._scheme.pairs:
            # On the grid already, so that quantising gives back these very integers.
            self.constants[stored] = integers.astype(np.float32) * np.expand_dims(scales, _others(axis))
            self._append("QuantizeLinear", [stored, *parameters], f"{stored}/quantised", axis=axis)
            stored = f"{stored}/quantised"
        else:
            self.constants[stored] = integers
        self._append("DequantizeLinear", [stored, *parameters], name, axis=axis)
        return name

    def _bias(self, layer: str, bias: NDArray[np.float32], scales: NDArray[np.float32]) -> str:
        stored, name = f"{layer}/integer_bias", f"{layer}/integer_bias/dequantised"
        self.constants |= {stored: np.rint(bias / scales).astype(np.int32), f"{layer}/integer_bias_scales": scales}
        self._append("DequantizeLinear", [stored, f"{layer}/integer_bias_scales"], name, axis=0)
        return name

    def _append(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))


def _rounded(
    node: NodeProto, weights: NDArray[np.float32], scales: NDArray[np.float32], largest: int
) -> NDArray[np.int8]:
    """Weights (filters, bands, rows, cols) as integers; those that make one pixel are rounded together."""
    integers = np.empty(weights.shape, np.int8)
    for rows, cols in seen_together(node):
        integers[..., rows, cols] = diffused(weights[..., rows, cols], scales, largest)
    return integers


def _others(axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(4) if other != axis)
