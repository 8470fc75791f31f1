"""Cost of a network: its arithmetic, and the values its convolutions move, counted from the ONNX graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper

from landslip.runtime.errors import ModelError

_BYTES = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1, "int8+bf16": 1}
"""Bytes of a value in each precision; of one that is quantised, where some are."""


@dataclass(frozen=True)
class GraphCost:
    """Cost of one tile."""

    flop: float
    """Operations of convolutions and matrix products, a multiplication and an addition counted as two."""
    weights: int
    """Values of their kernels."""
    activations: int
    """Values they read and write, each input and output once."""

    def bytes_moved(self, precision: str, batch: int = 1) -> float:
        """Bytes per tile, if each of them reads its kernel once a batch, and reads and writes each value once.

        An estimate: an engine that keeps values in caches from one layer to the next moves fewer, and one that keeps
        sums in a wider type, as INT8 graphs do, moves more.
        """
        return _BYTES[precision] * (self.weights / batch + self.activations)

    def intensity(self, precision: str, batch: int = 1) -> float:
        """Operational intensity in FLOP per byte moved."""
        return self.flop / self.bytes_moved(precision, batch)


def graph_cost(path: Path, tile: int) -> GraphCost:
    """Count what a network takes for one tile.

    Elementwise layers are not counted: engines do them along with the convolutions, and they are a thousandth.

    Args:
        path: an ONNX file of landslip's.
        tile: edge of the tile in pixels.

    Raises:
        ModelError: the shapes in the graph cannot be inferred.
    """
    graph = _with_shapes(onnx.load(path), tile, path)
    shapes = {value.name: _shape(value) for value in (*graph.input, *graph.value_info, *graph.output)}
    shapes |= {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in _MACS]
    for name in [name for node in nodes for name in (*node.input[:2], node.output[0])]:
        if not all(shapes.get(name, (0,))):
            raise ModelError(f"model: the shape of {name!r} in {path} is open. Export the model again.")
    costs = [_cost(node, shapes) for node in nodes]
    return GraphCost(*(sum(values) for values in zip(*costs, strict=True))) if costs else GraphCost(0, 0, 0)


_Shapes = Mapping[str, tuple[int, ...]]


def _with_shapes(model: ModelProto, tile: int, path: Path) -> GraphProto:
    sizes = {"batch": 1, "height": tile, "width": tile}
    for value in (*model.graph.input, *model.graph.output):
        for dimension in value.type.tensor_type.shape.dim:
            if dimension.dim_param in sizes:
                dimension.dim_value = sizes[dimension.dim_param]
    try:
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    except onnx.shape_inference.InferenceError as error:
        raise ModelError(
            f"model: the shapes in {path} cannot be inferred for tiles of {tile} pixels: {error}"
        ) from error


def _shape(value: ValueInfoProto) -> tuple[int, ...]:
    return tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)


def _cost(node: NodeProto, shapes: _Shapes) -> tuple[int, int, int]:
    data, kernel, output = (shapes[name] for name in (node.input[0], node.input[1], node.output[0]))
    return 2 * _MACS[node.op_type](node, data, kernel, output), prod(kernel), prod(data) + prod(output)


_Dims = tuple[int, ...]
_Count = Callable[[NodeProto, _Dims, _Dims, _Dims], int]


def _of_convolution(_: NodeProto, data: _Dims, kernel: _Dims, output: _Dims) -> int:
    """Each output value is a sum over the kernel, whose second dimension is the channels of one group."""
    del data
    return prod(output) * prod(kernel[1:])


def _of_transposed(_: NodeProto, data: _Dims, kernel: _Dims, output: _Dims) -> int:
    """Each input value goes into a kernel's worth of outputs of its group."""
    del output
    return prod(data) * prod(kernel[1:])


def _of_product(node: NodeProto, data: _Dims, kernel: _Dims, output: _Dims) -> int:
    """Each output value is a sum over the inner dimension, the last of the first factor unless that is transposed."""
    del kernel
    transposed = any(entry.name == "transA" and helper.get_attribute_value(entry) for entry in node.attribute)
    return prod(output) * data[0 if transposed else -1]


_MACS: Mapping[str, _Count] = {
    "Conv": _of_convolution,
    "ConvTranspose": _of_transposed,
    "Gemm": _of_product,
    "MatMul": _of_product,
}
"""Multiplications with addition of each kind of node."""
