"""Cliffs that are none: unknown elevations written as 0 or as another number, and not declared as nodata."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.cell_size import CellSize
from landslip.runtime.elevation import Elevation
from landslip.runtime.errors import InputError
from landslip.runtime.gdal import RASTER_ERRORS, bounds_in, make_window
from landslip.runtime.grid import MapGrid
from landslip.runtime.raster import Raster

log = logging.getLogger(__name__)

SUSPECTS = (0, -9999, -32767, -32768, -3.4028234663852886e38)
"""What is written for unknown elevations; the last one is the lowest number in float32."""
SAMPLE = 4 << 20
"""Most pixels of an elevation model that are looked at."""
PIECE = 512
"""Edge of what is read at a time, pixels."""
LEAST_RISE = 100.0
"""Metres: a step to sea level that is lower may be a coast, a quay or a house."""
STEEP = math.tan(math.radians(80.0))
"""A rise per length that ground hardly has, and edges of a fill have all along."""
LEAST_PIXELS = 64
"""Fewer pixels of a value are left alone."""
LEAST_STEPS = 16
"""So many steep steps at least, ..."""
LEAST_SHARE = 0.2
"""... and such a share of all steps at the edges: along a coast most are low."""


def warn_of_cliffs(elevation: Elevation, grid: MapGrid) -> None:
    """Look for values that are not declared as nodata and lie all along a cliff; warn of each.

    Looks at up to :data:`SAMPLE` pixels near the map, spread evenly, in files that declare no nodata value and have
    no mask.
    """
    silent = [tile.raster for tile in elevation.tiles if tile.raster.nodata is None and not tile.raster.masked]
    for raster in silent:
        window = _near(raster, grid)
        if window is not None:
            _warn(raster, list(_pieces(window, SAMPLE // len(silent))))


def _warn(raster: Raster, pieces: list[Window]) -> None:
    middle = raster.height // 2
    wide, high = (abs(float(size[0])) for size in CellSize(raster).of_rows(middle, middle + 1))
    counts = dict.fromkeys(SUSPECTS, np.zeros(3, dtype=np.int64))
    for piece in pieces:
        try:
            values, valid = raster.read(piece, (1,))
        except InputError:
            continue  # said, or got over, when the map is made
        for suspect in SUSPECTS:
            counts[suspect] = counts[suspect] + _steps(values[0], valid, suspect, (wide, high))
    for suspect, (pixels, edges, steep) in counts.items():
        if pixels >= LEAST_PIXELS and steep >= max(LEAST_STEPS, LEAST_SHARE * edges):
            log.warning(
                "%s: %s declares no nodata value, and cliffs of over 80 degrees surround pixels of exactly %d: they "
                "look like unknown ground, which would be mapped as if it were seen. If so, give --dem-nodata %d.",
                raster.role, raster.path, suspect, suspect,
            )  # fmt: skip


def _steps(
    values: NDArray[np.generic], valid: NDArray[np.bool_], suspect: float, cell: tuple[float, float]
) -> NDArray[np.int64]:
    """How many pixels have the value, how many neighbours of them another, and how many of these lie behind a cliff."""
    found = valid & (values == suspect)
    edges = steep = 0
    if found.any():
        metres = np.where(valid, values, 0).astype(np.float64)
        for axis, length in ((1, cell[0]), (0, cell[1])):
            first, second = (_all_but(axis, end) for end in (-1, 0))
            edge = valid[first] & valid[second] & (found[first] != found[second])
            rise = np.abs(np.diff(metres, axis=axis))[edge]
            edges += rise.size
            steep += int(np.count_nonzero(rise >= max(LEAST_RISE, STEEP * length)))
    return np.array([np.count_nonzero(found), edges, steep])


def _all_but(axis: int, end: int) -> tuple[slice, ...]:
    part = slice(None, -1) if end else slice(1, None)
    return (part, slice(None)) if axis == 0 else (slice(None), part)


def _near(raster: Raster, grid: MapGrid) -> Window | None:
    """The part of a file that the map may need; all of it where that cannot be said."""
    try:
        left, bottom, right, top = bounds_in(grid.crs, grid.bounds, raster.crs)
    except RASTER_ERRORS:
        left, bottom, right, top = raster.bounds
    if not all(map(math.isfinite, (left, bottom, right, top))) or left > right:  # over the date line
        left, bottom, right, top = raster.bounds
    inverse = ~raster.transform
    cols, rows = zip(inverse @ (left, top), inverse @ (right, bottom), strict=True)
    first_col, last_col = max(0, math.floor(min(cols)) - 2), min(raster.width, math.ceil(max(cols)) + 2)
    first_row, last_row = max(0, math.floor(min(rows)) - 2), min(raster.height, math.ceil(max(rows)) + 2)
    if first_col >= last_col or first_row >= last_row:
        return None
    return make_window(first_col, first_row, last_col - first_col, last_row - first_row)


def _pieces(window: Window, budget: int) -> Iterator[Window]:
    """Squares of a window, all of them or as many as the budget allows, evenly spread."""
    col, row, width, height = (int(part) for part in window.flatten())
    down, across = math.ceil(height / PIECE), math.ceil(width / PIECE)
    total, count = down * across, max(1, budget // PIECE**2)
    for k in range(min(total, count)):
        i, j = divmod(k * total // min(total, count), across)
        first_row, first_col = row + i * PIECE, col + j * PIECE
        rows, cols = min(PIECE, row + height - first_row), min(PIECE, col + width - first_col)
        yield make_window(first_col, first_row, cols, rows)
