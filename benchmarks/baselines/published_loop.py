"""The published way to map: a Keras model, whole rasters in memory, one tile at a time, centres pasted.

Source: ``LS_mapping.ipynb`` of Prakash, Manconi & Loew (2021), doi:10.1038/s41598-021-89015-8. Two things make it
faster here than there: the model has none of the four outputs that mapping does not use, and the rasters lie on the
map's grid already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

TILE, HOP = 224, 112
"""Pixels: edge of a tile, and the distance between tiles."""

CORE = slice(TILE // 4, TILE // 4 + HOP)
"""The part of a tile that is pasted."""

_DIVISORS = {"pre": 127.5, "post": 127.5, "hillshade": 127.5, "slope": 45.0}
"""The network takes ``value / divisor - 1``."""


@dataclass(frozen=True)
class PublishedInputs:
    """Rasters as the notebook holds them: whole, scaled, bands last."""

    rasters: tuple[NDArray[Any], ...]
    """Image before (rows, cols, 3), image after (rows, cols, 3), [hillshade, slope] (rows, cols, 2); or one raster, as
    it was read, for each input of a network that scales by itself."""
    valid: NDArray[np.bool_]
    """(rows, cols) not masked, and inside the region of interest."""


def published_edge(along: int) -> int:
    """The fewest pixels along an edge for so many tiles; the loop leaves a pixel before the first and two behind."""
    return TILE + (along - 1) * HOP + 3


def first_pixels(length: int) -> list[int]:
    """First pixels of the tiles along an edge of so many pixels."""
    return [y - HOP for y in range(HOP + 1, length - HOP - 1, HOP)]


def published_inputs(arrays: Mapping[str, NDArray[Any]], valid: NDArray[np.bool_] | None = None) -> PublishedInputs:
    """Scale rasters as the notebook does.

    Args:
        arrays: (bands, rows, cols) in raw units: ``pre``, ``post``, ``hillshade``, ``slope``.
        valid: (rows, cols) where a map is wanted; everywhere when not given.
    """
    before, after, shade, slope = (_scaled(arrays[name], divisor) for name, divisor in _DIVISORS.items())
    valid = np.ones(slope.shape[:2], np.bool_) if valid is None else valid
    return PublishedInputs((before, after, np.concatenate([shade, slope], axis=-1)), valid)


def published_map(
    model: Any, inputs: PublishedInputs, *, batch: int = 1, most: int | None = None
) -> tuple[NDArray[np.uint8], int]:
    """Map by the published loop.

    Args:
        model: with ``predict`` as Keras has it: the network of the HDF5 file, or a stand-in.
        inputs: the rasters.
        batch: tiles per call of ``model.predict``; the notebook has 1.
        most: tiles after which to stop; all when not given.

    Returns:
        Percent (rows, cols) uint8, 0 where nothing was mapped, and how many tiles were predicted.
    """
    landslide = np.zeros(inputs.valid.shape, np.float32)
    tiles = 0
    corners = islice(_corners(inputs.valid), most)
    while group := list(islice(corners, batch)):
        windows = [(slice(row, row + TILE), slice(col, col + TILE)) for row, col in group]
        cut = [np.stack([raster[window] for window in windows]) for raster in inputs.rasters]
        confidence = model.predict(cut, batch_size=batch, verbose=0)
        for window, tile in zip(windows, confidence, strict=True):
            landslide[window][CORE, CORE] = tile[CORE, CORE, 0]
        tiles += len(group)
    return (landslide * 100).astype(np.uint8) * inputs.valid, tiles


def _scaled(raw: NDArray[Any], divisor: float) -> NDArray[np.float32]:
    values: NDArray[np.float32] = np.moveaxis(raw, 0, -1).astype(np.float32) / np.float32(divisor) - np.float32(1)
    return values


def _corners(valid: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Upper left corners of the tiles that are predicted: at least half of their pixels are valid."""
    height, width = valid.shape
    for row in first_pixels(height):
        for col in first_pixels(width):
            if np.count_nonzero(valid[row : row + TILE, col : col + TILE]) >= 0.5 * TILE * TILE:
                yield row, col
