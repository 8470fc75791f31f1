"""Landslides as polygons, traced while the map is being made.

Rows of the finished map come in strips. The result does not depend on how the map is cut into them, not in a vertex,
not in the last bit of a mean, not in the order: by last row, then by first pixel in row-major order. The reasons for a
tracer of our own are in ``docs/decisions/polygons.md``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.windows import make_window
from landslip.runtime.products import tallies as tal
from landslip.runtime.products.attributes import Attributes, Dates
from landslip.runtime.products.ground_values import GroundOf, GroundValues
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.pixel_sets import ClosedSets, LabelledRows, SetTracer, count_pixels
from landslip.runtime.products.true_sizes import TrueSizes
from landslip.runtime.system.beside import beside

Array = NDArray[Any]

HIGHEST = 100
"""Percent: what is above is no confidence."""

GROUND_BLOCK = 256
"""Columns of a block of the ground; blocks begin at the left border of the map."""

GROUND_BLOCKS = 8
"""Neighbouring blocks of the ground, counted from the left border, that are asked for in one window at the most."""

GROUND_TOGETHER = 8
"""Most windows of the ground that are asked for side by side, and held."""


@dataclass(frozen=True)
class Strip:
    """Full-width rows of the map that are final together."""

    first_row: int
    """Map row of the first one."""
    confidence: NDArray[np.uint8]
    """(rows, width), 0..100, or 255 where not observed."""
    classes: NDArray[np.uint8] | None = None
    """(rows, width), index of the class of each pixel, or 255 where not observed; None where none are told apart."""

    @property
    def end(self) -> int:
        """Map row after the last one."""
        return self.first_row + len(self.confidence)


class Tracer:
    """Tracer of the landslides of a map whose strips are handed to it from the top down, without gaps."""

    def __init__(
        self,
        grid: MapGrid,
        *,
        level: int,
        min_area: float = 0.0,
        ground_of: GroundOf | None = None,
        dates: Dates = (None, None),
        classes: Sequence[ClassSpec] = (),
    ) -> None:
        """Begin with nothing.

        Args:
            grid: the map.
            level: confidence 1..100 from which on a pixel counts.
            min_area: smaller landslides are left out, square metres on the ground.
            ground_of: asked for the ground of those blocks of a strip that have landslides in them, before the next
                strip is taken; None where nothing is known of it.
            dates: between which the landslides happened.
            classes: those that strips tell apart, in the order of their numbers.

        Raises:
            UsageError: ``level`` is out of range.
        """
        if not 1 <= level <= HIGHEST:
            raise UsageError(f"A confidence level of {level} cannot be traced: give a whole number from 1 to 100.")
        self._sets = SetTracer(level, HIGHEST, self._tally, len(classes))
        self._attributes = Attributes(grid, dates, classes)
        self._classes: Array | None = None  # of the strip that is being taken
        self._min_area, self._ground_of = min_area, ground_of
        self._next_row: int | None = None
        self._above = np.full(grid.width, NOT_OBSERVED, dtype=np.uint8)  # beyond the border nothing is observed

    def take(self, strip: Strip) -> list[Landslide]:
        """Add the next strip; returns the landslides that cannot grow any more.

        Raises:
            UsageError: it does not follow the one before, or the ground has another shape.
        """
        return self.landslides(self.closed_by(strip))

    def finish(self) -> list[Landslide]:
        """End the map; returns the landslides that reach its last row."""
        return self.landslides(self.closed_by_end())

    def closed_by(self, strip: Strip) -> ClosedSets:
        """Add the next strip; returns the sets of pixels that cannot grow any more.

        Raises:
            UsageError: see :meth:`take`.
        """
        self._check_follows(strip)
        self._next_row, self._classes = strip.end, strip.classes
        return self._closed(strip.first_row, strip.confidence)

    def closed_by_end(self) -> ClosedSets:
        """End the map; returns the sets of pixels that reach its last row."""
        beyond = np.full((1, len(self._above)), NOT_OBSERVED, dtype=np.uint8)
        self._classes = None
        return self._closed(self._next_row or 0, beyond)

    def landslides(self, closed: ClosedSets) -> list[Landslide]:
        """The landslides that sets are which cannot grow any more; another thread may add strips meanwhile."""
        return self._attributes.landslides(closed, self._min_area)

    def _closed(self, first_row: int, confidence: Array) -> ClosedSets:
        closed = self._sets.take(first_row, confidence)
        if len(confidence):
            self._above = confidence[-1].copy()
        return closed

    def _check_follows(self, strip: Strip) -> None:
        row, width = self._next_row, len(self._above)
        due = (strip.first_row if row is None else row, width)
        found = (strip.first_row, strip.confidence.shape[1])
        if due != found:
            raise UsageError(
                f"Map rows to trace have to follow one another: the strip at row {found[0]} with {found[1]} columns "
                f"came where row {due[0]} with {due[1]} columns was due."
            )

    def _tally(self, rows: LabelledRows, tallies: Array) -> None:
        count_pixels(rows, tallies)
        tal.tally_edge(rows.values, rows.labels, self._above, rows.labels_above, tallies)
        if self._classes is not None:
            tal.tally_classes(self._classes, rows.labels, tallies)
        if self._ground_of is None:
            return
        windows = list(_windows_with_labels(rows))
        for first in range(0, len(windows), GROUND_TOGETHER):
            some = windows[first : first + GROUND_TOGETHER]
            for window, ground in zip(some, beside(self._ground_of, some), strict=True):
                _tally_ground(_checked(ground, window), window, rows.labels, tallies)


def trace(
    strips: Iterable[Strip],
    grid: MapGrid,
    *,
    level: int,
    min_area: float = 0.0,
    ground_of: GroundOf | None = None,
    dates: Dates = (None, None),
    classes: Sequence[ClassSpec] = (),
) -> Iterator[Landslide]:
    """Trace the landslides of a map; each is given out as soon as it cannot grow any more.

    Args:
        strips: the rows of the map from top to bottom, without gaps.
        grid: see :class:`Tracer` for this and the others.
        level: confidence from which on a pixel counts.
        min_area: smaller landslides are left out.
        ground_of: asked for the ground of a strip before the next one is taken.
        dates: between which the landslides happened.
        classes: those that strips tell apart, in the order of their numbers.

    Raises:
        UsageError: ``level`` is out of range, or strips do not follow one another.
    """
    tracer = Tracer(grid, level=level, min_area=min_area, ground_of=ground_of, dates=dates, classes=classes)
    for strip in strips:
        yield from tracer.take(strip)
    yield from tracer.finish()


def trace_outlines(
    strips: Iterable[Strip], grid: MapGrid, transform: Affine, *, level: int, min_area: float = 0.0
) -> Iterator[Any]:
    """Trace the landslides of a map for their outlines alone: those of :func:`trace`, in its order.

    Args:
        strips: the rows of the map from top to bottom, without gaps.
        grid: the map.
        transform: from (column, row) of the map to the coordinates of the outlines.
        level: confidence from which on a pixel counts.
        min_area: smaller landslides are left out, square metres on the ground.

    Yields:
        ``shapely.MultiPolygon``.
    """
    sets, sizes, next_row = SetTracer(level, HIGHEST, count_pixels), TrueSizes(grid), 0
    for strip in strips:
        yield from sizes.at_least(sets.take(strip.first_row, strip.confidence), min_area)[0].outlines(transform)
        next_row = strip.end
    yield from sizes.at_least(sets.finish(next_row), min_area)[0].outlines(transform)


def _windows_with_labels(rows: LabelledRows) -> Iterator[Window]:
    """Windows of whole column blocks that hold labels; neighbours come together, as :data:`GROUND_BLOCKS` allows."""
    width = rows.labels.shape[1]
    starts = np.arange(0, width, GROUND_BLOCK)
    held = np.logical_or.reduceat(rows.labels.any(axis=0), starts)
    turns = np.flatnonzero(np.diff(held, prepend=False, append=False))
    for begin, end in turns.reshape(-1, 2).tolist():
        cuts = [begin, *range(begin - begin % GROUND_BLOCKS + GROUND_BLOCKS, end, GROUND_BLOCKS), end]
        for first, last in itertools.pairwise(cuts):
            left = first * GROUND_BLOCK
            yield make_window(left, rows.first_row, min(last * GROUND_BLOCK, width) - left, len(rows.labels))


def _checked(ground: GroundValues, window: Window) -> GroundValues:
    shape = (window.height, window.width)
    for values in (ground.elevation, ground.slope, ground.rise_east, ground.rise_north):
        if values is not None and values.shape != shape:
            raise UsageError(
                f"Map rows from {window.row_off} on have ground of shape {values.shape} for a window of shape {shape}: "
                "give one value per pixel."
            )
    return ground


def _tally_ground(ground: GroundValues, window: Window, labels: Array, tallies: Array) -> None:
    first_row, first_col = int(window.row_off), int(window.col_off)
    if ground.elevation is not None:
        tal.tally_elevation(_plain(ground.elevation), labels, first_row, first_col, tallies)
    if ground.slope is not None:
        tal.tally_slope(_plain(ground.slope), labels, first_col, tallies)
    if ground.rise_east is not None and ground.rise_north is not None:
        tal.tally_rise(_plain(ground.rise_east), _plain(ground.rise_north), labels, first_col, tallies)


def _plain(values: Array) -> Array:
    """Values as the kernels are compiled for."""
    return np.ascontiguousarray(values, dtype=np.float32)
