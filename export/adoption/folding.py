"""Takes out of a graph what is only there for training, and computes beforehand what is always the same."""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from landslip.export.precisions.graph_session import opened
from landslip.export.precisions.surgery import rebuilt

_MOST = 1 << 24
"""Elements of a value that is computed beforehand."""
_MOST_TOGETHER = 1 << 26
"""Elements of all of them."""
_NEVER = frozenset({"Shape", "Size"})
"""Operators that wait for what they look at."""


def folded(model: ModelProto) -> ModelProto:
    """A copy of a model without nodes that do nothing, and with constants in place of what is always the same.

    Args:
        model: in an opset from :data:`landslip.export.adoption.opsets.LEAST` on.

    Raises:
        ModelError: constants cannot be computed.
    """
    result = ModelProto()
    result.CopyFrom(model)
    _make_initializers(result.graph)
    _pass_over(result.graph)
    return _computed(result)


def serving(model: ModelProto, output: str) -> ModelProto:
    """A copy of a model that gives one of its outputs, with the nodes that lead to it."""
    kept = [value for value in model.graph.output if value.name == output]
    result = rebuilt(model, _needed(model.graph, output), {})
    del result.graph.output[:]
    result.graph.output.extend(kept)
    return result


def _make_initializers(graph: GraphProto) -> None:
    """Make initializers of Constant nodes."""
    nodes = []
    for node in graph.node:
        tensor = _constant(node) if node.op_type == "Constant" else None
        if tensor is None:
            nodes.append(node)
            continue
        copy = TensorProto()
        copy.CopyFrom(tensor)
        copy.name = node.output[0]
        graph.initializer.append(copy)
    _replace(graph, nodes)


def _constant(node: NodeProto) -> TensorProto | None:
    if not node.attribute:  # which the checks of ONNX let pass, and nothing can run
        return None
    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        tensor: TensorProto = attribute.t
        return tensor
    kind = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    return numpy_helper.from_array(np.asarray(value, kind[attribute.name])) if attribute.name in kind else None


def _pass_over(graph: GraphProto) -> None:
    """Leave out Dropout, which does nothing but in training, and Identity."""
    outputs = {value.name for value in graph.output}
    renamed: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        idle = node.op_type in {"Dropout", "Identity"} and outputs.isdisjoint(node.output)
        if idle and not any(node.output[1:]):
            renamed[node.output[0]] = node.input[0]
        else:
            nodes.append(node)
    _replace(graph, nodes)


def _replace(graph: GraphProto, nodes: list[NodeProto]) -> None:
    copies: list[NodeProto] = []
    for node in nodes:
        copy = NodeProto()
        copy.CopyFrom(node)
        copies.append(copy)
    del graph.node[:]
    graph.node.extend(copies)


def _needed(graph: GraphProto, output: str) -> list[NodeProto]:
    """Nodes that lead to an output, in their order."""
    wanted = {output}
    kept: list[NodeProto] = []
    for node in reversed(graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def _computed(model: ModelProto) -> ModelProto:
    """A model in which nodes are replaced by their results where these do not depend on any input."""
    sizes = _element_counts(model)
    known = {tensor.name for tensor in model.graph.initializer} | {""}
    fixed: list[NodeProto] = []
    free: list[NodeProto] = []
    left = _MOST_TOGETHER
    for node in model.graph.node:
        given = [sizes.get(name, _MOST + 1) for name in node.output if name]
        small = max(given, default=0) <= _MOST and sum(given) <= left
        constant = known.issuperset(node.input) and node.op_type not in _NEVER and small
        (fixed if constant else free).append(node)
        if constant:
            known.update(node.output)
            left -= sum(given)
    made = {name for node in fixed for name in node.output if name}
    taken = {name for node in free for name in node.input} | {value.name for value in model.graph.output}
    wanted = sorted(made & taken)
    if not wanted:
        return model
    small_model = rebuilt(model, fixed, {})
    del small_model.graph.input[:], small_model.graph.output[:]
    small_model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in wanted)
    values = opened(small_model).run({})
    return rebuilt(model, free, dict(zip(wanted, values, strict=True)))


def _element_counts(model: ModelProto) -> dict[str, int]:
    """Number of elements of each value whose shape is known."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    found: dict[str, int] = {}
    for value in (*graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            found[value.name] = math.prod(dim.dim_value for dim in dims)
    return found
