"""Reasons why pixels of a map are not valid in an input, and which of several counts.

They are asked for only where a block has such pixels, and found from places and from what could not be read: values
are not looked at a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.confidence import DAMAGED, MASKED, NODATA, OBSERVED, OUTSIDE, VOID
from landslip.runtime.geo.gridded import Gapped
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.resampler import Resampler, Sampling
from landslip.runtime.geo.window_blocks import blocks
from landslip.runtime.geo.windows import make_window

PRECEDENCE = (OUTSIDE, DAMAGED, NODATA, MASKED, VOID)
"""Reasons, of which the first that holds counts."""

ReasonsOf = Callable[[Window], NDArray[np.uint8]]
"""Function from a window of the map grid to why its pixels are not valid in an input: codes (rows, cols). It says
nothing of the pixels that are."""

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
        rows, cols = _box(valid)
        found = _RANKS[reasons(_part(window, rows, cols))]
        found[valid[rows, cols]] = _NONE
        np.minimum(ranks[rows, cols], found, out=ranks[rows, cols])
    return _CODES[ranks]


def first_of(reasons: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Reasons that count of those of inputs that are valid together: codes (rows, cols)."""
    return reasons[0] if len(reasons) == 1 else _CODES[np.minimum.reduce([_RANKS[each] for each in reasons])]


def why_unknown(
    raster: Gapped, resampler: Resampler, window: Window, code: int, *, missed: int = OUTSIDE
) -> NDArray[np.uint8]:
    """Reasons why pixels of a raster on the map grid are not valid: codes (rows, cols).

    Args:
        raster: what is read.
        resampler: brings it onto the map grid.
        window: of the map grid.
        code: the reason where it reaches, and could be read.
        missed: the reason where it does not reach.
    """
    found = np.full((int(window.height), int(window.width)), missed, dtype=np.uint8)
    for block in blocks(resampler, window):
        reached = resampler.reached(block.sampling)
        codes = np.where(reached, np.uint8(code), np.uint8(missed))
        gaps = raster.gaps(block.source)
        if gaps is not None:
            codes[reached & _touched(resampler, block.sampling, gaps == DAMAGED)] = DAMAGED
            codes[reached & _touched(resampler, block.sampling, gaps == OUTSIDE)] = missed
        found[block.place] = codes
    return found


def outside(window: Window) -> NDArray[np.uint8]:
    """Reasons of what lies outside an area of interest: codes (rows, cols)."""
    return np.full((int(window.height), int(window.width)), OUTSIDE, dtype=np.uint8)


def _touched(resampler: Resampler, sampling: Sampling, pixels: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mask of the map pixels that would take some of these pixels of a source window."""
    values = np.zeros((1, *pixels.shape), dtype=np.uint8)
    return ~resampler.resample(sampling, Pixels(values, ~pixels)).valid


def _box(valid: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns around all pixels that are not valid, of which there are some."""
    rows, cols = np.flatnonzero(~valid.all(axis=1)), np.flatnonzero(~valid.all(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(cols[0]), int(cols[-1]) + 1)


def _part(window: Window, rows: slice, cols: slice) -> Window:
    """Some rows and columns of a window."""
    left, top = int(window.col_off) + cols.start, int(window.row_off) + rows.start
    return make_window(left, top, cols.stop - cols.start, rows.stop - rows.start)
