"""Reasons why pixels of a map are not valid in an input, and which of several counts.

They are asked for only where a block has such pixels, and found from places and from what could not be read: values
are not looked at a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import DAMAGED, MASKED, NODATA, OBSERVED, OUTSIDE, VOID
from landslip.runtime.geo.gridded import Gapped
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.resampler import Resampler, Sampling
from landslip.runtime.geo.window_blocks import blocks

Array = NDArray[Any]

PRECEDENCE = (OUTSIDE, DAMAGED, NODATA, MASKED, VOID)
"""Reasons, of which the first that holds counts."""

Reasons: TypeAlias = "NDArray[np.uint8] | int"
"""Codes of the pixels of a window, (rows, cols), or one for all of them."""

ReasonsOf = Callable[[Window], Reasons]
"""Function from a window of the map grid to why its pixels are not valid in an input; it says nothing of those that
are."""

_NONE = len(PRECEDENCE)
_RANKS = np.full(256, _NONE, dtype=np.uint8)
_RANKS[list(PRECEDENCE)] = np.arange(_NONE)
_CODES = np.array([*PRECEDENCE, OBSERVED], dtype=np.uint8)


class Unknown(NamedTuple):
    """An input of which pixels are not valid."""

    reasons: ReasonsOf
    """Reasons of it."""
    valid: NDArray[np.bool_]
    """(rows, cols) of a window: which pixels are."""


def first_reasons(window: Window, unknown: Sequence[Unknown]) -> NDArray[np.uint8] | None:
    """Reasons that count on a window of the map grid, (rows, cols): 0 where all inputs are valid.

    Args:
        window: of the map grid.
        unknown: the inputs that have pixels in it that are not valid.

    Returns:
        None where there are no such inputs.
    """
    if not unknown:
        return None
    ranks = np.full((int(window.height), int(window.width)), _NONE, dtype=np.uint8)
    for reasons, valid in unknown:
        found = reasons(window)
        if isinstance(found, int):
            keep_rank(valid, _RANKS[found], ranks)
        else:
            keep_ranks(valid, found, _RANKS, ranks)
    translate(ranks, _CODES)
    return ranks


def first_of(reasons: Sequence[Reasons]) -> Reasons:
    """Reasons that count of those of inputs that are valid together."""
    ranks = [_RANKS[each] for each in reasons]
    first: NDArray[np.uint8] = _CODES[reduce(np.minimum, ranks)]
    return first if first.ndim else int(first)


def why_unknown(raster: Gapped, resampler: Resampler, window: Window, code: int, *, missed: int = OUTSIDE) -> Reasons:
    """Reasons why pixels of a raster on the map grid are not valid.

    Args:
        raster: what is read.
        resampler: brings it onto the map grid.
        window: of the map grid.
        code: the reason where it reaches, and could be read.
        missed: the reason where it does not reach.
    """
    if code == missed and raster.gapless:
        return code
    found = np.full((int(window.height), int(window.width)), missed, dtype=np.uint8)
    for block in blocks(resampler, window):
        reached = resampler.reached(block.sampling)
        gaps = raster.gaps(block.source)
        if gaps is None and reached.shape == found.shape and reached.all():
            return code
        codes = np.where(reached, np.uint8(code), np.uint8(missed))
        if gaps is not None:
            codes[reached & _touched(resampler, block.sampling, gaps == DAMAGED)] = DAMAGED
            codes[reached & _touched(resampler, block.sampling, gaps == OUTSIDE)] = missed
        found[block.place] = codes
    return found


def outside(window: Window) -> int:
    """Reason of all that lies outside an area of interest, whatever the window."""
    del window
    return OUTSIDE


def _touched(resampler: Resampler, sampling: Sampling, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask of the map pixels that would take some of these pixels of a source window."""
    values = np.zeros((1, *pixels.shape), dtype=np.uint8)
    return ~resampler.resample(sampling, Pixels(values, ~pixels)).valid


@kernel
def keep_rank(valid: Array, rank: int, ranks: Array) -> None:  # pragma: no cover - compiled
    """Lower ranks (rows, cols) to one rank where pixels are not valid."""
    for row in range(ranks.shape[0]):
        line, known = ranks[row], valid[row]
        for col in range(len(line)):
            line[col] = min(line[col], np.uint8(255) if known[col] else rank)


@kernel
def keep_ranks(valid: Array, codes: Array, table: Array, ranks: Array) -> None:  # pragma: no cover - compiled
    """Lower ranks (rows, cols) to those of codes (rows, cols), by a table, where pixels are not valid."""
    for row in range(ranks.shape[0]):
        line, known, found = ranks[row], valid[row], codes[row]
        for col in range(len(line)):
            if not known[col]:
                line[col] = min(line[col], table[found[col]])


@kernel
def translate(values: Array, table: Array) -> None:  # pragma: no cover - compiled
    """Replace values (rows, cols) by what a table has for them."""
    for row in range(values.shape[0]):
        line = values[row]
        for col in range(len(line)):
            line[col] = table[line[col]]
