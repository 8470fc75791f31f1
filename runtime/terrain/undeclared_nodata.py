"""Cliffs that are none: unknown elevations written as 0 or as another number, and not declared as nodata."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.cell_size import CellSize
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.overlap import windows_under
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window
from landslip.runtime.rasters.raster import Raster

log = logging.getLogger(__name__)

SUSPECTS = (0, -999, 9999, -9999, -32767, -32768, 32767, 65535)
"""Numbers written for unknown elevations. In metres all but 0 are no heights of ground, and unknown without a word."""
BLOCK_EDGE = 512
"""Edge of what is read at a time, pixels."""
LEAST_RISE = 100.0
"""Metres: a step to sea level that is lower may be a coast, a quay or a house."""
STEEP = math.tan(math.radians(80.0))
"""A rise per length that ground hardly has, and edges of a fill have all along."""
LEAST_PIXELS = 64
"""Fewer pixels of a value are left alone."""
LEAST_STEPS = 16
"""Number of steep steps at least, ..."""
LEAST_SHARE = 0.2
"""... and such a share of all steps at the edges: along a coast most are low."""


class Cliffs:
    """Values of a file that are not declared as nodata and lie all along a cliff."""

    def __init__(self, raster: Raster) -> None:
        """Begin without pixels of a file."""
        self._raster = raster
        middle = raster.height // 2
        wide, high = (abs(float(size[0])) for size in CellSize(raster).of_rows(middle, middle + 1))
        self._cell = (wide, high)
        self._counts = dict.fromkeys(SUSPECTS, np.zeros(3, dtype=np.int64))

    def add(self, stored: NDArray[np.generic], heights: Pixels) -> None:
        """Look at a block: numbers (rows, cols) as stored, and the heights (1, rows, cols) in metres that they are."""
        for suspect in self._counts:
            found = heights.valid & (stored == suspect)
            self._counts[suspect] = self._counts[suspect] + _steps(heights, found, self._cell)

    def warn(self) -> None:
        """Warn of each value that looks like unknown ground."""
        for suspect, (pixels, edges, steep) in self._counts.items():
            if pixels >= LEAST_PIXELS and steep >= max(LEAST_STEPS, LEAST_SHARE * edges):
                log.warning(
                    "%s: %s does not declare %d as nodata, and cliffs of over 80 degrees surround pixels of exactly "
                    "%d: they look like unknown ground, which would be mapped as if it were seen. If so, give "
                    "`dem_nodata` %d.", self._raster.role, self._raster.path, suspect, suspect, suspect,
                )  # fmt: skip


def _steps(heights: Pixels, found: NDArray[np.bool_], cell: tuple[float, float]) -> NDArray[np.int64]:
    """Count the pixels that have the value, their neighbours of another, and how many of these lie behind a cliff."""
    edges = steep = 0
    if found.any():
        metres, valid = np.where(heights.valid, heights.values[0], np.float32(0)), heights.valid
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


def near(raster: Raster, grid: MapGrid) -> list[Window]:
    """The parts of a file that the map may need; all of it where that cannot be said."""
    try:
        return windows_under(raster, grid.crs, grid.bounds, margin=2)
    except RASTER_ERRORS:
        return [make_window(0, 0, raster.width, raster.height)]


def blocks_of(window: Window, budget: int) -> Iterator[Window]:
    """Squares of a window, all of them or as many as the budget allows, evenly spread."""
    col, row, width, height = (int(part) for part in window.flatten())
    down, across = math.ceil(height / BLOCK_EDGE), math.ceil(width / BLOCK_EDGE)
    total, count = down * across, max(1, budget // BLOCK_EDGE**2)
    for k in range(min(total, count)):
        i, j = divmod(k * total // min(total, count), across)
        first_row, first_col = row + i * BLOCK_EDGE, col + j * BLOCK_EDGE
        rows, cols = min(BLOCK_EDGE, row + height - first_row), min(BLOCK_EDGE, col + width - first_col)
        yield make_window(first_col, first_row, cols, rows)
