"""True sizes of pixel sets: the scale of the projection at their place, which is their mean pixel.

Scale changes slowly: to the first order it is linear, and so the area of a set is that of its pixels at their mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.geo.geodesy import metres_per_unit
from landslip.runtime.geo.ground_area import GroundArea
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.pixel_sets import ClosedSets
from landslip.runtime.products.tallies import COL_SUM, PIXELS, ROW_SUM

Array = NDArray[Any]

_LATTICE = 9
"""Places along each side of the map where the largest pixel is looked for."""


class TrueSizes:
    """Areas and lengths on the ground of sets of pixels of one map grid."""

    def __init__(self, grid: MapGrid) -> None:
        """Take a grid in a projected CRS."""
        self._grid, self._area = grid, GroundArea(grid)
        rows, cols = np.meshgrid(np.linspace(0, grid.height, _LATTICE), np.linspace(0, grid.width, _LATTICE))
        # A set that is too small even where pixels are largest need not be measured.
        self._largest = 1.1 * float(np.max(self._area.of_pixels(rows, cols)))

    def at_least(self, sets: ClosedSets, square_metres: float) -> tuple[ClosedSets, NDArray[np.float64]]:
        """Sets from an area on, and the areas of these: float64 (n,), square metres."""
        if self._largest < np.inf:
            sets = sets.where(sets.tallies[:, PIXELS] * self._largest >= square_metres)
        areas = self.areas(sets.tallies)
        kept = areas >= square_metres
        return sets.where(kept), areas[kept]

    def areas(self, tallies: Array) -> NDArray[np.float64]:
        """Square metres of sets, float64 (n,), by their tallies (n, TALLIES)."""
        areas: NDArray[np.float64] = tallies[:, PIXELS] * self._area.of_pixels(*_means(tallies))
        return areas

    def places(self, tallies: Array) -> NDArray[np.float64]:
        """Map coordinates of the mean pixels of sets, float64 (n, 2), by their tallies (n, TALLIES)."""
        rows, cols = _means(tallies)
        transform = self._grid.transform
        return np.column_stack((transform.a * (cols + 0.5) + transform.c, transform.e * (rows + 0.5) + transform.f))

    def scales(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres on the ground per metre of the map along x and along y: float64 (n, 2), at places (n, 2)."""
        return np.column_stack(metres_per_unit(self._grid.crs, places[:, 0], places[:, 1]))


def _means(tallies: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return tallies[:, ROW_SUM] / tallies[:, PIXELS], tallies[:, COL_SUM] / tallies[:, PIXELS]
