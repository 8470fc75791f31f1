"""One pass over a map, band by band: what lies under each known landslide, on each mapped one, and in each value.

Memory grows with the width of the map and the number of landslides, not with the map's height.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.geo.ground_area import CELL, GroundArea
from landslip.runtime.scoring.polygon_spans import END, FIRST, ROW, SHAPE, Ragged

Array = NDArray[Any]

PIXELS, INSIDE, OBSERVED, MAPPED, KNOWN_FIELDS = range(5)
"""Columns of the tallies of known landslides: all pixels, those in the area that is scored, those of them that were
observed, those of them in a mapped landslide; and their number."""
COVERED, MAPPED_FIELDS = 2, 3
"""Column of the tallies of mapped landslides behind ``PIXELS`` and ``INSIDE``: those of them in a known landslide."""

APART, HIDDEN, CLEAR = range(3)
"""States of a place: not in the area that is scored, not observed there, observed there."""


@dataclass(frozen=True)
class MapBand:
    """Rows of a map."""

    first_row: int
    """Map row of the first one."""
    values: NDArray[np.uint8]
    """(rows, width), 0..100, or 255 where not observed."""
    inside: NDArray[np.bool_]
    """(rows, width), True in the area that is scored."""


@dataclass(frozen=True)
class Tallies:
    """Tallies of a map's landslides and values."""

    known: Array
    """int64 (n, KNOWN_FIELDS)."""
    states: Array
    """int8 (n,), ``APART``, ``HIDDEN`` or ``CLEAR``: of a place in each known landslide."""
    labels: Array
    """int64 (n,), mapped landslide at that place, from 1; 0 where there is none."""
    mapped: Array
    """int64 (m, MAPPED_FIELDS)."""
    counts: Array
    """int64 (2, 256), how often each value occurs in the area that is scored, outside and inside known landslides."""
    areas: Array
    """float64 (2, 256), square metres of these."""


def tally(bands: Iterator[MapBand], known: Ragged, mapped: Ragged, places: Array, ground: GroundArea) -> Tallies:
    """Tally a map.

    Args:
        bands: all rows in order, ``CELL`` at a time.
        known: polygons of known landslides on the lattice; one without rings is a point.
        mapped: polygons of mapped landslides, which do not lie over each other.
        places: int64 (n, 2), (row, column) of a pixel in each known landslide; -1 where that is outside the map.
        ground: true areas of the map's pixels.
    """
    found = Tallies(
        np.zeros((len(places), KNOWN_FIELDS), dtype=np.int64),
        np.zeros(len(places), dtype=np.int8),
        np.zeros(len(places), dtype=np.int64),
        np.zeros((len(mapped.tops), MAPPED_FIELDS), dtype=np.int64),
        np.zeros((2, 256), dtype=np.int64),
        np.zeros((2, 256), dtype=np.float64),
    )
    for band in bands:
        _add(band, known, mapped, places, ground, found)
    return found


def _add(band: MapBand, known: Ragged, mapped: Ragged, places: Array, ground: GroundArea, found: Tallies) -> None:
    rows, width = band.values.shape
    labels = np.zeros((rows, width), dtype=np.int32)
    paint(mapped.spans(band.first_row, rows, width), labels)
    truth = np.zeros((rows, width), dtype=np.bool_)
    tally_known(known.spans(band.first_row, rows, width), band.values, band.inside, labels, truth, found.known)
    tally_mapped(labels, band.inside, truth, found.mapped)
    here = np.flatnonzero((places[:, 0] >= band.first_row) & (places[:, 0] < band.first_row + rows))
    at = (places[here, 0] - band.first_row, places[here, 1])
    found.labels[here] = labels[at]
    found.states[here] = np.where(band.inside[at], np.where(band.values[at] != NOT_OBSERVED, CLEAR, HIDDEN), APART)
    cells = np.zeros((-(-width // CELL), 2, 256), dtype=np.int64)
    count_cells(band.values, band.inside, truth, cells)
    starts = np.arange(len(cells)) * CELL
    middles = (starts + np.minimum(starts + CELL, width) - 1) / 2
    found.counts[:] += cells.sum(axis=0)
    found.areas[:] += np.tensordot(ground.of_pixels(band.first_row + (rows - 1) / 2, middles), cells, 1)


@kernel
def paint(spans: Array, labels: Array) -> None:  # pragma: no cover - compiled
    """Write the index of each polygon, from 1, into its pixels.

    Args:
        spans: int64 (n, SPAN_FIELDS).
        labels: int32 (rows, width), updated.
    """
    for i in range(spans.shape[0]):
        labels[spans[i, ROW], spans[i, FIRST] : spans[i, END]] = spans[i, SHAPE] + 1


@kernel
def tally_known(
    spans: Array, values: Array, inside: Array, labels: Array, truth: Array, tallies: Array
) -> None:  # pragma: no cover - compiled
    """Add the pixels of a band to the tallies of the known landslides that they lie in.

    Args:
        spans: int64 (n, SPAN_FIELDS) of known landslides.
        values: uint8 (rows, width).
        inside: bool (rows, width).
        labels: int32 (rows, width) of mapped landslides.
        truth: bool (rows, width), set to True in known landslides.
        tallies: int64 (known, KNOWN_FIELDS), updated.
    """
    for i in range(spans.shape[0]):
        row, shape = spans[i, ROW], spans[i, SHAPE]
        for col in range(spans[i, FIRST], spans[i, END]):
            truth[row, col] = True
            tallies[shape, PIXELS] += 1
            if inside[row, col]:
                tallies[shape, INSIDE] += 1
                if values[row, col] != NOT_OBSERVED:
                    tallies[shape, OBSERVED] += 1
                    tallies[shape, MAPPED] += labels[row, col] > 0


@kernel
def tally_mapped(labels: Array, inside: Array, truth: Array, tallies: Array) -> None:  # pragma: no cover - compiled
    """Add the pixels of a band to the tallies of the mapped landslides.

    Args:
        labels: int32 (rows, width).
        inside: bool (rows, width).
        truth: bool (rows, width), known landslides.
        tallies: int64 (mapped, MAPPED_FIELDS), updated.
    """
    for row in range(labels.shape[0]):
        for col in range(labels.shape[1]):
            label = labels[row, col]
            if label > 0:
                tallies[label - 1, PIXELS] += 1
                if inside[row, col]:
                    tallies[label - 1, INSIDE] += 1
                    tallies[label - 1, COVERED] += truth[row, col]


@kernel
def count_cells(values: Array, inside: Array, truth: Array, cells: Array) -> None:  # pragma: no cover - compiled
    """Count the values of a band in each of its cells.

    Args:
        values: uint8 (rows, width).
        inside: bool (rows, width), pixels that count.
        truth: bool (rows, width), known landslides.
        cells: int64 (cells, 2, 256), updated: by whether a pixel lies in a known landslide, and its value.
    """
    for row in range(values.shape[0]):
        for col in range(values.shape[1]):
            if inside[row, col]:
                cells[col // CELL, np.int64(truth[row, col]), values[row, col]] += 1
