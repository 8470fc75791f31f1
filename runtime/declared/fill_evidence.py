"""Evidence of fill in a window of an image, by arrays alone; :mod:`landslip.runtime.declared.fill` judges it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.declared.fill import LEAST, REACH, RUN, TOLERANCE, Evidence, Fill
from landslip.runtime.geo.pixels import Pixels

HALO = REACH + 2
"""Pixels around a window that decide whether it is fill, where there is a tolerance."""
_SAMPLE = 4096
"""Most pixels of a window whose distance from the colour is kept."""

Mask = NDArray[np.bool_]


class Sides(NamedTuple):
    """Sides of a window that lie at the edge of the file."""

    top: bool
    left: bool
    bottom: bool
    right: bool


def grown(mask: Mask, reach: int) -> Mask:
    """A mask (rows, cols) and all pixels within ``reach`` of it, along rows, columns and both."""
    for axis in (0, 1):
        sums = np.cumsum(mask, axis=axis, dtype=np.int32)
        length = mask.shape[axis]
        ahead = np.minimum(np.arange(length) + reach, length - 1)
        behind = np.arange(length) - reach - 1
        counts = np.take(sums, ahead, axis=axis)
        counts -= np.take(sums, np.maximum(behind, 0), axis=axis) * _along(behind >= 0, axis)
        mask = counts > 0
    return mask


def in_pieces(mask: Mask, reach: int = 1) -> Mask:
    """The pixels of a mask (rows, cols) in full squares of ``2 reach + 1``; outside the array all counts as full."""
    return grown(~grown(~mask, reach), reach) & mask


def is_exactly(values: NDArray[Any], value: float) -> Mask:
    """Mask (rows, cols) of the pixels where all bands (bands, rows, cols) have a number."""
    found: Mask = values[0] == value
    for band in values[1:]:
        if not found.any():
            break
        found = found & (band == value)
    return found


def is_filled(values: NDArray[Any], fill: Fill) -> Mask:
    """Mask of an image (bands, rows, cols) where it is fill; with a tolerance :data:`HALO` pixels around it count."""
    if fill.any_band:
        return np.asarray((values == fill.value).any(axis=0))
    exact = is_exactly(values, fill.value)
    if not fill.tolerance or not exact.any():
        return exact
    return exact | (_distance(values, fill.value) <= fill.tolerance) & grown(in_pieces(exact), REACH)


def look(evidence: Evidence, stored: Pixels, sides: Sides) -> None:
    """Add to the evidence what a window shows.

    Args:
        evidence: of one colour.
        stored: numbers of the file; not valid where it declares that.
        sides: which sides of the window are edges of the file.
    """
    values, valid = stored
    exact = is_exactly(values, evidence.value)
    evidence.looked += int(np.count_nonzero(valid))
    if not exact.any():
        _glance(evidence, stored)
        return
    found = exact & valid
    evidence.count += int(np.count_nonzero(found))
    distance = _distance(values, evidence.value)
    other = valid & ~exact
    close = grown(in_pieces(exact), REACH)
    spoiled = exact
    if values.dtype == np.uint8:
        evidence.near = _added(evidence.near, (*_counted(distance, other & close), *_counted(distance, other & ~close)))
        spoiled = exact | (distance <= TOLERANCE) & close
    joined = _follow_edges(evidence, exact, spoiled, sides)
    evidence.joined += int(np.count_nonzero(joined & found))
    evidence.reached += int(np.count_nonzero(joined & valid))
    large = in_pieces(exact, 4) & ~joined
    evidence.large += int(np.count_nonzero(large & valid))
    outside = other & ~spoiled
    evidence.ground.append(_sample(distance, outside))
    for pieces, sample in ((joined, evidence.near_edge), (large & ~grown(joined, REACH), evidence.near_large)):
        # Not the next pixel, which may be mixed of both.
        sample.append(_sample(distance, _around(pieces, spoiled) & outside))
    if any(sides):
        evidence.scattered += int(np.count_nonzero(found & ~grown(joined, REACH)))


def _glance(evidence: Evidence, stored: Pixels) -> None:
    """Add what a window shows that has no pixel of the colour, from every few of its rows and columns."""
    step = max(1, math.isqrt(stored.valid.size // _SAMPLE))
    few, there = stored.values[:, ::step, ::step], stored.valid[::step, ::step]
    distance = _distance(few, evidence.value)
    evidence.ground.append(_sample(distance, there))
    close, others = _counted(distance, there)
    evidence.near = _added(evidence.near, (0, 0, close * step**2, others * step**2))


def _around(pieces: Mask, spoiled: Mask) -> Mask:
    """The second row of pixels around pieces and what is spoiled beside them."""
    pieces = pieces | spoiled & grown(pieces, REACH)
    return grown(pieces, 2) & ~grown(pieces, 1)


def _follow_edges(evidence: Evidence, exact: Mask, spoiled: Mask, sides: Sides) -> Mask:
    """Find what straight lines join to the edges of the file; how it lies there, and how its borders run."""
    joined = np.zeros_like(exact)
    for turns, at_edge in enumerate(sides):
        if not at_edge:
            continue
        # Each side in turn becomes the first row: top, left, bottom, right.
        turned = np.rot90(spoiled, -turns)
        run = _longest(np.rot90(exact, -turns)[0])
        evidence.run = max(evidence.run, run)
        evidence.long |= run >= max(LEAST, turned.shape[1] // 2)
        depth = np.logical_and.accumulate(turned, axis=0)
        depth &= _in_runs(depth[0])
        joined |= np.rot90(depth, turns)
        depths = np.count_nonzero(depth, axis=0)
        inside = (depths > 0) & (depths < turned.shape[0])
        bends = np.abs(np.diff(depths.astype(np.int64), 2))[inside[:-2] & inside[1:-1] & inside[2:]]
        evidence.lines += bends.size
        evidence.straight += int(np.count_nonzero(bends <= 1))
    return joined


def _in_runs(line: Mask) -> Mask:
    """The true values in runs of :data:`RUN` and more."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(np.int8)))
    kept = np.zeros_like(line)
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        kept[start:end] = end - start >= RUN
    return kept


def _longest(line: Mask) -> int:
    """The longest run of true values."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(np.int8)))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def _distance(values: NDArray[Any], value: float) -> NDArray[Any]:
    """Distance of the band that is furthest from the number: (rows, cols)."""
    dtype = np.dtype(np.int16) if values.dtype == np.uint8 else np.dtype(np.float32)
    furthest = np.zeros(values.shape[1:], dtype)
    with np.errstate(over="ignore"):
        for band in values:
            np.maximum(furthest, np.abs(band.astype(dtype) - dtype.type(value)), out=furthest)
    return furthest


def _counted(distance: NDArray[Any], where: Mask) -> tuple[int, int]:
    close = int(np.count_nonzero(where & (distance <= TOLERANCE)))
    return close, int(np.count_nonzero(where)) - close


def _sample(distance: NDArray[Any], where: Mask) -> NDArray[np.float64]:
    found = distance[where]
    return found[:: max(1, -(-found.size // _SAMPLE))].astype(np.float64)


def _added(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, int, int, int]:
    a, b, c, d = (x + y for x, y in zip(first, second, strict=True))
    return a, b, c, d


def _along(values: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    return values[:, None] if axis == 0 else values[None, :]
