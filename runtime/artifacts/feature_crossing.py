"""Ways of features from the first graph to the second: as whole numbers where these are made of them anyway.

An INT8 graph joins features in float with what was enlarged, and quantises all of it with one scale. Quantised before
they are joined, they are the same numbers in a quarter of the memory: what is scaled back and quantised again does not
change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from landslip.runtime.artifacts.graph_parts import GraphNode, GraphParts, field_of

_SUFFIX = "/shared"


@dataclass(frozen=True)
class Crossing:
    """A value that passes from one graph to the other."""

    name: str
    """Name that it passes by."""
    kind: int
    """Element type."""
    bands: int
    """Number of bands."""
    quantised: GraphNode | None = None
    """Last node of the first graph, where it passes as whole numbers."""
    scaled: GraphNode | None = None
    """First node of the second graph, likewise."""


def crossing_of(
    name: str, kind: int, bands: int, parts: GraphParts, local: Collection[str], users: Mapping[str, list[GraphNode]]
) -> Crossing:
    """The way of a feature from one graph to the other.

    Args:
        name: of the value.
        kind: its element type.
        bands: how many it has.
        parts: the graph.
        local: names of values that stay in the first graph.
        users: nodes that take each value.
    """
    scale = _scale_of(name, parts, local, users)
    if scale is None:
        return Crossing(name, kind, bands)
    passed = name + _SUFFIX
    return Crossing(
        passed,
        parts.tensors[scale[1]].kind,
        bands,
        _node("QuantizeLinear", (name, *scale), passed),
        _node("DequantizeLinear", (passed, *scale), name),
    )


def _scale_of(
    name: str, parts: GraphParts, local: Collection[str], users: Mapping[str, list[GraphNode]]
) -> tuple[str, str] | None:
    """Names of the scale and the zero point of all that takes a value, once it is joined; None where there are none."""
    found: set[tuple[str, ...]] = set()
    for node in users[name]:
        if node.outputs[0] in local:
            continue
        if node.kind != "Concat" or node.outputs[0] in parts.outputs:
            return None
        for user in users.get(node.outputs[0], ()):
            found.add(user.inputs[1:] if user.kind == "QuantizeLinear" else ())
    if len(found) != 1:
        return None
    scale = found.pop()
    if len(scale) != 2 or any(each not in parts.tensors or parts.tensors[each].dims for each in scale):
        return None
    return scale[0], scale[1]


def _node(kind: str, inputs: tuple[str, ...], output: str) -> GraphNode:
    content = b"".join(field_of(1, each.encode()) for each in inputs)
    content += field_of(2, output.encode()) + field_of(3, f"{output}{_SUFFIX}".encode()) + field_of(4, kind.encode())
    return GraphNode(kind, inputs, (output,), {}, {}, content)
