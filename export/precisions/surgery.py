"""Operations that all passes over ONNX graphs share: looking things up, and putting a changed graph together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, TARGET_KEY, ModelSpec
from landslip.runtime.errors import ModelError
from landslip.runtime.system.versions import landslip_version

Constants = dict[str, NDArray[Any]]
"""Initializers by name."""


def constants_of(graph: GraphProto) -> Constants:
    """The values of all initializers."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}


def users_of(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """The nodes that take each value, in the order of the graph."""
    users: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for value in dict.fromkeys(node.input):
            users.setdefault(value, []).append(node)
    return users


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """The attributes of a node by name."""
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def needed(graph: GraphProto, nodes: Sequence[NodeProto]) -> list[NodeProto]:
    """Nodes that lead to an output of a graph, in their order."""
    wanted = {value.name for value in graph.output}
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]


def element_types(model: ModelProto) -> dict[str, int]:
    """Element type of each value, as ``TensorProto`` numbers them."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    types = {value.name: value.type.tensor_type.elem_type for value in values}
    return types | {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def descendants_of(graph: GraphProto, kinds: Iterable[str], barriers: Iterable[str] = ()) -> list[NodeProto]:
    """Nodes of some kinds and everything computed from them, in the order of the graph.

    Args:
        graph: sorted, as ONNX demands.
        kinds: op types to start at.
        barriers: op types to stop before.
    """
    starts, stops = frozenset(kinds), frozenset(barriers)
    reached: set[str] = set()
    found: list[NodeProto] = []
    for node in graph.node:
        if node.op_type not in stops and (node.op_type in starts or not reached.isdisjoint(node.input)):
            reached.update(node.output)
            found.append(node)
    return found


def rebuilt(model: ModelProto, nodes: Iterable[NodeProto], added: Mapping[str, NDArray[Any]]) -> ModelProto:
    """A model with other nodes and with more constants; constants that no node takes are left out.

    Args:
        model: stays as it is.
        nodes: in topological order.
        added: new constants by name.
    """
    result = ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    del graph.node[:]
    graph.node.extend(nodes)
    taken = {value for node in graph.node for value in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in taken]
    del graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(values), name) for name, values in added.items())
    return result


def labelled(model: ModelProto, precision: str, target: str = "onnx") -> ModelProto:
    """Say inside a model what it computes in and for which backend; changed in place, and returned."""
    metadata = {entry.key: entry.value for entry in model.metadata_props} | {PRECISION_KEY: precision}
    metadata.pop(TARGET_KEY, None)
    onnx.helper.set_model_props(model, metadata | ({} if target == "onnx" else {TARGET_KEY: target}))
    return model


def introduced(model: ModelProto, name: str, about: str, spec: ModelSpec | None) -> ModelProto:
    """Say inside an fp32 model what it is and who made it; changed in place, and returned.

    Args:
        model: the graph.
        name: of the model.
        about: sentence for people.
        spec: description of inputs and output, if there is one.
    """
    model.graph.name = name
    model.producer_name = "landslip"
    model.producer_version = landslip_version()
    model.doc_string = about
    opsets = [entry for entry in model.opset_import if entry.domain in {node.domain for node in model.graph.node}]
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    described = {} if spec is None else {METADATA_KEY: spec.to_json()}
    onnx.helper.set_model_props(model, {**described, PRECISION_KEY: "fp32"})
    return model


def checked(model: ModelProto) -> ModelProto:
    """Check a model with ONNX's own full check, and return it.

    Raises:
        ModelError: it does not pass.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"The graph of {model.graph.name} does not pass ONNX's own check: {error}") from error
    return model
