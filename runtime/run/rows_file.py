"""The finished rows of a map: appended to a plain file that survives a crash, and shown to GDAL as a raster.

One byte a pixel, row after row, without a header: whatever happens to the process or the machine, what was synced
before is whole, and a torn end can be cut off. A GeoTIFF that is open for writing promises nothing of the kind.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.histogram import count_values
from landslip.runtime.products.map_tags import UNIT, statistics_tags
from landslip.runtime.products.overviews import Reduction, mean_rows
from landslip.runtime.run.overview_files import OverviewFiles
from landslip.runtime.run.plain_bytes import unwritable, write_all
from landslip.runtime.run.virtual_raster import RowsBand, virtual_map
from landslip.runtime.system import stopping
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.safe_writing import open_or_make, write_anew

_BLOCK = 8 << 20
"""Bytes read at a time, about."""


class RowsFile(Closing):
    """Rows of uint8, percent or the number of a class, appended in order; counts what is in them.

    Overviews of them are made beside them meanwhile.
    """

    def __init__(self, path: Path, grid: MapGrid, reduction: Reduction = mean_rows) -> None:
        """Open a file, made if needed, with nothing taken from it yet; see :meth:`stored` and :meth:`count`.

        Args:
            path: of the file.
            grid: the map.
            reduction: tells what a pixel of an overview shows.

        Raises:
            OutputError: it cannot be opened.
        """
        self._path, self._grid = path, grid
        self.rows = 0
        """Rows that are whole."""
        self.checksum = 0
        """CRC-32 of them."""
        self.histogram = np.zeros(256, dtype=np.int64)
        """Counts of each value in them."""
        with ExitStack() as stack:
            try:
                self._file = stack.enter_context(open_or_make(path))
            except OSError as error:
                raise unwritable(path, error) from error
            self._overviews = stack.enter_context(OverviewFiles(path, grid.height, grid.width, reduction))
            self._stack = stack.pop_all()

    def stored(self, stop: int, most: int | None = None) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Rows of an earlier run up to ``stop``, or as far as there are any.

        Args:
            stop: map row after the last one.
            most: rows at a time; None for some megabytes.

        Yields:
            first row and (rows, width) uint8.
        """
        self._file.seek(0)
        width, first = self._grid.width, 0
        while first < stop:
            stopping.check()
            wanted = min(stop - first, most or max(1, _BLOCK // width))
            content = _read(self._file.fileno(), wanted * width)
            rows = np.frombuffer(content[: len(content) // width * width], dtype=np.uint8).reshape(-1, width)
            if not len(rows):
                return
            yield first, rows
            first += len(rows)

    def count(self, percent: NDArray[np.uint8]) -> None:
        """Count stored rows (rows, width) as whole, in order.

        Raises:
            OutputError: the overviews of them cannot be written.
        """
        self.rows += len(percent)
        self.checksum = checksum_of(percent, self.checksum)
        count_values(np.ascontiguousarray(percent).reshape(-1), self.histogram)
        self._overviews.add(percent)

    def checksums(self, stops: Iterable[int]) -> list[int | None]:
        """CRC-32 of the stored rows before each of some map rows, in ascending order; None where there are fewer."""
        waiting, found, checksum = list(stops), list[int | None](), 0
        for first, rows in self.stored(max(waiting, default=0)):
            taken = 0
            while len(found) < len(waiting) and waiting[len(found)] <= first + len(rows):
                stop = waiting[len(found)] - first
                checksum = checksum_of(rows[taken:stop], checksum)
                taken = stop
                found.append(checksum)
            checksum = checksum_of(rows[taken:], checksum)
        return found + [None] * (len(waiting) - len(found))

    def append(self, percent: NDArray[np.uint8]) -> None:
        """Write rows (rows, width) after those that are whole.

        Raises:
            OutputError: the disk is full, or gone; the rows before stay whole.
        """
        content = np.ascontiguousarray(percent).reshape(-1).data
        try:
            self._file.seek(self.rows * self._grid.width)
            write_all(self._file, content)
        except OSError as error:
            raise unwritable(self._path, error) from error
        self.count(percent)

    def sync(self) -> None:
        """Cut off what is not whole, and wait until the disk has the rest.

        Raises:
            OutputError: the disk is full, or gone.
        """
        try:
            self._file.truncate(self.rows * self._grid.width)
            os.fsync(self._file.fileno())
        except OSError as error:
            raise unwritable(self._path, error) from error

    @property
    def observed(self) -> int:
        """Pixels of which something is known."""
        return int(self.histogram[:NOT_OBSERVED].sum())

    @property
    def histograms(self) -> list[NDArray[np.int64]]:
        """Counts of each value in the rows, and then in each of their overviews, the largest first."""
        return [self.histogram, *self._overviews.histograms]

    def as_raster(self, tags: Mapping[str, str] | None = None, band: RowsBand | None = None) -> Path:
        """A file beside it by which GDAL reads the rows as a georeferenced band with overviews.

        Args:
            tags: metadata of the map, by name.
            band: what the rows are; None for confidence in percent, with its statistics.

        Raises:
            OutputError: it cannot be written.
        """
        path = self._path.with_suffix(".vrt")
        band = band or RowsBand("landslide confidence, percent", UNIT, statistics_tags(self.histogram))
        overviews = [each.name for each in self._overviews.as_rasters()]
        try:
            write_anew(path, virtual_map(self._path.name, self._grid, tags or {}, band, overviews))
        except OSError as error:
            raise unwritable(path, error) from error
        return path

    def close(self) -> None:
        """Close the files."""
        self._stack.close()


def checksum_of(rows: NDArray[np.uint8], before: int = 0) -> int:
    """CRC-32 of rows (rows, width) that follow others with the checksum ``before``."""
    return zlib.crc32(np.ascontiguousarray(rows).reshape(-1).data, before)


def _read(file: int, size: int) -> bytes:
    """Read as many bytes as there are, up to ``size``."""
    blocks = []
    while size and (block := os.read(file, size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)
