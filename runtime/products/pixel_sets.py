"""8-connected sets of pixels whose values lie in a range, in a map that comes in strips of rows.

What is kept between strips is one row of labels, and the corners and tallies of the sets that still touch it. So memory
grows with the width of the scene and the size of the sets under way, not with the height of the scene, and a set that
spans strips comes out whole, as if the map had come at once. The reasons are in ``docs/decisions/polygons.md``.
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
from landslip.runtime.products.rings import multipolygons
from landslip.runtime.products.tallies import LAST_ROW, TALLIES, fold, tally_pixels

Array = NDArray[Any]


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
    """int32 (corners, CORNER_FIELDS), by 4-connected region."""
    owner: Array
    """int64 (corners,), the set each belongs to."""

    def __len__(self) -> int:
        return len(self.tallies)

    def where(self, kept: Array) -> ClosedSets:
        """The sets that a mask keeps: bool (sets,)."""
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
    """State of the components that touch the last row seen. Labels 1..n are their regions, by first pixel."""

    above: Array
    """int32 (width,), labels of the last row."""
    components: Array
    """int32 (n + 1,), root of each label."""
    tallies: Array
    """int64 (n + 1, TALLIES), at the roots."""
    corners: Array
    """int32 (corners, CORNER_FIELDS)."""


@dataclass(frozen=True)
class _Sets:
    """Labelled pixel sets, open and closed. Labels are 1..n, by first pixel; a set goes by its smallest."""

    regions: Array
    """int32 (n + 1,), which 4-connected set each label belongs to."""
    components: Array
    """int32 (n + 1,), which 8-connected set each label belongs to."""
    tallies: Array
    """int64 (n + 1, TALLIES), at the components."""
    corners: Array
    """int32 (corners, CORNER_FIELDS), by region."""


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

    @property
    def open_corners(self) -> int:
        """Number of corners of the sets that may still grow."""
        return 0 if self._open is None else len(self._open.corners)

    @property
    def is_open(self) -> bool:
        """Tell whether a set may still grow; where none does, strips without pixels that count may be left out."""
        return self._open is not None

    def take(self, first_row: int, values: Array) -> ClosedSets:
        """Add the next rows of the map, uint8 (rows, width); returns the sets that end before the last of them."""
        if not values.size or (self._open is None and not lab.count_runs(values, self._low, self._high)):
            return NONE_CLOSED
        state = self._open or _nothing_open(values.shape[1], self._columns)
        sets, last_labels = self._taken_in(state, first_row, values)
        self._open = _still_open(sets, last_labels)
        return _closed(sets, last_labels)

    def finish(self, next_row: int) -> ClosedSets:
        """End every set at a map row: what comes after touches nothing before."""
        if self._open is None:
            return NONE_CLOSED
        return self.take(next_row, np.full((1, len(self._open.above)), NOT_OBSERVED, dtype=np.uint8))

    def _taken_in(self, state: _Open, first_row: int, values: Array) -> tuple[_Sets, Array]:
        """Add rows to the open sets; returns them, and the labels of the last row."""
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

        corners = np.concatenate((state.corners, _corners(labels, state.above, first_row)))
        corners[:, lab.REGION] = regions[corners[:, lab.REGION]]
        return _Sets(regions, components, tallies, corners), labels[-1]


def _nothing_open(width: int, columns: int) -> _Open:
    return _Open(
        above=np.zeros(width, dtype=np.int32),
        components=np.zeros(1, dtype=np.int32),
        tallies=np.zeros((1, columns), dtype=np.int64),
        corners=np.empty((0, lab.CORNER_FIELDS), dtype=np.int32),
    )


def _corners(labels: Array, above: Array, first_row: int) -> Array:
    none = np.empty((0, lab.CORNER_FIELDS), dtype=np.int32)
    count = lab.find_corners(labels, above, first_row, none)
    corners = np.empty((count, lab.CORNER_FIELDS), dtype=np.int32)
    lab.find_corners(labels, above, first_row, corners)
    return corners


def _is_open(sets: _Sets, last_labels: Array) -> Array:
    """Mask of the labels that belong to components that touch the last row: bool (n + 1,)."""
    touching = np.zeros(len(sets.components), dtype=bool)
    touching[sets.components[last_labels]] = True
    touching[0] = False
    return touching[sets.components]


def _still_open(sets: _Sets, last_labels: Array) -> _Open | None:
    """Forget the closed components and number the regions of the open ones anew; None where there are none."""
    is_open = _is_open(sets, last_labels)
    if not is_open.any():
        return None
    kept = is_open & (sets.regions == np.arange(len(sets.regions)))
    kept[0] = True  # the background stays 0
    renumbered = np.cumsum(kept, dtype=np.int32) - 1
    corners = sets.corners[is_open[sets.corners[:, lab.REGION]]]
    corners[:, lab.REGION] = renumbered[corners[:, lab.REGION]]
    return _Open(
        above=renumbered[sets.regions[last_labels]],
        components=renumbered[sets.components[kept]],
        tallies=sets.tallies[kept],
        corners=corners,
    )


def _closed(sets: _Sets, last_labels: Array) -> ClosedSets:
    """The components that cannot grow any more, by last row, then first pixel."""
    roots = np.flatnonzero((sets.components == np.arange(len(sets.components))) & ~_is_open(sets, last_labels))[1:]
    roots = roots[np.argsort(sets.tallies[roots, LAST_ROW], kind="stable")]
    rank = np.full(len(sets.components), -1)
    rank[roots] = np.arange(len(roots))
    owner = rank[sets.components[sets.corners[:, lab.REGION]]]
    return ClosedSets(sets.tallies[roots], sets.corners[owner >= 0], owner[owner >= 0])
