"""Stitching of tiles of several classes: to the confidence of landslide, and to the class of each pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import EngineError
from landslip.runtime.tiling import kernels
from landslip.runtime.tiling.stitch import ROUNDING, TileSums
from landslip.runtime.tiling.tile_grid import TileGrid

MOST_OFF = 0.1
"""Most that the confidences of the classes of a pixel may add up to above or below 1: whole numbers of INT8 round."""


class ClassStitcher:
    """Blends tiles of several classes into strips of finished rows, as :class:`~.stitch.Stitcher` does those of one.

    Memory is ``classes x tile x width`` float32.
    """

    def __init__(
        self, grid: TileGrid, weights: NDArray[np.float64], is_landslide: Sequence[bool], *, slack: float = ROUNDING
    ) -> None:
        """Begin with nothing.

        Args:
            grid: the tiles.
            weights: (tile,) weights along one axis, the same for both.
            is_landslide: which of the classes mean landslide.
            slack: see :func:`landslip.runtime.tiling.kernels.to_percent`.
        """
        self._sums = TileSums(grid, weights, len(is_landslide))
        self._is_landslide, self._slack = np.array(is_landslide, dtype=np.bool_), slack

    def put(self, row: int, col: int, tile: NDArray[np.float32]) -> None:
        """Take the confidences (classes, tile, tile) of the tile at ``row``, ``col`` of the grid.

        Raises:
            EngineError: a value is not a number, or no confidence; or those of a pixel do not add up to 1.
        """
        for band, values in enumerate(tile):
            self._sums.add(row, col, values, band)
        off = np.sum(tile, axis=0) - 1
        if max(-float(off.min()), float(off.max())) > MOST_OFF:
            grid = self._sums.grid
            raise EngineError(
                f"The engine gave classes whose confidences add up to {off.min() + 1:.3g} to {off.max() + 1:.3g} for "
                f"the tile at map row {grid.rows[row]}, column {grid.cols[col]}, and not to 1.",
                'Describe the output with activation = "softmax", or without classes, and export the model again.',
            )

    def finish(self, row: int, valid: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The rows of the map that are final once tile row ``row`` is complete.

        Args:
            row: index of the tile row; rows finish in order.
            valid: (rows of ``grid.strip(row)``, width) which pixels were observed.

        Returns:
            Confidence of landslide, the sum over its classes, (rows, width) uint8 as :meth:`.Stitcher.finish` gives it;
            and the index of the class with the largest confidence, of equal ones the first, likewise, 255 where the
            confidence is 255.
        """
        sums, (first, last) = self._sums, self._sums.grid.strip(row)
        sums.complete(row)
        shape = (last - first, sums.grid.width)
        confidence, classes = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.uint8)
        kernels.join_classes(sums.values, first, self._is_landslide, confidence, classes)
        percent = np.empty(shape, dtype=np.uint8)
        kernels.to_percent(confidence, 0, valid & sums.reached(first, last), self._slack, percent)
        classes[percent == NOT_OBSERVED] = NOT_OBSERVED
        sums.clear(first, last)
        return percent, classes
