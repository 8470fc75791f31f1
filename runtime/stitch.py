"""From overlapping tiles to finished rows: weights, and the rolling register of tile rows.

On a full grid of tiles the sum of separable weights is separable too, ``sum_kc wy_k wx_c = (sum_k wy_k)(sum_c wx_c)``.
So the 1-D weights are normalised once, per row and per column of the grid, and neither a weight map nor a division per
pixel is needed. A skipped tile keeps its place in that sum; it is harmless because only tiles without a single valid
pixel are skipped, and the pixels they cover are not observed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime import kernels
from landslip.runtime.errors import EngineError
from landslip.runtime.grid import TileGrid

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
    """Which pixels of an axis some tile contributes to: (length,) bool."""
    hit = np.zeros(length, dtype=np.bool_)
    for start in starts:
        places = start + np.flatnonzero(weights)
        hit[places[(places >= 0) & (places < length)]] = True
    return hit


class Stitcher:
    """Blends tiles into finished bands of rows, holding only the tile rows that still touch unfinished ones.

    Tiles come in row-major order: :meth:`put` each predicted tile of a row, then :meth:`finish` the row. Memory is
    ``depth x columns x tile x tile`` float32, whatever the height of the map.
    """

    def __init__(self, grid: TileGrid, weights: NDArray[np.float64], *, slack: float = ROUNDING) -> None:
        """Set up an empty register.

        Args:
            grid: the tiles.
            weights: (tile,) weights along one axis, the same for both.
            slack: see :func:`landslip.runtime.kernels.to_percent`.
        """
        self._grid = grid
        self._slack = slack
        self._row_weights = normalised(grid.rows, grid.height, weights)
        self._col_weights = normalised(grid.cols, grid.width, weights)
        self._rows = np.asarray(grid.rows, dtype=np.int64)
        self._cols = np.asarray(grid.cols, dtype=np.int64)
        self._rows_covered = covered(grid.rows, grid.height, weights)
        self._cols_covered = covered(grid.cols, grid.width, weights)
        self._tiles = np.empty((grid.depth, len(grid.cols), grid.tile, grid.tile), dtype=np.float32)
        self._predicted = np.zeros(self._tiles.shape[:2], dtype=np.bool_)

    def put(self, row: int, col: int, tile: NDArray[np.float32]) -> None:
        """Take the confidences (tile, tile) of the tile at ``row``, ``col`` of the grid.

        Raises:
            EngineError: a value is not a number, or no confidence.
        """
        slot = row % len(self._tiles)
        if not kernels.store_tile(tile, self._tiles[slot, col]):
            raise EngineError(
                f"The engine gave values outside 0..1 for the tile at map row {self._grid.rows[row]}, "
                f"column {self._grid.cols[col]} (from {np.min(tile)} to {np.max(tile)}). "
                "The model is damaged or overflows in this precision: run it in fp32."
            )
        self._predicted[slot, col] = True

    def finish(self, row: int, valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The rows of the map that are final once tile row ``row`` is complete.

        Args:
            row: index of the tile row; rows finish in order.
            valid: (rows of ``grid.band(row)``, width) which pixels were observed.

        Returns:
            (rows, width) uint8, 0..100 percent, 255 where not observed or not covered by a tile.
        """
        first, last = self._grid.band(row)
        blended = self.blend(row, first, last)
        percent = np.empty(blended.shape, dtype=np.uint8)
        reached = valid & self._rows_covered[first:last, None] & self._cols_covered
        kernels.to_percent(blended, reached, self._slack, percent)
        # The next row to come takes the slot of the oldest one.
        self._predicted[(row + 1) % len(self._tiles)] = False
        return percent

    def blend(self, row: int, first: int, last: int) -> NDArray[np.float32]:
        """The weighted mean over map rows ``first`` to ``last`` from the tile rows up to ``row``: (rows, width)."""
        out = np.empty((last - first, self._grid.width), dtype=np.float32)
        rows = np.arange(self._grid.first_row_touching(row), row + 1)
        kernels.blend_rows(
            self._tiles,
            self._predicted,
            rows % len(self._tiles),
            self._rows[rows],
            self._row_weights[rows],
            self._cols,
            self._col_weights,
            first,
            out,
        )
        return out
