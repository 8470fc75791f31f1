"""Corners of the outlines of sets that may still grow, each written once and read once, however tall its set is.

The corners of a 4-connected region are a chain: each names the next one. Regions that meet have their chains put end to
end, which touches no corner. A region that is complete goes into the chain of its 8-connected set, with a mark on its
first corner; a set that is complete is read off its chain. What was read leaves gaps. When they are more than half, or
there is no room for more corners, the chains are moved together: a corner is moved as seldom as the gaps are many.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.products import labels as lab

Array = NDArray[Any]

NEXT = lab.REGION
"""Column of a corner in a chain: where the next one is. It takes the place of the region, which the chain tells."""

_BEGINS_REGION = 2
"""Bit of ALONG_ROW, set on the first corner of a region in the chain of a set."""

_FIRST, _LAST, _COUNT, _CHAIN_FIELDS = range(4)
"""Columns of a chain: where its first and its last corner are, the number of its corners; and their number."""

_LEAST_ROOM = 64
"""Corners for which there is always room."""


class OpenCorners:
    """Corners of the open sets of a map, by labels whose meaning the tracer of the sets knows."""

    def __init__(self) -> None:
        """Begin with no corners and no labels."""
        self._pool = np.empty((_LEAST_ROOM, lab.CORNER_FIELDS), dtype=np.int32)
        self._used = 0
        self._regions, self._sets = _chains(1), _chains(1)
        self.moved = 0
        """Corners that were moved together so far."""

    @property
    def count(self) -> int:
        """Number of the corners."""
        return int(self._regions[:, _COUNT].sum() + self._sets[:, _COUNT].sum())

    def join(self, regions: Array, components: Array) -> None:
        """Take new labels, and let regions and sets that have met be one.

        Args:
            regions: int32 (labels,), root of the region of each label; labels that are kept come first.
            components: int32 (labels,), root of its set.
        """
        new = _chains(len(regions) - len(self._regions))
        self._regions, self._sets = np.concatenate((self._regions, new)), np.concatenate((self._sets, new))
        _join(self._pool, self._regions, regions)
        _join(self._pool, self._sets, components)

    def find(self, labels: Array, above: Array, first_row: int, most: int, regions: Array) -> None:
        """Add the corners of a strip.

        Args:
            labels: int32 (rows, width).
            above: int32 (width,), labels of the row above the first one.
            first_row: map row of ``labels[0]``.
            most: corners that it can have.
            regions: int32 (labels,), root of the region of each label.
        """
        if self._used + most > len(self._pool):
            self._move(most)
        count = lab.find_corners(labels, above, first_row, self._pool[self._used :])
        _link(self._pool, self._used, self._used + count, regions, self._regions)
        self._used += count

    def settle(self, complete: Array, components: Array) -> None:
        """Put the regions of some labels, bool (labels,), into their sets: they cannot grow any more."""
        _settle(self._pool, np.flatnonzero(complete), self._regions, components, self._sets)

    def read(self, roots: Array) -> tuple[Array, Array]:
        """Corners of complete sets by their labels (sets,), and which of these each belongs to.

        Returns:
            int32 (corners, CORNER_FIELDS), by set, then region; REGION numbers the regions from 0 on. int64 (corners,).
        """
        chains = self._sets[roots]
        corners = np.empty((chains[:, _COUNT].sum(), lab.CORNER_FIELDS), dtype=np.int32)
        owner = np.repeat(np.arange(len(roots)), chains[:, _COUNT])
        _read(self._pool, chains, corners)
        return corners, owner

    def keep(self, regions: Array, roots: Array, components: Array) -> None:
        """Keep the corners of some regions and sets, and forget all others.

        Args:
            regions: (kept,), labels of the regions, which become 1 to the number of these.
            roots: (sets,), labels of the sets.
            components: (sets,), labels that these become.
        """
        self._regions = np.concatenate((_chains(1), self._regions[regions]))
        sets = _chains(len(self._regions))
        sets[components] = self._sets[roots]
        self._sets = sets
        if len(self._pool) > 2 * self.count + _LEAST_ROOM:
            self._move(0)

    def _move(self, more: int) -> None:
        """Move the chains together, into a place with room for more corners."""
        count = self.count
        pool = np.empty((count + count // 2 + more + _LEAST_ROOM, lab.CORNER_FIELDS), dtype=np.int32)
        self._used = _copy(self._pool, self._sets, pool, _copy(self._pool, self._regions, pool, 0))
        self._pool = pool
        self.moved += count


def _chains(count: int) -> Array:
    """Chains without corners."""
    return np.zeros((count, _CHAIN_FIELDS), dtype=np.int32)


@kernel
def _append(pool: Array, chain: Array, more: Array) -> None:  # pragma: no cover - compiled
    """Put a chain, not an empty one, at the end of another."""
    if chain[_COUNT] == 0:
        chain[_FIRST] = more[_FIRST]
    else:
        pool[chain[_LAST], NEXT] = more[_FIRST]
    chain[_LAST] = more[_LAST]
    chain[_COUNT] += more[_COUNT]


@kernel
def _join(pool: Array, chains: Array, roots: Array) -> None:  # pragma: no cover - compiled
    """Put the chain of each label to that of its root."""
    for label in range(1, len(chains)):
        if roots[label] != label and chains[label, _COUNT] > 0:
            _append(pool, chains[roots[label]], chains[label])
            chains[label, _COUNT] = 0


@kernel
def _link(pool: Array, first: int, end: int, regions: Array, chains: Array) -> None:  # pragma: no cover - compiled
    """Put corners, of which the region is known, to the chains of these."""
    one = np.ones(_CHAIN_FIELDS, np.int32)
    for place in range(first, end):
        one[_FIRST] = one[_LAST] = place
        _append(pool, chains[regions[pool[place, NEXT]]], one)


@kernel
def _settle(pool: Array, labels: Array, regions: Array, components: Array, sets: Array) -> None:  # pragma: no cover
    """Put the chains of regions to those of their sets."""
    for label in labels:
        pool[regions[label, _FIRST], lab.ALONG_ROW] |= _BEGINS_REGION
        _append(pool, sets[components[label]], regions[label])
        regions[label, _COUNT] = 0


@kernel
def _read(pool: Array, chains: Array, corners: Array) -> None:  # pragma: no cover - compiled
    """Copy the corners of the chains of sets one after the other."""
    place, region = 0, -1
    for number in range(len(chains)):
        at = chains[number, _FIRST]
        for _ in range(chains[number, _COUNT]):
            along_row = pool[at, lab.ALONG_ROW]
            region += along_row >= _BEGINS_REGION
            corners[place, lab.ROW] = pool[at, lab.ROW]
            corners[place, lab.COL] = pool[at, lab.COL]
            corners[place, lab.ALONG_ROW] = along_row % _BEGINS_REGION
            corners[place, lab.REGION] = region
            place, at = place + 1, pool[at, NEXT]


@kernel
def _copy(pool: Array, chains: Array, new: Array, used: int) -> int:  # pragma: no cover - compiled
    """Copy the corners of chains to another place from ``used`` on; returns the end of what is used there then."""
    for number in range(len(chains)):
        at = chains[number, _FIRST]
        chains[number, _FIRST] = used
        for _ in range(chains[number, _COUNT]):
            new[used] = pool[at]
            new[used, NEXT] = used + 1
            used, at = used + 1, pool[at, NEXT]
        chains[number, _LAST] = used - 1
    return used
