"""Works out the shape of every value and weight of a topology, before anything is instantiated.

What does not fit is refused here, and so are sizes that no image network has: a short file can ask for any amount of
memory or time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from landslip.export.layers.known_layers import REBUILT
from landslip.export.layers.layer_kind import Shape, SizeNeededError
from landslip.export.topology.liveness import depths, most_live
from landslip.export.topology.topology import Node, Topology
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

MAX_VALUES = 1 << 27
"""Most numbers in one value of one tile: half a gigabyte in float32."""
MAX_LIVE = 1 << 29
"""Most numbers of one tile in use at once: four gigabytes in the float64 of the reference."""
MAX_DEPTH = 900
"""Most layers one behind the other: Keras builds networks by recursion, and Python stops at 1000 calls."""
_SHOWN = 200
"""Characters of a reason that a message repeats at the most."""
MAX_WEIGHTS = (2 << 30) // 4
"""Most weights in all: an ONNX file holds two gigabytes."""
MAX_WORK = 5 * 10**12
"""Most multiplications for one tile, a hundred times those of the published network."""


@dataclass(frozen=True)
class Shapes:
    """Shapes without the batch; None is an open size."""

    values: Mapping[str, Shape]
    """Shape of the result of each node."""
    weights: Mapping[str, Mapping[str, tuple[int, ...]]]
    """Shape of each weight of each node, in the order in which Keras keeps them."""


def inferred(topology: Topology, where: str, inputs: Mapping[str, Shape] | None = None) -> Shapes:
    """The shapes of a topology.

    Args:
        topology: the served graph.
        where: file it comes from, for messages.
        inputs: shape of each input; those of the file when not given.

    Raises:
        SizeNeededError: a layer is made for one size, and the size of its input is open; says which.
        ModelError: a layer does not fit what feeds it, or something is too large.
    """
    values: dict[str, Shape] = {}
    weights: dict[str, Mapping[str, tuple[int, ...]]] = {}
    work = 0
    for node in topology.nodes:
        try:
            values[node.name], weights[node.name] = _of(node, [values[name] for name in node.inputs], inputs)
        except SizeNeededError as error:
            raise SizeNeededError(f"layer {node.name!r} ({node.kind})") from error
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"{where}: layer {node.name!r} ({node.kind}) does not fit what feeds it: it has "
                f"{printable(str(error), _SHOWN)}."
            ) from error
        _check_size(node, values[node.name], where)
        work += _work(node, values[node.name], weights[node.name])
    _check_total(weights, topology, work, where)
    _check_extent(values, topology, where)
    return Shapes(values, weights)


def _of(
    node: Node, fed: list[Shape], inputs: Mapping[str, Shape] | None
) -> tuple[Shape, Mapping[str, tuple[int, ...]]]:
    if node.kind == "InputLayer" and inputs is not None:
        return inputs[node.name], {}
    kind = REBUILT[node.kind]
    shapes = kind.weights(node.options, fed[0]) if fed else {}
    weights = {name: tuple(size for size in shape if size is not None) for name, shape in shapes.items()}
    return kind.result(node.options, fed), weights


def _known(shape: Shape) -> int:
    """Least number of numbers that a value holds: open sizes count as one."""
    return math.prod(size or 1 for size in shape)


def _check_size(node: Node, shape: Shape, where: str) -> None:
    if _known(shape) > MAX_VALUES:
        raise ModelError(
            f"{where}: layer {node.name!r} ({node.kind}) gives {' x '.join(map(str, shape))} values for one tile; "
            f"at most {MAX_VALUES} are believed."
        )


def _work(node: Node, shape: Shape, weights: Mapping[str, tuple[int, ...]]) -> int:
    """Multiplications, or comparisons, of a node at the most."""
    window = math.prod(node.options.get("pool_size", (1,)))
    positions = _known(shape[:-1])
    return max(positions * sum(math.prod(each) for each in weights.values()), _known(shape) * window)


def _check_total(
    weights: Mapping[str, Mapping[str, tuple[int, ...]]], topology: Topology, work: int, where: str
) -> None:
    of_layers = {node.layer: weights[node.name] for node in topology.nodes}
    total = sum(math.prod(shape) for shapes in of_layers.values() for shape in shapes.values())
    if total > MAX_WEIGHTS:
        raise ModelError(f"{where}: its layers have {total} weights; an ONNX file holds at most {MAX_WEIGHTS}.")
    if work > MAX_WORK:
        raise ModelError(f"{where}: one tile takes {work:.1g} multiplications; at most {MAX_WORK:.1g} are believed.")


def _check_extent(values: Mapping[str, Shape], topology: Topology, where: str) -> None:
    depth = max(depths(topology.nodes).values())
    if depth > MAX_DEPTH:
        raise ModelError(f"{where}: {depth} of its layers lie one behind the other; at most {MAX_DEPTH} can be built.")
    live = most_live(topology.nodes, {name: _known(shape) for name, shape in values.items()})
    if live > MAX_LIVE:
        raise ModelError(f"{where}: one tile takes {live} values at once; at most {MAX_LIVE} are believed.")
