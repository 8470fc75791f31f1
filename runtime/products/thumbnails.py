"""Small pictures of a whole scene, collected from its rows as they pass by, so that nothing is read twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.geo.map_grid import MapGrid

EDGE = 1024
"""Longest edge of a picture in pixels."""


class Thumbnails:
    """Reduced images and confidence of one map."""

    def __init__(self, grid: MapGrid) -> None:
        """Choose the reduction for a map."""
        self.step = max(1, -(-max(grid.height, grid.width) // EDGE))
        """Rows and columns of the map that make one of a picture."""
        shape = (-(-grid.height // self.step), -(-grid.width // self.step))
        self._images: dict[str, NDArray[np.uint8]] = {}
        # One more than the percentage, so that 0 can mean that nothing was observed and the largest value wins.
        self._confidence = np.zeros(shape, dtype=np.uint8)
        self.classes: NDArray[np.uint8] | None = None
        """(h, w) class of the pixel with the highest confidence, of equal ones the first; None where none came."""

    def add_image(self, name: str, first_row: int, rows: NDArray[np.uint8]) -> None:
        """Take image rows (3, rows, width); every ``step``-th pixel is kept."""
        image = self.image(name)
        start = -first_row % self.step
        kept = rows[:, start :: self.step, :: self.step]
        place = (first_row + start) // self.step
        image[:, place : place + kept.shape[1]] = kept

    def add_confidence(
        self, first_row: int, percent: NDArray[np.uint8], classes: NDArray[np.uint8] | None = None
    ) -> None:
        """Take finished rows (rows, width); a reduced pixel shows the highest confidence in it, and its class."""
        if classes is None:
            keep_largest(percent, first_row, self.step, self._confidence)
            return
        if self.classes is None:
            self.classes = np.full(self._confidence.shape, NOT_OBSERVED, dtype=np.uint8)
        keep_surest(percent, classes, first_row, self.step, self._confidence, self.classes)

    def image(self, name: str) -> NDArray[np.uint8]:
        """A reduced image: (3, h, w), 0 where nothing was added yet."""
        return self._images.setdefault(name, np.zeros((3, *self._confidence.shape), dtype=np.uint8))

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """(h, w) 0..100, 255 where nothing was observed."""
        return np.where(self._confidence == 0, np.uint8(NOT_OBSERVED), self._confidence - np.uint8(1))

    def rows_for(self, rows: int) -> int:
        """Rows of the reduced images that the first ``rows`` rows of the map make complete."""
        return -(-rows // self.step)

    @property
    def width(self) -> int:
        """Columns of the pictures."""
        return self._confidence.shape[1]


@kernel
def keep_largest(
    percent: NDArray[np.uint8], first_row: int, step: int, out: NDArray[np.uint8]
) -> None:  # pragma: no cover - compiled
    """Raise reduced pixels to the largest confidence in them.

    Args:
        percent: (rows, width) uint8, 255 where not observed.
        first_row: map row of the first one.
        step: rows and columns of the map that make a reduced pixel.
        out: (h, w) uint8, one more than the percentage, 0 where nothing was observed; updated.
    """
    width = percent.shape[1]
    for i in range(percent.shape[0]):
        line = out[(first_row + i) // step]
        for x in range(len(line)):
            most = np.uint8(0)
            for value in percent[i, x * step : min((x + 1) * step, width)]:
                most = max(most, np.uint8(value + 1))  # 255 becomes 0
            line[x] = max(line[x], most)


@kernel
def keep_surest(
    percent: NDArray[np.uint8],
    classes: NDArray[np.uint8],
    first_row: int,
    step: int,
    out: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
) -> None:  # pragma: no cover - compiled
    """Raise reduced pixels to the largest confidence in them, as :func:`keep_largest` does, and keep its class.

    Args:
        percent: (rows, width) uint8, 255 where not observed.
        classes: (rows, width) uint8.
        first_row: map row of the first one.
        step: rows and columns of the map that make a reduced pixel.
        out: (h, w) uint8, one more than the percentage, 0 where nothing was observed; updated.
        kinds: (h, w) uint8, class of the first pixel that has it; updated.
    """
    width = percent.shape[1]
    for i in range(percent.shape[0]):
        row = (first_row + i) // step
        for col in range(width):
            value = np.uint8(percent[i, col] + 1)  # 255 becomes 0
            if value > out[row, col // step]:
                out[row, col // step] = value
                kinds[row, col // step] = classes[i, col]
