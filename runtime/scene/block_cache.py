"""Size of GDAL's block cache, which has to remember enough so that each block of a file is decoded once.

A map is read in steps of some rows, source by source. The rows of a step seldom end where a row of blocks does, so the
blocks it ends in are needed again in the next step. They are still there when GDAL may keep all that a step touches.
"""

from __future__ import annotations

import math

from landslip.runtime.geo.gridded import RasterLike
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import bounds_in
from landslip.runtime.geo.resampler import Lattice, Resampler


def cached_bytes(raster: RasterLike, grid: MapGrid, rows: int) -> int:
    """Bytes of the blocks that a step touches at the most.

    Args:
        raster: what is read.
        grid: the map.
        rows: height of a step in map rows.
    """
    resampler = Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, "bilinear")
    first, last = _shown(raster, grid)
    low = max(first, last - rows)
    # It may lie askew to the map, and more so in one place than in another.
    steps = [grid.rows(start, min(start + rows, last)) for start in (first, (first + low) // 2, low)]
    windows = [resampler.sampling(step).source for step in steps]
    return max((raster.block_bytes(window) for window in windows if window is not None), default=0)


def _shown(raster: RasterLike, grid: MapGrid) -> tuple[int, int]:
    """First and last (exclusive) map row that a raster shows; all of them where that cannot be said."""
    box, top = bounds_in(raster.crs, raster.bounds, grid.crs), grid.bounds[3]
    if not all(map(math.isfinite, box)):
        return 0, grid.height
    first, last = (math.floor((top - edge) / grid.resolution) for edge in (box[3], box[1]))
    first = min(max(first, 0), grid.height - 1)
    return first, max(first + 1, min(last + 1, grid.height))
