"""Zeros before a pooling of greatest values, taken into the pooling itself, which then can be computed in integers."""

from __future__ import annotations

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, helper

from landslip.export.precisions.surgery import attributes_of, checked, constants_of, needed, rebuilt, users_of

_MOVING = ("Concat", "Resize", "MaxPool", "Identity")
"""Operators that give no other numbers than they take."""


def with_padded_pooling(model: ModelProto) -> ModelProto:
    """A copy of a model in which MaxPool pads itself, where nothing that it takes is below the zeros before it.

    MaxPool pads with less than any number. Where a pool holds at least one pixel of the image, and no pixel is below 0,
    the greatest of them is the same.

    Raises:
        ModelError: the result does not pass ONNX's own check.
    """
    graph = model.graph
    constants, users = constants_of(graph), users_of(graph)
    never_negative = _never_negative(graph)
    paddings: dict[str, tuple[str, list[int]]] = {}
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.op_type == "Pad" and [user.op_type for user in users.get(node.output[0], ())] == ["MaxPool"]:
            pads = _zeros_around(node, constants)
            if pads is not None and node.input[0] in never_negative:
                paddings[node.output[0]] = node.input[0], pads
        nodes.append(_padding_itself(node, *paddings[node.input[0]]) if _fits(node, paddings) else node)
    return checked(rebuilt(model, needed(graph, nodes), {}))


def _fits(node: NodeProto, paddings: dict[str, tuple[str, list[int]]]) -> bool:
    if node.op_type != "MaxPool" or node.input[0] not in paddings:
        return False
    said, pads = attributes_of(node), paddings[node.input[0]][1]
    plain = not any(said.get("pads", ())) and said.get("auto_pad", b"NOTSET") == b"NOTSET" and "dilations" not in said
    return plain and all(pad < size for pad, size in zip(pads, [*said["kernel_shape"]] * 2, strict=True))


def _padding_itself(node: NodeProto, source: str, pads: list[int]) -> NodeProto:
    new = NodeProto()
    new.CopyFrom(node)
    new.input[0] = source
    kept = [entry for entry in node.attribute if entry.name != "pads"]
    del new.attribute[:]
    new.attribute.extend([*kept, helper.make_attribute("pads", pads)])
    return new


def _zeros_around(node: NodeProto, constants: dict[str, np.ndarray]) -> list[int] | None:
    """Rows and columns of zeros at the start and at the end of both; None for another padding."""
    said = constants.get(node.input[1]) if len(node.input) < 4 else None
    value = constants.get(node.input[2]) if len(node.input) > 2 and node.input[2] else np.zeros(())
    mode = attributes_of(node).get("mode", b"constant")
    if said is None or said.shape != (8,) or value is None or value.any() or mode != b"constant":
        return None
    pads = said.tolist()
    outside = pads[:2] + pads[4:6]
    inside = pads[2:4] + pads[6:]
    return None if any(outside) or min(inside) < 0 else inside


def _never_negative(graph: GraphProto) -> set[str]:
    """Values that hold nothing below 0, as they come out of a ReLU."""
    found: set[str] = set()
    for node in graph.node:
        moved = node.op_type in _MOVING and all(value in found for value in node.input[: _images(node)])
        if node.op_type in {"Relu", "Sigmoid"} or moved:
            found.update(node.output)
    return found


def _images(node: NodeProto) -> int:
    """Number of inputs of a node that are images."""
    return len(node.input) if node.op_type == "Concat" else 1
