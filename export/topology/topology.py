"""Cuts a saved model down to what its served output needs, as plain checked data.

The published file has five outputs, four of them for training only and fed through raw TensorFlow ops. Walking back
from the served output leaves those behind before anything is instantiated. Dropout and its like are left out as well:
they do nothing once training is over. Models used as layers are opened, so that what remains is one flat graph. Each
remaining layer keeps only the settings that change its result, so that keys which one Keras version writes and another
rejects play no part.
"""

from __future__ import annotations

from dataclasses import dataclass

from landslip.export.layers.dtypes import check_floating
from landslip.export.layers.known_layers import KINDS
from landslip.export.layers.values import Options
from landslip.export.topology.layer_screen import SavedGraph
from landslip.export.topology.left_out import LeftOut, left_out
from landslip.export.topology.wiring import Place, Wiring
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

_SHOWN = 200
"""Characters of a setting that a message repeats at the most."""
_LISTED = 300
"""Characters of a list of names that a message repeats at the most."""
_NODES = 20_000
"""Most calls of layers; models called by models called by models would multiply them."""
_EDGES = 100_000
"""Most values that go into all of them."""


@dataclass(frozen=True)
class Node:
    """A call of a layer of the served graph."""

    name: str
    """Unique: the name of the layer, behind those of the models it lies in; further calls have their number."""
    layer: tuple[str, ...]
    """Path of the layer: names of the models it lies in, then its own. Calls of one layer share its weights."""
    kind: str
    """One of :data:`landslip.export.layers.known_layers.REBUILT`, for most a Keras class name."""
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
    served: str
    """Name of the output in the file."""
    left_out: LeftOut
    """Layers and outputs of the file that are not served."""

    @property
    def kinds(self) -> frozenset[str]:
        """Classes of its layers."""
        return frozenset(node.kind for node in self.nodes)


def served_topology(graph: SavedGraph, where: str, output: str | int | None = None) -> Topology:
    """The part of a graph that one output needs.

    Args:
        graph: the screened layers.
        where: file they come from, for messages.
        output: name of the output, or its position among the outputs as a number or text; the first one when not given.

    Raises:
        ModelError: there is no such output, it needs a layer that cannot be rebuilt, or the graph is inconsistent.
    """
    served = _served(graph, where, 0 if output is None else output)
    wiring = Wiring(graph, where)
    last = wiring.output(served)
    order = _back_from(last, wiring, where)
    needed = {place.name for place in order if wiring.layer(place).kind == "InputLayer"}
    inputs = tuple(name for name in graph.inputs if name in needed)
    if needed != set(inputs):
        raise ModelError(f"{where}: output {served!r} needs an input that the model does not declare.")
    if len({place.name for place in order}) != len(order):
        raise ModelError(f"{where}: two of its layers have the same name.")
    nodes = [_node(place, wiring, sources, where) for place, sources in order.items()]
    return Topology(tuple(nodes), inputs, last.name, served, left_out(graph, wiring.passed, served, inputs))


def _served(graph: SavedGraph, where: str, output: str | int) -> str:
    names = list(graph.outputs)
    if output in names:
        return str(output)
    if str(output).isdecimal() and int(output) < len(names):
        return names[int(output)]
    known = ", ".join(f"{index} {name}" for index, name in enumerate(names))
    raise ModelError(f"{where}: has no output {output!r}. Its outputs are: {printable(known, _LISTED)}.")


def _back_from(last: Place, wiring: Wiring, where: str) -> dict[Place, tuple[Place, ...]]:
    """Sources of every call the output needs, in an order in which sources come first (depth first, no recursion)."""
    order: dict[Place, tuple[Place, ...]] = {}
    open_: dict[Place, tuple[Place, ...]] = {}
    stack = [last]
    edges = 0
    while stack:
        place = stack[-1]
        if place in order:
            stack.pop()
        elif place in open_:
            order[place] = open_.pop(place)
            stack.pop()
        else:
            open_[place] = wiring.sources(place)
            if any(source in open_ for source in open_[place]):
                raise ModelError(f"{where}: layer {place.name!r} feeds itself.")
            edges += len(open_[place])
            if len(order) + len(open_) > _NODES:
                raise ModelError(f"{where}: its models call each other so often that more than {_NODES} layers result.")
            if edges > _EDGES:
                raise ModelError(f"{where}: its layers take more than {_EDGES} values in all.")
            stack.extend(source for source in open_[place] if source not in order)
    return order


def _called(place: Place) -> tuple[str, ...]:
    """A layer for each call of a function, as its arguments can differ."""
    call = place.ref.call
    return (*place.path[:-1], f"{place.path[-1]}:{call}") if call else place.path


def _node(place: Place, wiring: Wiring, sources: tuple[Place, ...], where: str) -> Node:
    layer = wiring.layer(place)
    inputs = tuple(source.name for source in sources)
    call = wiring.function(place)
    if call is not None:
        return Node(place.name, _called(place), call.kind, call.options, inputs)
    if layer.kind not in KINDS:
        raise ModelError(
            f"{where}: the served output needs layer {place.name!r} of class {layer.kind!r}, "
            "which landslip can only leave out. Export an output that does without it."
        )
    kind = KINDS[layer.kind]
    expected = "two or more inputs" if kind.merges else "one input"
    if layer.kind != "InputLayer" and (len(inputs) >= 2) is not kind.merges:
        raise ModelError(f"{where}: layer {place.name!r} has {len(inputs)} inputs where {layer.kind} takes {expected}.")
    try:
        if layer.kind != "InputLayer":
            check_floating(layer.options)
        return Node(place.name, place.path, layer.kind, kind.read(layer.options), inputs)
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"{where}: layer {place.name!r} ({layer.kind}) has a setting that landslip does not know: "
            f"{printable(str(error), _SHOWN)}."
        ) from error
