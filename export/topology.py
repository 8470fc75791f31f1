"""Cuts a saved model down to what its served output needs, as plain checked data.

The published file has five outputs, four of them for training only and fed through raw TensorFlow ops. Walking back
from the first output leaves those behind before anything is instantiated. Dropout is left out as well: it does nothing
once training is over. Each remaining layer keeps only the settings that change its result, so that keys which one Keras
version writes and another rejects play no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from landslip.export.options import READERS, Options
from landslip.export.screen import SavedGraph, SavedLayer
from landslip.runtime.errors import ModelError


@dataclass(frozen=True)
class Node:
    """A layer of the served graph."""

    name: str
    """Name in the file; its weights are stored under it."""
    kind: str
    """Keras class name."""
    options: Options
    """Checked constructor arguments."""
    inputs: tuple[str, ...]
    """Names of the nodes that feed it, in order."""


@dataclass(frozen=True)
class Topology:
    """The served graph."""

    nodes: tuple[Node, ...]
    """Every node after the ones that feed it; input layers too."""
    inputs: tuple[str, ...]
    """Names of the input nodes in the model's order."""
    output: str
    """Name of the node whose result is served."""


def served_topology(graph: SavedGraph, where: str, output: str | int | None = None) -> Topology:
    """The part of a graph that one output needs.

    Args:
        graph: the screened layers.
        where: file they come from, for messages.
        output: name of the output layer or its position among the outputs; the first one when not given.

    Raises:
        ModelError: there is no such output, it needs a layer that cannot be rebuilt, or the graph is inconsistent.
    """
    served = _served(graph, where, 0 if output is None else output)
    order = _back_from(served, graph, where)
    inputs = tuple(name for name in graph.inputs if name in order)
    if {name for name in order if graph.layers[name].kind == "InputLayer"} != set(inputs):
        raise ModelError(f"{where}: output {served!r} needs an input that the model does not declare.")
    skipped = {name: sources[0] for name, sources in order.items() if _is_dropout(graph.layers[name])}
    nodes = [
        _node(graph.layers[name], tuple(_resolved(source, skipped) for source in sources), where)
        for name, sources in order.items()
        if name not in skipped
    ]
    return Topology(tuple(nodes), inputs, _resolved(served, skipped))


def _served(graph: SavedGraph, where: str, output: str | int) -> str:
    if isinstance(output, int) and 0 <= output < len(graph.outputs):
        return graph.outputs[output]
    if output not in graph.outputs:
        known = ", ".join(f"{index} {name}" for index, name in enumerate(graph.outputs))
        raise ModelError(f"{where}: has no output {output!r}. Its outputs are: {known}.")
    return str(output)


def _back_from(served: str, graph: SavedGraph, where: str) -> dict[str, tuple[str, ...]]:
    """Sources of every layer the output needs, in an order in which sources come first (depth first, no recursion)."""
    order: dict[str, tuple[str, ...]] = {}
    open_: dict[str, tuple[str, ...]] = {}
    stack = [served]
    while stack:
        name = stack[-1]
        if name in order:
            stack.pop()
        elif name in open_:
            order[name] = open_.pop(name)
            stack.pop()
        else:
            open_[name] = _sources(graph.layers[name], graph, where)
            if any(source in open_ for source in open_[name]):
                raise ModelError(f"{where}: layer {name!r} feeds itself.")
            stack.extend(source for source in open_[name] if source not in order)
    return order


def _sources(layer: SavedLayer, graph: SavedGraph, where: str) -> tuple[str, ...]:
    if layer.kind == "InputLayer":
        return ()
    inbound = layer.inbound
    if not isinstance(inbound, list) or len(inbound) != 1 or not isinstance(inbound[0], list) or not inbound[0]:
        raise ModelError(
            f"{where}: layer {layer.name!r} is not called exactly once in the way Keras 2 saves it. "
            "Save the model with Keras 2 (tf_keras)."
        )
    if _is_dropout(layer) and len(inbound[0]) != 1:
        raise ModelError(f"{where}: layer {layer.name!r} has {len(inbound[0])} inputs where {layer.kind} takes one.")
    return tuple(_source(entry, layer, graph, where) for entry in inbound[0])


def _source(entry: Any, layer: SavedLayer, graph: SavedGraph, where: str) -> str:
    if isinstance(entry, list) and len(entry) in {3, 4} and entry[1:3] == [0, 0] and entry[3:] in ([], [{}]):
        name = entry[0]
        if isinstance(name, str) and name in graph.layers:
            return name
    raise ModelError(
        f"{where}: layer {layer.name!r} takes {entry!r}, which is no plain output of a layer of the model."
    )


def _is_dropout(layer: SavedLayer) -> bool:
    return layer.kind in {"Dropout", "SpatialDropout2D"}


def _resolved(name: str, skipped: dict[str, str]) -> str:
    while name in skipped:
        name = skipped[name]
    return name


def _node(layer: SavedLayer, inputs: tuple[str, ...], where: str) -> Node:
    if layer.kind not in READERS:
        raise ModelError(
            f"{where}: the served output needs layer {layer.name!r} of class {layer.kind!r}, "
            "which landslip can only leave out. Export a model whose first output does without it."
        )
    merges = layer.kind in {"Add", "Concatenate"}
    expected = "two or more inputs" if merges else "one input"
    if layer.kind != "InputLayer" and (len(inputs) >= 2) is not merges:
        raise ModelError(f"{where}: layer {layer.name!r} has {len(inputs)} inputs where {layer.kind} takes {expected}.")
    try:
        return Node(layer.name, layer.kind, READERS[layer.kind](layer.options), inputs)
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"{where}: layer {layer.name!r} ({layer.kind}) has a setting the published network does not have: {error}. "
            "landslip exports that network only."
        ) from error
