"""Multiplications of the convolutions of a graph, counted without onnx: what share of its work a part of it is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from landslip.runtime.artifacts.graph_parts import FLOAT, GraphNode, GraphParts

_SHRINKS = ("AveragePool", "Conv", "LpPool", "MaxPool")
_UNKNOWN = ("Expand", "Flatten", "Reshape", "Shape", "Squeeze", "Tile", "Unsqueeze")
"""Operators after which nobody knows the size of a picture."""
_COPIES = ("Cast", "DequantizeLinear", "Identity")
"""Operators that leave constants their shape: quantised weights."""


def multiplications(parts: GraphParts) -> float | None:
    """Multiplications of all convolutions, for each pixel of the inputs; None where sizes cannot be told.

    Matrix products and what is done pixel by pixel are left out: in networks that map each pixel they are little.
    """
    return _Sizes(parts).counted()


@dataclass
class _Sizes:
    """Sizes of the values of a graph: how long the edge of each is, the edge of the inputs being 1."""

    parts: GraphParts
    edges: dict[str, float | None] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Shapes of the constants."""

    def counted(self) -> float | None:
        """The multiplications of all nodes."""
        self.edges = dict.fromkeys(self.parts.inputs, 1.0)
        self.shapes = {name: each.dims for name, each in self.parts.tensors.items()}
        total = 0.0
        for node in self.parts.nodes:
            if self._is_constant(node):
                if node.kind in _COPIES and node.inputs[0] in self.shapes:
                    self.shapes |= dict.fromkeys(node.outputs, self.shapes[node.inputs[0]])
                continue
            found = self._edge_of(node)
            self.edges |= dict.fromkeys(node.outputs, found)
            if node.kind in ("Conv", "ConvTranspose"):
                at = found if node.kind == "Conv" else self.edges[node.inputs[0]]
                if at is None or node.inputs[1] not in self.shapes:
                    return None
                total += math.prod(self.shapes[node.inputs[1]]) * at**2
        return total

    def _is_constant(self, node: GraphNode) -> bool:
        return not any(name in self.edges for name in node.inputs)

    def _edge_of(self, node: GraphNode) -> float | None:
        known = [self.edges[name] for name in node.inputs if name in self.edges]
        edges = [each for each in known if each is not None]
        if len(edges) < len(known) or node.kind in _UNKNOWN:
            return None
        factor = self._factor(node)
        return None if factor is None else max(edges) * factor

    def _factor(self, node: GraphNode) -> float | None:
        """Factor by which a node makes the edge longer."""
        strides = node.numbers.get("strides", (1,))
        blocks = node.numbers.get("blocksize", (1,))
        if node.kind in _SHRINKS:
            return 1 / strides[-1] if strides[-1] else None
        if node.kind in ("Resize", "Upsample"):
            return self._enlarged(node)
        rules = {"ConvTranspose": strides[-1], "DepthToSpace": blocks[-1], "SpaceToDepth": 1 / max(1, blocks[-1])}
        return 0.0 if node.kind.startswith("Global") else rules.get(node.kind, 1.0)

    def _enlarged(self, node: GraphNode) -> float | None:
        """Factor of a node that says it in a constant, its last input."""
        scales = self.parts.tensors.get(node.inputs[-1])
        if scales is None or scales.kind != FLOAT or scales.dims != (4,):
            return None
        return scales.floats[-1]
