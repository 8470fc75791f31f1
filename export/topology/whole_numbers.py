"""Follows whole numbers from the inputs of a network to where they become floating-point ones.

A graph computes in floating point from its inputs on. Keras subtracts and averages bytes as bytes, and wraps around.
The two agree only while whole numbers are moved, and not computed with.
"""

from __future__ import annotations

from landslip.export.topology.topology import Node, Topology
from landslip.runtime.errors import ModelError

_CASTING = frozenset({"Cast", "Normalization", "Rescaling", "Resizing"})
"""Layers that make floating-point numbers of what goes in before they compute."""
_MOVING = frozenset(
    {"Concatenate", "Cropping2D", "DepthToSpace", "Flatten", "Permute", "Reshape", "Slice", "ZeroPadding2D"}
)
"""Layers that give what goes in, at other places."""


def check_integers(topology: Topology, where: str) -> None:
    """Refuse a network that computes with whole numbers.

    Args:
        topology: the served graph.
        where: file it comes from, for messages.

    Raises:
        ModelError: a layer is fed whole numbers, and neither casts nor merely moves them.
    """
    integers: set[str] = set()
    for node in topology.nodes:
        if node.kind == "InputLayer" and node.options["integers"]:
            integers.add(node.name)
        elif integers.isdisjoint(node.inputs) or node.kind in _CASTING or _resizes(node, "bilinear"):
            continue
        elif node.kind in _MOVING or _resizes(node, "nearest"):
            integers.add(node.name)
        else:
            raise ModelError(
                f"{where}: layer {node.name!r} ({node.kind}) computes with the whole numbers of an input; landslip "
                f"rebuilds networks in floating point. Save the model with Normalization or Rescaling or with "
                "a float32 input before that layer."
            )


def _resizes(node: Node, interpolation: str) -> bool:
    """Tell whether a function resizes: by nearest neighbours it keeps the type, which the layer of Keras does not."""
    return node.kind == "Resize" and node.options["interpolation"] == interpolation
