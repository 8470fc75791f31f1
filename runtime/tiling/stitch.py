"""Stitching of overlapping tiles to finished rows: weights, and the rolling sums of rows that are not final yet.

On a full grid of tiles the sum of separable weights is separable too, ``sum_kc wy_k wx_c = (sum_k wy_k)(sum_c wx_c)``.
So the 1-D weights are normalised once, per row and per column of the grid, and neither a weight map nor a division per
pixel is needed. A skipped tile keeps its place in that sum; it is harmless because only tiles without a single valid
pixel are skipped, and the pixels they cover are not observed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.errors import EngineError
from landslip.runtime.tiling import kernels
from landslip.runtime.tiling.tile_grid import TileGrid

LOWEST_WEIGHT = 1e-3
"""Gaussian weights are clamped here, in one dimension, so that a tile's far corner still counts."""

ROUNDING = 1e-4
"""Percent: above what blending in float32 loses, far below what a whole percent means."""


def gaussian_weights(tile: int) -> NDArray[np.float64]:
    """Gaussian importance along one axis, largest in the middle of a tile: (tile,) from ``LOWEST_WEIGHT`` to 1.

    Sigma is an eighth of the tile, as in nnU-Net (Isensee et al. 2021) and MONAI's ``mode="gaussian"``.
    """
    distance = np.arange(tile) - (tile - 1) / 2
    weights = np.exp(-0.5 * np.square(distance / (tile / 8)))
    clamped: NDArray[np.float64] = np.maximum(weights, LOWEST_WEIGHT)
    return clamped


def centre_weights(tile: int) -> NDArray[np.float64]:
    """1 in the central half of a tile and 0 outside: the authors' pasting, as weights along one axis."""
    weights = np.zeros(tile)
    weights[tile // 4 : tile // 4 + tile // 2] = 1.0
    return weights


def normalised(starts: tuple[int, ...], length: int, weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Weights divided by their sum over all tiles of the axis.

    Args:
        starts: where each tile starts along the axis.
        length: pixels of the map along the axis.
        weights: (tile,) weights of one tile.

    Returns:
        (len(starts), tile) float32; at each pixel of the map that a tile covers they sum to 1; 0 outside the map.
    """
    tile = len(weights)
    places = np.add.outer(np.asarray(starts, dtype=np.int64), np.arange(tile))
    inside = (places >= 0) & (places < length)
    spread = np.where(inside, weights, 0.0)
    total = np.zeros(length)
    np.add.at(total, places[inside], spread[inside])
    shares = np.divide(spread, total[np.clip(places, 0, length - 1)], out=np.zeros_like(spread), where=spread > 0)
    single: NDArray[np.float32] = shares.astype(np.float32)
    return single


def covered(starts: tuple[int, ...], length: int, weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mask of the pixels of an axis that some tile contributes to: (length,) bool."""
    hit = np.zeros(length, dtype=np.bool_)
    for start in starts:
        places = start + np.flatnonzero(weights)
        hit[places[(places >= 0) & (places < length)]] = True
    return hit


class TileSums:
    """Weighted sums of the map rows that later tiles still touch, of one band or several."""

    def __init__(self, grid: TileGrid, weights: NDArray[np.float64], bands: int = 1) -> None:
        """Begin with nothing.

        Args:
            grid: the tiles.
            weights: (tile,) weights along one axis, the same for both.
            bands: of what is added up.
        """
        self.grid = grid
        self.values = np.zeros((bands, grid.tile, grid.width), dtype=np.float32)
        """(bands, tile, width), map row ``r`` at ``r % tile``."""
        self._down = normalised(grid.rows, grid.height, weights)
        self._across = normalised(grid.cols, grid.width, weights)
        self._rows_covered = covered(grid.rows, grid.height, weights)
        self._cols_covered = covered(grid.cols, grid.width, weights)
        self._here = np.zeros(len(grid.cols), dtype=np.bool_)

    def add(self, row: int, col: int, tile: NDArray[np.float32], band: int = 0) -> None:
        """Add values (tile, tile) of the tile at ``row``, ``col`` of the grid to a band.

        Raises:
            EngineError: a value is not a number, or no confidence.
        """
        grid, sums = self.grid, self.values[band]
        top, left = grid.rows[row], grid.cols[col]
        if not kernels.add_tile(tile, top, left, self._down[row], self._across[col], grid.height, sums):
            raise EngineError(
                f"The engine gave values outside 0..1 for the tile at map row {top}, column {left} "
                f"(from {np.min(tile)} to {np.max(tile)}). "
                "The model is damaged or overflows in this precision: run it in fp32."
            )
        self._here[col] = True

    def complete(self, row: int) -> None:
        """Make NaN what tiles of a row that were not added would have contributed to."""
        grid = self.grid
        for col in np.flatnonzero(~self._here):
            for sums in self.values:
                kernels.strike_out(
                    grid.rows[row], grid.cols[col], self._down[row], self._across[col], grid.height, sums
                )

    def reached(self, first: int, last: int) -> NDArray[np.bool_]:
        """Mask of the pixels of map rows that some tile contributes to: (rows, width)."""
        mask: NDArray[np.bool_] = self._rows_covered[first:last, None] & self._cols_covered
        return mask

    def clear(self, first: int, last: int) -> None:
        """Forget map rows that are final, and which tiles of their row were added."""
        self.values[:, np.arange(first, last) % self.grid.tile] = 0.0
        self._here[:] = False


class Stitcher:
    """Blends tiles into strips of finished rows, holding only the sums of the rows that later tiles still touch.

    Tiles come in row-major order: :meth:`put` each predicted tile of a row, then :meth:`finish` the row. Each is added
    as it comes, so that every pixel has its sum in the same order whatever the batches. Memory is ``tile x width``
    float32, whatever the height of the map.
    """

    def __init__(self, grid: TileGrid, weights: NDArray[np.float64], *, slack: float = ROUNDING) -> None:
        """Begin with nothing.

        Args:
            grid: the tiles.
            weights: (tile,) weights along one axis, the same for both.
            slack: see :func:`landslip.runtime.tiling.kernels.to_percent`.
        """
        self._sums, self._slack = TileSums(grid, weights), slack

    def put(self, row: int, col: int, tile: NDArray[np.float32]) -> None:
        """Take the confidences (tile, tile) of the tile at ``row``, ``col`` of the grid.

        Raises:
            EngineError: a value is not a number, or no confidence.
        """
        self._sums.add(row, col, tile)

    def finish(self, row: int, valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The rows of the map that are final once tile row ``row`` is complete.

        Args:
            row: index of the tile row; rows finish in order.
            valid: (rows of ``grid.strip(row)``, width) which pixels were observed.

        Returns:
            (rows, width) uint8, 0..100 percent, 255 where not observed, not covered by a tile, or where a tile that was
            not predicted would have contributed.
        """
        sums, (first, last) = self._sums, self._sums.grid.strip(row)
        sums.complete(row)
        percent = np.empty((last - first, sums.grid.width), dtype=np.uint8)
        kernels.to_percent(sums.values[0], first, valid & sums.reached(first, last), self._slack, percent)
        sums.clear(first, last)
        return percent
