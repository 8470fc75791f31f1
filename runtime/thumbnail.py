"""Small pictures of a whole scene, collected from its rows as they pass by, so that nothing is read twice."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.closing import Closing
from landslip.runtime.grid import MapGrid
from landslip.runtime.kernels import NOT_OBSERVED, keep_largest
from landslip.runtime.rows import unwritable, write_all
from landslip.runtime.safe_writing import open_or_make

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
        image = self.image(name)
        start = -first_row % self._step
        kept = rows[:, start :: self._step, :: self._step]
        place = (first_row + start) // self._step
        image[:, place : place + kept.shape[1]] = kept

    def add_confidence(self, first_row: int, percent: NDArray[np.uint8]) -> None:
        """Take finished rows (rows, width); a reduced pixel shows the highest confidence in it."""
        keep_largest(percent, first_row, self._step, self._confidence)

    def image(self, name: str) -> NDArray[np.uint8]:
        """A reduced image: (3, h, w), 0 where nothing was added yet."""
        return self._images.setdefault(name, np.zeros((3, *self._confidence.shape), dtype=np.uint8))

    @property
    def confidence(self) -> NDArray[np.uint8]:
        """(h, w) 0..100, 255 where nothing was observed."""
        return np.where(self._confidence == 0, np.uint8(NOT_OBSERVED), self._confidence - np.uint8(1))

    def rows_for(self, rows: int) -> int:
        """Rows of the reduced images that the first ``rows`` rows of the map make complete."""
        return -(-rows // self._step)

    @property
    def width(self) -> int:
        """Columns of the pictures."""
        return self._confidence.shape[1]


class ThumbnailFile(Closing):
    """Keeps the reduced images of an unfinished run, row by row; each row has its place in the file."""

    def __init__(self, path: Path, thumbnails: Thumbnails, names: Sequence[str]) -> None:
        """Open a file, made if needed.

        Raises:
            OutputError: it cannot be opened.
        """
        self._path, self._thumbnails, self._names = path, thumbnails, names
        self._kept = 0
        self.checksum = 0
        """CRC-32 of what is kept."""
        try:
            self._file = open_or_make(path)
        except OSError as error:
            raise unwritable(path, error) from error

    def save(self, rows: int) -> None:
        """Write what belongs to the first ``rows`` rows of the map and is not there yet, and wait for the disk.

        Raises:
            OutputError: it cannot be written.
        """
        stop = self._thumbnails.rows_for(rows)
        lines = np.concatenate([self._thumbnails.image(name)[:, self._kept : stop] for name in self._names])
        content = np.ascontiguousarray(lines.swapaxes(0, 1)).tobytes()  # row after row, each with all its bands
        try:
            self._file.seek(self._kept * self._line)
            write_all(self._file, memoryview(content))
            os.fsync(self._file.fileno())
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._kept, self.checksum = stop, zlib.crc32(content, self.checksum)

    def stored(self, most: int) -> list[int]:
        """CRC-32 of what is there for the first 0, 1, 2 … rows of the pictures, as far as there are any.

        Args:
            most: rows of the map that are asked for at the most.
        """
        self._file.seek(0)
        content = self._file.read(self._thumbnails.rows_for(most) * self._line)
        lines = (content[first : first + self._line] for first in range(0, len(content), self._line))
        whole = (line for line in lines if len(line) == self._line)
        return list(accumulate(whole, lambda before, line: zlib.crc32(line, before), initial=0))

    def load(self, rows: int) -> None:
        """Take what an earlier run has saved for the first ``rows`` rows of the map."""
        stop = self._thumbnails.rows_for(rows)
        self._file.seek(0)
        content = self._file.read(stop * self._line)
        bands = (
            np.frombuffer(content, dtype=np.uint8)
            .reshape(stop, 3 * len(self._names), self._thumbnails.width)
            .swapaxes(0, 1)
        )
        for number, name in enumerate(self._names):
            self._thumbnails.image(name)[:, :stop] = bands[3 * number : 3 * number + 3]
        self._kept, self.checksum = stop, zlib.crc32(content)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def _line(self) -> int:
        return 3 * len(self._names) * self._thumbnails.width
