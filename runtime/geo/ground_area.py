"""True area of map pixels on the ground: a square metre of a projection is hardly ever one of ground.

In a UTM zone a pixel is up to 0.2 % larger or smaller than its grid says. Totals are whole numbers of pixels in cells
of the map, times the area of a pixel in the middle of each cell: so they do not depend on how the map was cut.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from landslip.runtime.geo.geodesy import geocentric
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import to_degrees

CELL = 256
"""Edge of a cell in pixels; cells begin at the upper left corner of the map."""

_STEP = 50.0
"""Metres of the projection to each side, over which its scale is measured."""


class GroundArea:
    """Areas on the WGS 84 ellipsoid of the pixels of a map grid."""

    def __init__(self, grid: MapGrid) -> None:
        """Take a grid, in any CRS that is related to the globe."""
        self._grid = grid
        self.cells = math.ceil(grid.height / CELL), math.ceil(grid.width / CELL)
        """Rows and columns of cells."""

    def of_pixels(self, rows: ArrayLike, cols: ArrayLike) -> NDArray[np.float64]:
        """Square metres of ground in one pixel, at each of some places.

        Args:
            rows: of the map, in any shape; 0 is the middle of the first row, and fractions lie in between.
            cols: of the map, likewise.

        Returns:
            float64 in the common shape. The parallelogram that the x and the y axis of the projection span there, by
            central differences: a pixel is a part of a plane. NaN where the projection has no place.
        """
        transform = self._grid.transform
        down, across = np.broadcast_arrays(np.asarray(rows, dtype=np.float64), np.asarray(cols, dtype=np.float64))
        xs = transform.a * (across + 0.5) + transform.c
        ys = transform.e * (down + 0.5) + transform.f
        along_x = self._points(xs + _STEP, ys) - self._points(xs - _STEP, ys)
        along_y = self._points(xs, ys + _STEP) - self._points(xs, ys - _STEP)
        spanned: NDArray[np.float64] = np.linalg.norm(np.cross(along_x, along_y), axis=-1)
        return spanned / (2 * _STEP) ** 2 * abs(transform.determinant)

    def total(self, counts: NDArray[np.int64]) -> float:
        """Square metres of ground in pixels that are counted by cell: (cell rows, cell columns)."""
        rows, cols = np.nonzero(counts)
        each = self.of_pixels(_middles(rows, self._grid.height), _middles(cols, self._grid.width))
        return math.fsum((counts[rows, cols] * each).tolist())

    def _points(self, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places in space, (..., 3) metres: there is no date line in it, and no pole."""
        found = to_degrees(self._grid.crs, xs.ravel(), ys.ravel())
        with np.errstate(invalid="ignore"):  # places that the globe does not have
            return geocentric(*(np.asarray(part).reshape(xs.shape) for part in found))


def _middles(cells: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """Row or column in the middle of some cells, of which the last ends with the map."""
    return (cells * CELL + np.minimum(cells * CELL + CELL, length) - 1) / 2
