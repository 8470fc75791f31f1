"""Landslides as polygons, traced while the map is being made.

Rows of the finished map come in strips; what is kept between strips is one row of labels, and the corners and tallies
of the landslides that still touch it. So memory grows with the width of the scene and the size of the landslides under
way, not with the height of the scene, and a landslide that spans strips comes out whole, as if the map had come at
once. The reasons are in ``docs/decisions/polygons.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import UsageError
from landslip.runtime.products import labels as lab
from landslip.runtime.products.rings import multipolygons

Array = NDArray[Any]


SlopeOf = Callable[[int, int], NDArray[np.float32]]
"""Function from the first map row and the one after the last to slopes in degrees (rows, width), NaN (or anything
outside 0..90) where not valid."""


@dataclass(frozen=True)
class Strip:
    """Full-width rows of the map that are final together."""

    first_row: int
    """Map row of the first one."""
    confidence: NDArray[np.uint8]
    """(rows, width), 0..100, or 255 where not observed."""

    @property
    def end(self) -> int:
        """Map row after the last one."""
        return self.first_row + len(self.confidence)


@dataclass(frozen=True)
class Landslide:
    """An 8-connected set of map pixels at or above a confidence level."""

    geometry: shapely.MultiPolygon
    """Outline along pixel edges in map coordinates, valid; parts that touch at a corner only are separate polygons."""
    pixels: int
    """Number of map pixels."""
    area_m2: float
    """Area in square metres of the map grid."""
    confidence_mean: float
    """Mean confidence of its pixels, 0..1."""
    confidence_max: float
    """Highest confidence of its pixels, 0..1."""
    slope_mean: float | None
    """Mean slope in degrees over the pixels whose slope is known (to 1e-6); None where that is no pixel."""


@dataclass(frozen=True)
class _Open:
    """State of the components that touch the last row seen. Labels 1..n are their regions, by first pixel."""

    next_row: int
    """Map row that has to come next."""
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


def trace(
    strips: Iterable[Strip], *, level: int, min_pixels: int, transform: Affine, slope_of: SlopeOf | None = None
) -> Iterator[Landslide]:
    """Trace the landslides of a map.

    A landslide is given out as soon as it cannot grow any more. The result does not depend on how the map is cut into
    strips, not in a vertex, not in the last bit of a mean, not in the order: by last row, then by first pixel in
    row-major order.

    Args:
        strips: the rows of the map from top to bottom, without gaps.
        level: confidence 1..100 from which on a pixel counts.
        min_pixels: smaller landslides are left out.
        transform: from (column, row) of the map to its coordinates in metres.
        slope_of: asked for the slope of a strip that has landslides in it, before the next strip is taken; None where
            the scene has no slope.

    Raises:
        UsageError: ``level`` is out of range, or strips do not follow one another.
    """
    if not 1 <= level <= 100:
        raise UsageError(f"A confidence level of {level} cannot be traced: give a whole number from 1 to 100.")
    state: _Open | None = None
    for strip in strips:
        state = state or _nothing_open(strip.first_row, strip.confidence.shape[1])
        _check_follows(state, strip)
        if not strip.confidence.size or (len(state.components) == 1 and not lab.count_runs(strip.confidence, level)):
            state = replace(state, next_row=strip.end)
            continue
        sets, last_labels = _take_in(state, strip, level, slope_of)
        yield from _closed(sets, last_labels, min_pixels, transform)
        state = _still_open(sets, last_labels, strip.end)
    if state and len(state.components) > 1:
        beyond = np.full((1, len(state.above)), NOT_OBSERVED, dtype=np.uint8)
        sets, last_labels = _take_in(state, Strip(state.next_row, beyond), level, None)
        yield from _closed(sets, last_labels, min_pixels, transform)


def _nothing_open(next_row: int, width: int) -> _Open:
    return _Open(
        next_row=next_row,
        above=np.zeros(width, dtype=np.int32),
        components=np.zeros(1, dtype=np.int32),
        tallies=np.zeros((1, lab.TALLIES), dtype=np.int64),
        corners=np.empty((0, lab.CORNER_FIELDS), dtype=np.int32),
    )


def _check_follows(state: _Open, strip: Strip) -> None:
    expected, found = (state.next_row, len(state.above)), (strip.first_row, strip.confidence.shape[1])
    if expected != found:
        raise UsageError(
            f"Map rows to trace have to follow one another: the strip at row {found[0]} with {found[1]} columns came "
            f"where row {expected[0]} with {expected[1]} columns was due."
        )


def _take_in(state: _Open, strip: Strip, level: int, slope_of: SlopeOf | None) -> tuple[_Sets, Array]:
    """Add a strip to the open sets; returns them, and the labels of the strip's last row."""
    before = len(state.components) - 1
    regions = np.arange(before + lab.count_runs(strip.confidence, level) + 1, dtype=np.int32)
    components = regions.copy()
    components[: before + 1] = state.components
    labels = np.empty(strip.confidence.shape, dtype=np.int32)
    used = lab.label_rows(strip.confidence, level, state.above, before, labels, regions, components)
    regions, components = regions[: used + 1], components[: used + 1]
    lab.flatten(regions)
    lab.flatten(components)

    tallies = np.concatenate((state.tallies, np.zeros((used - before, lab.TALLIES), dtype=np.int64)))
    lab.tally_confidence(strip.confidence, labels, strip.first_row, tallies)
    if slope_of is not None and labels.any():
        lab.tally_slope(_slope(strip, slope_of), labels, tallies)
    lab.fold(tallies, components)

    corners = np.concatenate((state.corners, _corners(labels, state.above, strip.first_row)))
    corners[:, lab.REGION] = regions[corners[:, lab.REGION]]
    return _Sets(regions, components, tallies, corners), labels[-1]


def _slope(strip: Strip, slope_of: SlopeOf) -> Array:
    slope: Array = slope_of(strip.first_row, strip.end)
    if slope.shape != strip.confidence.shape:
        raise UsageError(
            f"Map rows from {strip.first_row} on have slopes of shape {slope.shape} for confidences of shape "
            f"{strip.confidence.shape}: give one slope per pixel."
        )
    return slope


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


def _still_open(sets: _Sets, last_labels: Array, next_row: int) -> _Open:
    """Forget the closed components and number the regions of the open ones anew."""
    kept = _is_open(sets, last_labels) & (sets.regions == np.arange(len(sets.regions)))
    kept[0] = True  # the background stays 0
    renumbered = np.cumsum(kept, dtype=np.int32) - 1
    corners = sets.corners[_is_open(sets, last_labels)[sets.corners[:, lab.REGION]]]
    corners[:, lab.REGION] = renumbered[corners[:, lab.REGION]]
    return _Open(
        next_row=next_row,
        above=renumbered[sets.regions[last_labels]],
        components=renumbered[sets.components[kept]],
        tallies=sets.tallies[kept],
        corners=corners,
    )


def _closed(sets: _Sets, last_labels: Array, min_pixels: int, transform: Affine) -> Iterator[Landslide]:
    """The components that cannot grow any more, by last row, then first pixel."""
    finished = (sets.components == np.arange(len(sets.components))) & ~_is_open(sets, last_labels)
    finished &= sets.tallies[:, lab.PIXELS] >= max(min_pixels, 1)
    roots = np.flatnonzero(finished)
    roots = roots[np.argsort(sets.tallies[roots, lab.LAST_ROW], kind="stable")]
    rank = np.full(len(sets.components), -1)
    rank[roots] = np.arange(len(roots))
    owner = rank[sets.components[sets.corners[:, lab.REGION]]]
    shapes = multipolygons(sets.corners[owner >= 0], owner[owner >= 0], transform)
    pixel_area = abs(transform.determinant)
    for shape, tally in zip(shapes, sets.tallies[roots].tolist(), strict=True):
        yield _landslide(shape, tally, pixel_area)


def _landslide(shape: shapely.MultiPolygon, tally: list[int], pixel_area: float) -> Landslide:
    pixels, slopes = tally[lab.PIXELS], tally[lab.SLOPE_PIXELS]
    return Landslide(
        geometry=shape,
        pixels=pixels,
        area_m2=pixels * pixel_area,
        confidence_mean=tally[lab.CONFIDENCE_SUM] / (100 * pixels),
        confidence_max=tally[lab.CONFIDENCE_MAX] / 100,
        slope_mean=tally[lab.SLOPE_SUM] / (lab.SLOPE_UNIT * slopes) if slopes else None,
    )
