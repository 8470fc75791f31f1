"""Layers of a graph that are computed in 8-bit integers, and the values between them that are stored as such."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from onnx import GraphProto, NodeProto

from landslip.export.precisions.raw_images import stored_bytes
from landslip.export.precisions.surgery import attributes_of, users_of

FILTER_AXES = {"Conv": 0, "ConvTranspose": 1}
"""Axis of the filters in the weights of each kind of convolution."""

BETWEEN = frozenset({"Add", "Concat", "MaxPool", "Resize"})
"""Operators between convolutions that engines compute in integers."""
_MOVING = frozenset({"MaxPool", "Resize"})
"""Operators among them that give no other numbers than they take, so that their result lies on the same grid."""


_NEAREST = b"nearest"


@dataclass(frozen=True)
class IntegerLayers:
    """Layers that are computed in integers."""

    convolutions: frozenset[str]
    """Names of convolutions."""
    between: frozenset[str] = frozenset()
    """Names of other nodes whose inputs and results are integers."""
    stored: frozenset[str] = frozenset()
    """Values that are integers for all that take them."""
    grids: Mapping[str, str] = field(default_factory=dict)
    """Values that lie on the grid of another value."""


def convolutions(graph: GraphProto, kinds: Collection[str] = ("Conv",)) -> list[NodeProto]:
    """The convolutions that can be quantised: those of images with constant weights; transposed ones without groups."""
    ranks = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    return [
        node
        for node in graph.node
        if node.op_type in kinds
        and ranks.get(node.input[1]) == 4
        and (node.op_type == "Conv" or attributes_of(node).get("group", 1) == 1)
    ]


def firsts(graph: GraphProto) -> frozenset[str]:
    """Names of the convolutions with none before them that do not take bytes.

    They stay in float: the 256 levels of scaled images lie half a step off any grid that holds 0.
    """
    after: set[str] = set()
    found: set[str] = set()
    raw = stored_bytes(graph)
    for node in graph.node:
        if node.op_type == "Conv" and after.isdisjoint(node.input) and node.input[0] not in raw:
            found.add(node.name)
        if node.op_type == "Conv" or not after.isdisjoint(node.input):
            after.update(node.output)
    return frozenset(found)


def lasts(graph: GraphProto) -> frozenset[str]:
    """Names of the convolutions with none behind them, which write the confidence."""
    before: set[str] = set()
    found: set[str] = set()
    for node in reversed(graph.node):
        if node.op_type == "Conv" and before.isdisjoint(node.output):
            found.add(node.name)
        if node.op_type == "Conv" or not before.isdisjoint(node.output):
            before.update(node.input)
    return frozenset(found)


def observed(graph: GraphProto, kinds: Collection[str] = ("Conv",), between: Collection[str] = ()) -> list[str]:
    """Activations whose ranges are needed: what goes into layers, and what comes out of them.

    Args:
        graph: in fp32.
        kinds: of convolutions that are quantised.
        between: kinds of other nodes that are quantised.
    """
    users = users_of(graph)
    values = [value for node in convolutions(graph, kinds) for value in (node.input[0], result_of(node, users))]
    computed = {value for node in graph.node for value in node.output}
    for node in graph.node:
        if node.op_type in between and _can_be_between(node, computed):
            values += [*node.input[: images_of(node)], result_of(node, users)]
    return list(dict.fromkeys(values))


def integer_layers(
    graph: GraphProto, chosen: Collection[str], between: Collection[str], *, outputs: bool
) -> IntegerLayers:
    """Find what is computed in integers besides some convolutions.

    Args:
        graph: in fp32.
        chosen: names of the convolutions.
        between: kinds of other nodes that are quantised where one of their inputs is the result of such a layer.
        outputs: the results of layers are stored as integers.
    """
    users = users_of(graph)
    computed = {value for node in graph.node for value in node.output}
    stored: set[str] = set()
    inner: set[str] = set()
    grids: dict[str, str] = {}
    for node in graph.node:
        if node.name in chosen:
            if outputs:
                stored.add(result_of(node, users))
            continue
        reached = not stored.isdisjoint(node.input)
        if reached and node.op_type in between and _can_be_between(node, computed):
            inner.add(node.name)
            stored.add(result_of(node, users))
            if node.op_type in _MOVING:
                grids[node.output[0]] = grids.get(node.input[0], node.input[0])
    return IntegerLayers(frozenset(chosen), frozenset(inner), frozenset(stored), grids)


def result_of(node: NodeProto, users: Mapping[str, list[NodeProto]]) -> str:
    """Value that a node hands on: the output of its ReLU where nothing else sees its own."""
    takers = users.get(node.output[0], [])
    last = takers[0] if [taker.op_type for taker in takers] == ["Relu"] else node
    return str(last.output[0])


def images_of(node: NodeProto) -> int:
    """Number of inputs of a node between convolutions that are images; they come first."""
    return 1 if node.op_type in _MOVING else len(node.input)


def seen_together(node: NodeProto) -> list[tuple[slice, slice]]:
    """Taps of a kernel, as slices of its rows and columns, that the same pixels of the result are made with.

    A transposed convolution with a stride makes neighbouring pixels with taps that lie a stride apart.
    """
    rows, cols = attributes_of(node).get("strides", [1, 1]) if node.op_type == "ConvTranspose" else (1, 1)
    return [(slice(row, None, rows), slice(col, None, cols)) for row in range(rows) for col in range(cols)]


def _can_be_between(node: NodeProto, computed: Collection[str]) -> bool:
    """Tell whether engines have integers for a node of such a kind: it joins bands, or enlarges by repeating."""
    said = attributes_of(node)
    fits = {
        "Concat": said.get("axis") == 1,
        "Resize": said.get("mode", _NEAREST) == _NEAREST,
        "MaxPool": len(node.output) == 1,
    }
    return fits.get(node.op_type, True) and all(value in computed for value in node.input[: images_of(node)])
