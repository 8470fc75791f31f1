"""One layer of a graph as an engine runs it."""

from __future__ import annotations

from typing import NamedTuple

CONVOLUTIONS = "convolutions"
TRANSPOSED = "transposed convolutions"
ARITHMETIC = "sums, activations, rescaling"
JOINS = "joins"
ENLARGEMENTS = "enlargements"
LAYOUT = "changes of layout"
POOLING = "pooling"
QUANTISATION = "quantisation"
OTHERS = "others"
"""Kinds of layers, for people."""

SEEN = 3
"""Runs of a graph, of which the last one counts: the first prepares things."""


class LayerRun(NamedTuple):
    """One layer, and what it took."""

    kind: str
    """Kind of the layer, one of those above."""
    precision: str
    """Number format it computes in; empty where it does not matter."""
    seconds: float
    """Seconds it took."""
