"""The small pictures of an unfinished run in a file, row by row, so that another run can go on with them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.run.plain_bytes import unwritable, write_all
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.safe_writing import open_or_make


class ThumbnailFile(Closing):
    """Keeps the reduced images of an unfinished run, row by row; each row has its place in the file."""

    def __init__(self, path: Path, thumbnails: Thumbnails, names: Sequence[str]) -> None:
        """Open a file, made if needed.

        Raises:
            OutputError: it cannot be opened.
        """
        self._path, self._thumbnails, self._names = path, thumbnails, names
        self._saved_rows = 0
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
        lines = np.concatenate([self._thumbnails.image(name)[:, self._saved_rows : stop] for name in self._names])
        content = np.ascontiguousarray(lines.swapaxes(0, 1)).tobytes()  # row after row, each with all its bands
        try:
            self._file.seek(self._saved_rows * self._line)
            write_all(self._file, memoryview(content))
            os.fsync(self._file.fileno())
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._saved_rows, self.checksum = stop, zlib.crc32(content, self.checksum)

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
        self._saved_rows, self.checksum = stop, zlib.crc32(content)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def _line(self) -> int:
        return 3 * len(self._names) * self._thumbnails.width
