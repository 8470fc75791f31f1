"""Score of a map against landslides that are known: one pass over the map, and its landslides against theirs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.access.location import as_area, as_location, is_folder, local_path
from landslip.runtime.confidence import LOWEST_THRESHOLD, level_of
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.ground_area import GroundArea
from landslip.runtime.run.finished_run import FinishedRun, open_finished_run
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_names import CONFIDENCE
from landslip.runtime.scene.area import Area, open_area
from landslip.runtime.scoring.given_truth import TOLERANCE, Truth
from landslip.runtime.scoring.inventory import Inventory, read_inventory
from landslip.runtime.scoring.inventory_dates import Interval
from landslip.runtime.scoring.landslide_counts import KnownFound, MappedRight, count_by_size, count_landslides
from landslip.runtime.scoring.map_tallies import (
    APART,
    CLEAR,
    COVERED,
    INSIDE,
    MAPPED,
    OBSERVED,
    PIXELS,
    MapBand,
    Tallies,
    tally,
)
from landslip.runtime.scoring.polygon_spans import Ragged
from landslip.runtime.scoring.score_types import Score, ScoredAreas
from landslip.runtime.scoring.scored_map import ScoredMap, opened_map
from landslip.runtime.scoring.thresholds import average_precision, scores_at, threshold_scores

Array = NDArray[Any]

_ANY_TIME = Interval()
_MIN_AREA = 400.0
"""Square metres of the least landslide in a map whose record is not there; the default of ``landslip map``."""


@dataclass(frozen=True)
class MapMade:
    """Map, and what is known of how it was made."""

    path: Path
    """Path of its ``confidence.tif``."""
    threshold: float = 0.5
    """Confidence from which on a pixel counts as mapped."""
    min_area: float = _MIN_AREA
    """Square metres of the least landslide."""
    interval: Interval = _ANY_TIME
    """Days between which its landslides came down."""


def score(
    confidence: MapResult | str | os.PathLike[str],
    truth: str | os.PathLike[str],
    *,
    threshold: float | None = None,
    layer: str | None = None,
    truth_crs: str | None = None,
    date_field: str | None = None,
    within: str | os.PathLike[str] | Sequence[float] | None = None,
    tolerance: float = TOLERANCE,
) -> Score:
    """Score a map against landslides that are known.

    Args:
        confidence: a finished map, its folder, or its ``confidence.tif`` alone.
        truth: polygons of the known landslides, or points, in any CRS; a pixel counts when its centre is inside.
        threshold: confidence from which on a pixel counts as mapped, 0.01..1; by default that of a finished map, and
            0.5 for a file.
        layer: layer of the inventory; by default the only one of polygons, or the only one of points.
        truth_crs: coordinate reference system of an inventory that states none, or a wrong one.
        date_field: attribute with the day of each landslide: those outside the interval between the images are left
            out and counted.
        within: area in which the inventory is complete: polygons, a raster, or a box in degrees, as the text
            ``W,S,E,N`` or as these four numbers.
        tolerance: metres from a point within which a mapped landslide counts as the known one.

    Raises:
        UsageError: an option is out of range, or names what the inventory has not.
        InputMissingError: a file is not there.
        InputError: a file cannot be used.
        ConnectionLostError: a file is behind a connection that cannot be made.
    """
    area = None if within is None else as_area(within)
    known = Truth(as_location(truth), layer, truth_crs, date_field, area, tolerance)
    if isinstance(confidence, MapResult):
        return score_run(FinishedRun(confidence.out, confidence.record), known, threshold)
    path = local_path(confidence, "confidence")
    if is_folder(path):
        return score_run(open_finished_run(path), known, threshold)
    return scored(MapMade(path), known, threshold)


def score_map(confidence: Path, truth: Path, threshold: float = 0.5) -> Score:
    """Score a ``confidence.tif`` against known landslides; errors as for :func:`score`."""
    return scored(MapMade(confidence), Truth(truth), threshold)


def scored(made: MapMade, truth: Truth, threshold: float | None = None) -> Score:
    """Score a map; arguments and errors as for :func:`score`."""
    threshold = made.threshold if threshold is None else threshold
    if not LOWEST_THRESHOLD <= threshold <= 1.0:
        raise UsageError(
            f"A threshold of {threshold:g} is out of range: give a confidence from 0.01 to 1.", option="threshold"
        )
    level = level_of(threshold)
    with opened_map(made.path) as opened, contextlib.ExitStack() as stack:
        inventory = read_inventory(truth, opened.grid, made.interval)
        area = None if truth.within is None else open_area(truth.within, stack)
        if area is not None:
            area.align(opened.grid)
        shapes = opened.landslides(level, made.min_area)
        outlines, ground = Ragged.of(shapes), GroundArea(opened.grid)
        tallies = tally(_bands(opened, area), inventory.outlines, outlines, inventory.places, ground)
    near = _Near.of(inventory, shapes, tallies, truth.tolerance / opened.grid.resolution)
    known, mapped = _known(inventory, tallies, near, ground), _mapped(shapes, tallies, near, ground)
    by_pixels = not inventory.is_point.any()
    counts = tallies.counts if by_pixels else np.zeros_like(tallies.counts)
    matrix = scores_at(counts, level)
    return Score(
        matrix.true_positive,
        matrix.false_positive,
        matrix.false_negative,
        matrix.true_negative,
        threshold=threshold,
        min_area_m2=made.min_area,
        landslides=count_landslides(known, mapped),
        by_size=count_by_size(known, mapped),
        inventory=inventory.used,
        areas=_areas(tallies.areas, level) if by_pixels else None,
        thresholds=threshold_scores(counts, tallies.areas) if by_pixels else (),
        average_precision=average_precision(counts),
    )


def score_run(run: FinishedRun, truth: Truth, threshold: float | None = None) -> Score:
    """Score a finished run; arguments and errors as for :func:`score`."""
    record, interval = run.record, Interval.of(run.date_from, run.date_to)
    made = MapMade(run.path(CONFIDENCE), record.threshold, record.min_area_m2, interval)
    return scored(made, truth, threshold)


def _bands(opened: ScoredMap, area: Area | None) -> Iterator[MapBand]:
    for first, values in opened.bands():
        inside = np.ones(values.shape, dtype=np.bool_)
        if area is not None:
            inside = area.valid(opened.grid.rows(first, first + len(values)))
        yield MapBand(first, values, inside)


@dataclass(frozen=True)
class _Near:
    """Landslides that agree by their places, beyond what pixels tell."""

    known: NDArray[np.bool_]
    """(n,) True for a known landslide that a mapped one holds, or is near to."""
    mapped: NDArray[np.bool_]
    """(m,) True for a mapped landslide that holds a known one, or is near to it."""

    @classmethod
    def of(cls, inventory: Inventory, shapes: Array, tallies: Tallies, distance: float) -> _Near:
        """Compare places: of points within a distance in pixels; of polygons that hold no centre of a pixel exactly."""
        small = tallies.known[:, PIXELS] == 0
        known = small & (tallies.labels > 0)
        mapped = np.zeros(len(shapes), dtype=np.bool_)
        mapped[tallies.labels[known] - 1] = True
        points = np.flatnonzero(inventory.is_point)
        if distance > 0 and len(points) and len(shapes):
            places = inventory.shapes[points]
            near, _ = shapely.STRtree(shapes).query_nearest(places, max_distance=distance, all_matches=False)
            known[points[near]] = True
            near, _ = shapely.STRtree(places).query_nearest(shapes, max_distance=distance, all_matches=False)
            mapped[near] = True
        return cls(known, mapped)


def _known(inventory: Inventory, tallies: Tallies, near: _Near, ground: GroundArea) -> KnownFound:
    """The known landslides of which at least half lies where the inventory is complete."""
    pixels, inside, observed, mapped = tallies.known[:, [PIXELS, INSIDE, OBSERVED, MAPPED]].T
    has_pixels = pixels > 0
    counts = np.where(has_pixels, 2 * inside >= pixels, tallies.states != APART)
    seen = np.where(has_pixels, 2 * observed >= inside, tallies.states == CLEAR)
    share = np.where(has_pixels, inside / np.maximum(pixels, 1), 1.0)
    areas = shapely.area(inventory.shapes) * share * ground.of_pixels(*inventory.places.T)
    areas[inventory.is_point] = np.nan
    found = np.where(has_pixels, mapped > 0, near.known)
    half = None
    if not inventory.is_point.any():
        half = np.where(has_pixels, (mapped > 0) & (2 * mapped >= observed), near.known)[counts]
    return KnownFound(areas[counts], seen[counts], found[counts], half)


def _mapped(shapes: Array, tallies: Tallies, near: _Near, ground: GroundArea) -> MappedRight:
    """The mapped landslides of which at least half lies where the inventory is complete."""
    pixels, inside, covered = tallies.mapped[:, [PIXELS, INSIDE, COVERED]].T
    counts = 2 * inside >= pixels
    inner = shapely.point_on_surface(shapes)
    areas = inside * ground.of_pixels(-shapely.get_y(inner) - 0.5, shapely.get_x(inner) - 0.5)
    right = (covered > 0) | near.mapped
    return MappedRight(areas[counts], right[counts], (2 * covered >= inside)[counts])


def _areas(areas: NDArray[np.float64], level: int) -> ScoredAreas:
    of_all, mapped = areas[:, :101].sum(axis=1) / 1e6, areas[:, level:101].sum(axis=1) / 1e6
    return ScoredAreas(float(of_all.sum()), float(of_all[1]), float(mapped.sum()), float(mapped[1]))
