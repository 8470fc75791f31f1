"""Depth and width of a network when it runs: what its depth asks of the stack, and its values of memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landslip.export.topology.topology import Node


def depths(nodes: Sequence[Node]) -> dict[str, int]:
    """The most calls that follow each call before the end.

    Args:
        nodes: every node after the ones that feed it; all of them are needed for the last one.
    """
    found = {node.name: 0 for node in nodes}
    for node in reversed(nodes):
        for name in node.inputs:
            found[name] = max(found[name], found[node.name] + 1)
    return found


def most_live(nodes: Sequence[Node], sizes: Mapping[str, int]) -> int:
    """The most numbers that are in use at once when Keras runs a network.

    Keras runs all calls of one depth before those of the next, so that what is wide is held all at once. A value is
    given up after the last call that takes it.

    Args:
        nodes: as for :func:`depths`.
        sizes: numbers in the result of each node.
    """
    depth = depths(nodes)
    order = sorted(nodes, key=lambda node: -depth[node.name])
    last = {name: node.name for node in order for name in node.inputs}
    live = most = 0
    for node in order:
        live += sizes[node.name]
        most = max(most, live)
        live -= sum(sizes[name] for name in set(node.inputs) if last[name] == node.name)
    return most
