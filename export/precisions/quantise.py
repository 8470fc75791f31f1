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
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, helper

from landslip.export.precisions.integer_scales import (
    IntegerScale,
    Range,
    diffused,
    filter_scales,
    symmetric_scale,
    unsigned_scale,
)
from landslip.export.precisions.surgery import Constants, constants_of, labelled, rebuilt, users_of


@dataclass(frozen=True)
class Scheme:
    """Requirements of a backend for a quantised graph."""

    target: str
    """Name of the backend."""
    signed: bool = False
    """Activations are ``int8`` with a zero point of 0, instead of ``uint8``."""
    outputs: bool = False
    """Outputs and biases are quantised too."""
    pairs: bool = False
    """Weights stay float, behind QuantizeLinear and DequantizeLinear; elsewhere they are stored as integers."""


SCHEMES = {
    scheme.target: scheme
    for scheme in (
        Scheme("onnx", outputs=True),
        Scheme("openvino"),
        Scheme("tensorrt", signed=True, pairs=True),
    )
}
"""Schemes by target."""

FULL, REDUCED = 127, 63
"""Largest weight. Without VNNI a CPU adds two products of 8-bit numbers in 16 bits: 2 * 255 * 127 is too much for them,
2 * 255 * 63 is not."""


def convolutions(graph: GraphProto) -> list[NodeProto]:
    """The convolutions that can be quantised: those of images with constant weights."""
    ranks = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    return [node for node in graph.node if node.op_type == "Conv" and ranks.get(node.input[1]) == 4]


def ends(graph: GraphProto) -> frozenset[str]:
    """Names of the first and last convolutions: those with none before them, or none behind them.

    They stay in float. The first ones see 8-bit images whose 256 levels lie half a step off any grid that holds 0, and
    the last one writes the confidence itself; they have few channels and take little time.
    """
    after: set[str] = set()
    before: set[str] = set()
    first, last = set(), set()
    for node in graph.node:
        if node.op_type == "Conv" and after.isdisjoint(node.input):
            first.add(node.name)
        if node.op_type == "Conv" or not after.isdisjoint(node.input):
            after.update(node.output)
    for node in reversed(graph.node):
        if node.op_type == "Conv" and before.isdisjoint(node.output):
            last.add(node.name)
        if node.op_type == "Conv" or not before.isdisjoint(node.output):
            before.update(node.input)
    return frozenset(first | last)


def observed(graph: GraphProto) -> list[str]:
    """Activations whose ranges are needed: what goes into convolutions, and what comes out of them."""
    users = users_of(graph)
    values = [value for node in convolutions(graph) for value in (node.input[0], _result(node, users))]
    return list(dict.fromkeys(values))


def _result(node: NodeProto, users: Mapping[str, list[NodeProto]]) -> str:
    """Value that a convolution hands on: the output of its ReLU where nothing else sees its own."""
    takers = users.get(node.output[0], [])
    last = takers[0] if [taker.op_type for taker in takers] == ["Relu"] else node
    return str(last.output[0])


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
    model: ModelProto, ranges: Mapping[str, Range], scheme: Scheme, kept: Collection[str] = (), largest: int = FULL
) -> ModelProto:
    """A copy of an fp32 model with 8-bit convolutions.

    Args:
        model: in fp32.
        ranges: of the activations that :func:`observed` names.
        scheme: how the backend wants it.
        kept: names of convolutions that stay in float.
        largest: weight; :data:`FULL` or :data:`REDUCED`.
    """
    chosen = {node.name for node in convolutions(model.graph)} - set(kept)
    placing = _Placing(model.graph, chosen, rectified(model.graph, ranges), scheme, largest)
    for node in model.graph.node:
        placing.add(node)
    return labelled(rebuilt(model, placing.nodes, placing.constants), "int8", scheme.target)


class _Placing:
    """Places the nodes of a graph again, one after the other, with what quantises between them."""

    def __init__(
        self, graph: GraphProto, chosen: Collection[str], ranges: Mapping[str, Range], scheme: Scheme, largest: int
    ) -> None:
        self.nodes: list[NodeProto] = []
        """The nodes so far."""
        self.constants: Constants = {}
        """Constants that the new nodes need."""
        self._constants = constants_of(graph)
        self._chosen, self._ranges, self._scheme, self._largest = chosen, ranges, scheme, largest
        users = users_of(graph)
        self._stored = {_result(node, users) for node in graph.node if node.name in chosen} if scheme.outputs else set()

    def add(self, node: NodeProto) -> None:
        """Place a node behind what quantises its inputs, and before what quantises its output."""
        new = NodeProto()
        new.CopyFrom(node)
        new.input[:] = [self._quantised(value) if value in self._stored else value for value in node.input]
        if node.name in self._chosen:
            self._feed(new, node)
        self.nodes.append(new)

    def _feed(self, new: NodeProto, node: NodeProto) -> None:
        """Give a convolution quantised inputs."""
        activation, filters, *rest = node.input
        new.input[0] = self._quantised(activation)
        weights, bias = self._constants[filters], self._constants.get(rest[0]) if rest else None
        integer_bias = bias if self._scheme.outputs else None
        step = float(self._integer_scale(activation).scale)
        scales = filter_scales(weights, self._largest, integer_bias, step)
        new.input[1] = self._filters(node.name, weights, scales)
        if integer_bias is not None:
            new.input[2] = self._bias(node.name, integer_bias, np.float32(step) * scales)

    def _quantised(self, value: str) -> str:
        """An activation on its grid, as the nodes see it that take it from there."""
        name = f"{value}/dequantised"
        if f"{value}/scale" not in self.constants:
            scale = self._integer_scale(value)
            parameters = [f"{value}/scale", f"{value}/zero_point"]
            self.constants |= dict(zip(parameters, (np.asarray(scale.scale), scale.zero_point), strict=True))
            self._append("QuantizeLinear", [value, *parameters], f"{value}/quantised")
            self._append("DequantizeLinear", [f"{value}/quantised", *parameters], name)
        return name

    def _integer_scale(self, value: str) -> IntegerScale:
        return (symmetric_scale if self._scheme.signed else unsigned_scale)(self._ranges[value])

    def _filters(self, layer: str, weights: NDArray[np.float32], scales: NDArray[np.float32]) -> str:
        integers = diffused(weights, scales, self._largest)
        parameters = [f"{layer}/filter_scales", f"{layer}/filter_zero_points"]
        self.constants |= dict(zip(parameters, (scales, np.zeros(len(scales), np.int8)), strict=True))
        stored, name = f"{layer}/on_grid", f"{layer}/on_grid/dequantised"
        if self._scheme.pairs:
            # On the grid already, so that quantising gives back these very integers.
            self.constants[stored] = integers.astype(np.float32) * scales[:, None, None, None]
            self._append("QuantizeLinear", [stored, *parameters], f"{stored}/quantised", axis=0)
            stored = f"{stored}/quantised"
        else:
            self.constants[stored] = integers
        self._append("DequantizeLinear", [stored, *parameters], name, axis=0)
        return name

    def _bias(self, layer: str, bias: NDArray[np.float32], scales: NDArray[np.float32]) -> str:
        stored, name = f"{layer}/integer_bias", f"{layer}/integer_bias/dequantised"
        self.constants |= {stored: np.rint(bias / scales).astype(np.int32), f"{layer}/integer_bias_scales": scales}
        self._append("DequantizeLinear", [stored, f"{layer}/integer_bias_scales"], name, axis=0)
        return name

    def _append(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
