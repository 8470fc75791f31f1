"""Small pictures of a whole scene, collected from its rows as they pass by, so that nothing is read twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.grid import MapGrid
from landslip.runtime.kernels import NOT_OBSERVED

EDGE = 1024
"""Longest edge of a picture in pixels."""


class Thumbnails:
    """Reduced images and confidence of one map."""

    def __init__(self, grid: MapGrid) -> None:
        """Choose the reduction for a map."""
        self._step = max(1, -(-max(grid.height, grid.width) // EDGE))
        shape = (-(-grid.height // self._step), -(-grid.width // self._step))
        self._images: dict[str, NDArray[np.uint8]] = {}
        # One more than the percentage, so that 0 can mean that nothing was observed and the largest value wins.
        self._confidence = np.zeros(shape, dtype=np.uint8)

    def add_image(self, name: str, first_row: int, rows: NDArray[np.uint8]) -> None:
        """Take image rows (3, rows, width); every ``step``-th pixel is kept."""
        image = self._images.setdefault(name, np.zeros((3, *self._confidence.shape), dtype=np.uint8))
        start = -first_row % self._step
        kept = rows[:, start :: self._step, :: self._step]
        place = (first_row + start) // self._step
        image[:, place : place + kept.shape[1]] = kept

    def add_confidence(self, first_row: int, percent: NDArray[np.uint8]) -> None:
        """Take finished rows (rows, width); a reduced pixel shows the highest confidence in it."""
        shifted = np.where(percent == NOT_OBSERVED, np.uint8(0), percent + np.uint8(1))
        across = np.maximum.reduceat(shifted, np.arange(0, shifted.shape[1], self._step), axis=1)
        target = (first_row + np.arange(len(across))) // self._step
        np.maximum.at(self._confidence, target, across)

    def image(self, name: str) -> NDArray[np.uint8]:
        """A reduced image: (3, h, w)."""
        empty = np.zeros((3, *self._confidence.shape), dtype=np.uint8)
        return self._images.get(name, empty)

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """(h, w) 0..100, 255 where nothing was observed."""
        return np.where(self._confidence == 0, np.uint8(NOT_OBSERVED), self._confidence - np.uint8(1))
