"""How much GDAL has to remember so that each block of a file is decoded once.

A map is read in steps of some rows, source by source. The rows of a step seldom end where a row of blocks does, so the
blocks it ends in are needed again in the next step. They are still there when GDAL may keep all that a step touches.
"""

from __future__ import annotations

from landslip.runtime.grid import MapGrid
from landslip.runtime.raster import Raster
from landslip.runtime.resample import Lattice, Resampler


def kept_bytes(raster: Raster, grid: MapGrid, rows: int) -> int:
    """Bytes of the blocks that a step touches at the most.

    Args:
        raster: what is read.
        grid: the map.
        rows: height of a step in map rows.
    """
    resampler = Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, "bilinear")
    last = max(0, grid.height - rows)
    # A source may cover a part of the map, and lie askew to it.
    windows = [
        resampler.sampling(grid.rows(first, min(first + rows, grid.height))).source for first in {0, last // 2, last}
    ]
    return max((raster.block_bytes(window) for window in windows if window is not None), default=0)
