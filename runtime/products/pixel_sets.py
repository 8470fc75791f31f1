"""8-connected sets of pixels whose values lie in a range, in a map that comes in strips of rows.

What is kept between strips is one row of labels, and the corners and tallies of the sets that still touch it. So memory
grows with the width of the scene and the size of the sets under way, not with the height of the scene, and a set that
spans strips comes out whole, as if the map had come at once. A strip costs what is in it, however many corners the sets
under way have (:mod:`.open_corners`). The reasons are in ``docs/decisions/polygons.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.products import labels as lab
from landslip.runtime.products.open_corners import OpenCorners
from landslip.runtime.products.rings import multipolygons
from landslip.runtime.products.tallies import LAST_ROW, TALLIES, fold, tally_pixels

Array = NDArray[Any]

CORNERS_OF_RUN = 4
"""Corners that a horizontal run of pixels has at the most: one at each end of its upper edge and of its lower one."""

CORNERS_BELOW = 2
"""Corners of those along its lower edge."""


@dataclass(frozen=True)
class LabelledRows:
    """A strip of a map with the labels of its pixels."""

    first_row: int
    """Map row of the first one."""
    values: Array
    """uint8 (rows, width)."""
    labels: Array
    """int32 (rows, width), 0 for pixels of no set."""
    labels_above: Array
    """int32 (width,), of the row above the first one."""


Tally = Callable[[LabelledRows, Array], None]
"""Function that adds the pixels of labelled rows to the tallies of their labels: int64 (labels, TALLIES)."""


def count_pixels(rows: LabelledRows, tallies: Array) -> None:
    """:data:`Tally` of the number of pixels, their places and their values: the least that a tracer needs."""
    tally_pixels(rows.values, rows.labels, rows.first_row, tallies)


@dataclass(frozen=True)
class ClosedSets:
    """Sets that cannot grow any more, by last row, then by first pixel in row-major order."""

    tallies: Array
    """int64 (sets, TALLIES)."""
    corners: Array
    """int32 (corners, CORNER_FIELDS), in row-major order; REGION tells 4-connected regions apart, by first pixel."""
    owner: Array
    """int64 (corners,), the set each belongs to."""

    def __len__(self) -> int:
        return len(self.tallies)

    def where(self, kept: Array) -> ClosedSets:
        """The sets that a mask keeps: bool (sets,)."""
        if kept.all():
            return self
        rank = np.where(kept, np.cumsum(kept) - 1, -1)
        owner = rank[self.owner]
        return ClosedSets(self.tallies[kept], self.corners[owner >= 0], owner[owner >= 0])

    def outlines(self, transform: Affine) -> Array:
        """Outlines along pixel edges: object array (sets,) of ``shapely.MultiPolygon``.

        They are valid; parts that touch at a corner only are separate polygons.

        Args:
            transform: from (column, row) of the map to its coordinates.
        """
        return multipolygons(self.corners, self.owner, transform)


NONE_CLOSED = ClosedSets(
    np.empty((0, TALLIES), np.int64), np.empty((0, lab.CORNER_FIELDS), np.int32), np.empty(0, np.int64)
)
"""No sets."""


@dataclass(frozen=True)
class _Open:
    """State of the components that touch the last row seen. Labels 1..n are their regions there, by first pixel."""

    above: Array
    """int32 (width,), labels of the last row."""
    components: Array
    """int32 (n + 1,), root of each label."""
    tallies: Array
    """int64 (n + 1, TALLIES), at the roots."""


@dataclass(frozen=True)
class _Sets:
    """Labelled pixel sets, open and closed. Labels are 1..n, by first pixel; a set goes by its smallest."""

    regions: Array
    """int32 (n + 1,), which 4-connected set each label belongs to."""
    components: Array
    """int32 (n + 1,), which 8-connected set each label belongs to."""
    tallies: Array
    """int64 (n + 1, TALLIES), at the components."""
    last_labels: Array
    """int32 (width,), labels of the last row."""

    @property
    def open_regions(self) -> Array:
        """Mask of the labels by which regions go that touch the last row: bool (n + 1,)."""
        return _named(self.regions[self.last_labels], len(self.regions))

    @property
    def closed(self) -> Array:
        """Labels by which components go that do not touch the last row."""
        is_open = _named(self.components[self.last_labels], len(self.components))
        return np.flatnonzero((self.components == np.arange(len(self.components))) & ~is_open)[1:]


class SetTracer:
    """Tracer of the sets of pixels with values from ``low`` to ``high``; strips are handed to it from the top down."""

    def __init__(self, low: int, high: int, tally: Tally, further: int = 0) -> None:
        """Begin with nothing.

        Args:
            low: least value of a pixel that counts.
            high: greatest one, below 255.
            tally: counts what is wanted of the pixels; what :func:`count_pixels` counts at least.
            further: columns of a tally besides those of :mod:`.tallies`: sums.
        """
        self._low, self._high, self._tally, self._columns = low, high, tally, TALLIES + further
        self._open: _Open | None = None
        self._corners = OpenCorners()

    @property
    def open_corners(self) -> int:
        """Number of corners of the sets that may still grow."""
        return self._corners.count

    @property
    def moved_corners(self) -> int:
        """Number of corners of such sets that were moved so far, to make room or to fill gaps."""
        return self._corners.moved

    @property
    def is_open(self) -> bool:
        """Tell whether a set may still grow; where none does, strips without pixels that count may be left out."""
        return self._open is not None

    def take(self, first_row: int, values: Array) -> ClosedSets:
        """Add the next rows of the map, uint8 (rows, width); returns the sets that end before the last of them."""
        if not values.size or (self._open is None and not lab.count_runs(values, self._low, self._high)):
            return NONE_CLOSED
        sets = self._taken_in(self._open or _nothing_open(values.shape[1], self._columns), first_row, values)
        closed = _closed(sets, self._corners)
        self._open = _still_open(sets, self._corners)
        return closed

    def finish(self, next_row: int) -> ClosedSets:
        """End every set at a map row: what comes after touches nothing before."""
        if self._open is None:
            return NONE_CLOSED
        return self.take(next_row, np.full((1, len(self._open.above)), NOT_OBSERVED, dtype=np.uint8))

    def _taken_in(self, state: _Open, first_row: int, values: Array) -> _Sets:
        """Add rows to the open sets; the corners of regions that are complete with them go into their sets."""
        before = len(state.components) - 1
        runs = lab.count_runs(values, self._low, self._high)
        regions = np.arange(before + runs + 1, dtype=np.int32)
        components = regions.copy()
        components[: before + 1] = state.components
        labels = np.empty(values.shape, dtype=np.int32)
        used = lab.label_rows(values, self._low, self._high, state.above, before, labels, regions, components)
        regions, components = regions[: used + 1], components[: used + 1]
        lab.flatten(regions)
        lab.flatten(components)

        tallies = np.concatenate((state.tallies, np.zeros((used - before, self._columns), dtype=np.int64)))
        self._tally(LabelledRows(first_row, values, labels, state.above), tallies)
        fold(tallies, components)

        sets = _Sets(regions, components, tallies, labels[-1])
        most = CORNERS_OF_RUN * runs + CORNERS_BELOW * _runs(state.above)
        self._corners.join(regions, components)
        self._corners.find(labels, state.above, first_row, most, regions)
        self._corners.settle((regions == np.arange(len(regions))) & ~sets.open_regions, components)
        return sets


def _nothing_open(width: int, columns: int) -> _Open:
    return _Open(
        above=np.zeros(width, dtype=np.int32),
        components=np.zeros(1, dtype=np.int32),
        tallies=np.zeros((1, columns), dtype=np.int64),
    )


def _runs(labels: Array) -> int:
    """Number of horizontal runs in a row of labels."""
    return int(np.count_nonzero(np.diff(labels > 0, prepend=False, append=False))) // 2


def _named(labels: Array, count: int) -> Array:
    """Mask of the labels that occur, bool (count,); 0, the background, does not count."""
    found = np.zeros(count, dtype=bool)
    found[labels] = True
    found[0] = False
    return found


def _still_open(sets: _Sets, corners: OpenCorners) -> _Open | None:
    """Forget what cannot grow any more, and number the open regions anew; None where there are none."""
    kept = np.flatnonzero(sets.open_regions)
    roots, first, component = np.unique(sets.components[kept], return_index=True, return_inverse=True)
    corners.keep(kept, roots, first + 1)
    if not len(kept):
        return None
    renumbered = np.zeros(len(sets.regions), dtype=np.int32)
    renumbered[kept] = np.arange(1, len(kept) + 1)
    tallies = np.zeros((len(kept) + 1, sets.tallies.shape[1]), dtype=np.int64)
    tallies[first + 1] = sets.tallies[roots]
    return _Open(
        above=renumbered[sets.regions[sets.last_labels]],
        components=np.concatenate(([0], first[component] + 1)).astype(np.int32),
        tallies=tallies,
    )


def _closed(sets: _Sets, open_corners: OpenCorners) -> ClosedSets:
    """The components that cannot grow any more, by last row, then first pixel, which is where their first corner is."""
    roots = sets.closed
    if not len(roots):
        return NONE_CLOSED
    corners, owner = open_corners.read(roots)
    order = np.argsort(corners[:, lab.ROW].astype(np.int64) << 32 | corners[:, lab.COL], kind="stable")
    corners, owner = corners[order], owner[order]
    corners[:, lab.REGION] = _firsts(corners[:, lab.REGION])[corners[:, lab.REGION]]
    sorted_roots = np.lexsort((_firsts(owner), sets.tallies[roots, LAST_ROW]))
    rank = np.empty(len(roots), dtype=np.int64)
    rank[sorted_roots] = np.arange(len(roots))
    return ClosedSets(sets.tallies[roots[sorted_roots]], corners, rank[owner])


def _firsts(numbers: Array) -> Array:
    """Places where numbers come first, by number; they are 0, 1, … without gaps, in any order."""
    firsts = np.empty(numbers.max() + 1, dtype=np.int64)
    firsts[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)  # of equal ones, the last that is put stays
    return firsts
