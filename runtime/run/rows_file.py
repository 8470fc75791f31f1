"""The finished rows of a map: appended to a plain file that survives a crash, and shown to GDAL as a raster.

One byte a pixel, row after row, without a header: whatever happens to the process or the machine, what was synced
before is whole, and a torn end can be cut off. A GeoTIFF that is open for writing promises nothing of the kind.
"""

from __future__ import annotations

import errno
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import OutputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.histogram import count_values
from landslip.runtime.products.map_tags import UNIT, statistics_tags
from landslip.runtime.styles.palette import Colour
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.safe_writing import open_or_make, write_anew

_BLOCK = 8 << 20
"""Bytes read at a time, about."""


@dataclass(frozen=True)
class RowsBand:
    """A band of a map, in the words of GDAL."""

    description: str
    """Meaning of the values."""
    unit: str = ""
    """Unit of the values; empty where they have none."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Metadata of the band, by name."""
    colours: tuple[Colour, ...] = ()
    """Colours of the values from 0 on; empty where the band has no table of colours."""


class RowsFile(Closing):
    """Rows of uint8, percent or the number of a class, appended in order; counts what is in them."""

    def __init__(self, path: Path, grid: MapGrid) -> None:
        """Open a file, made if needed, with nothing taken from it yet; see :meth:`stored` and :meth:`count`.

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
        try:
            self._file = open_or_make(path)
        except OSError as error:
            raise unwritable(path, error) from error

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
            wanted = min(stop - first, most or max(1, _BLOCK // width))
            content = _read(self._file.fileno(), wanted * width)
            rows = np.frombuffer(content[: len(content) // width * width], dtype=np.uint8).reshape(-1, width)
            if not len(rows):
                return
            yield first, rows
            first += len(rows)

    def count(self, percent: NDArray[np.uint8]) -> None:
        """Count stored rows (rows, width) as whole, in order."""
        self.rows += len(percent)
        self.checksum = checksum_of(percent, self.checksum)
        count_values(np.ascontiguousarray(percent).reshape(-1), self.histogram)

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

    def as_raster(self, tags: Mapping[str, str] | None = None, band: RowsBand | None = None) -> Path:
        """A file beside it by which GDAL reads the rows as a georeferenced band.

        Args:
            tags: metadata of the map, by name.
            band: what the rows are; None for confidence in percent, with its statistics.

        Raises:
            OutputError: it cannot be written.
        """
        path = self._path.with_suffix(".vrt")
        band = band or RowsBand("landslide confidence, percent", UNIT, statistics_tags(self.histogram))
        try:
            write_anew(path, _virtual(self._path.name, self._grid, tags or {}, band))
        except OSError as error:
            raise unwritable(path, error) from error
        return path

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def checksum_of(rows: NDArray[np.uint8], before: int = 0) -> int:
    """CRC-32 of rows (rows, width) that follow others with the checksum ``before``."""
    return zlib.crc32(np.ascontiguousarray(rows).reshape(-1).data, before)


def write_all(file: FileIO, content: memoryview) -> None:
    """Write all of it: a nearly full disk takes a part first.

    Raises:
        OSError: it cannot be written.
    """
    while content:
        content = content[file.write(content) :]


def unwritable(path: Path, error: OSError) -> OutputError:
    """Sentence for when a working file cannot be written."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None), errno.EFBIG)
    remedy = "Check the free disk space." if full else "Once the folder can be written again, resume=True goes on."
    return OutputError(
        f"{path.name} cannot be written to {path.parent.parent} ({error.strerror}).", remedy, where=path.parent.parent
    )


def _read(file: int, size: int) -> bytes:
    """Read as many bytes as there are, up to ``size``."""
    blocks = []
    while size and (block := os.read(file, size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _virtual(name: str, grid: MapGrid, tags: Mapping[str, str], band: RowsBand) -> str:
    """GDAL's description of a file of plain bytes (https://gdal.org/drivers/raster/vrt.html, VRTRawRasterBand)."""
    transform = ", ".join(repr(number) for number in grid.transform.to_gdal())
    return f"""<VRTDataset rasterXSize="{grid.width}" rasterYSize="{grid.height}">
  <SRS>{escape(grid.crs.to_wkt())}</SRS>
  <GeoTransform>{transform}</GeoTransform>{_metadata(tags)}
  <VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">{_metadata(band.tags)}
    <Description>{escape(band.description)}</Description>{_unit(band.unit)}
    <NoDataValue>{NOT_OBSERVED}</NoDataValue>{_table(band.colours)}
    <SourceFilename relativeToVRT="1">{escape(name)}</SourceFilename>
    <ImageOffset>0</ImageOffset><PixelOffset>1</PixelOffset><LineOffset>{grid.width}</LineOffset>
  </VRTRasterBand>
</VRTDataset>
"""


def _unit(unit: str) -> str:
    return f"\n    <UnitType>{escape(unit)}</UnitType>" if unit else ""


def _table(colours: tuple[Colour, ...]) -> str:
    entries = "".join(f'<Entry c1="{red}" c2="{green}" c3="{blue}" c4="255"/>' for red, green, blue in colours)
    table = f"\n    <ColorInterp>Palette</ColorInterp><ColorTable>{entries}</ColorTable>"
    return table if colours else ""


def _metadata(tags: Mapping[str, str]) -> str:
    entries = "".join(f"<MDI key={quoteattr(key)}>{escape(value)}</MDI>" for key, value in tags.items())
    return f"\n  <Metadata>{entries}</Metadata>" if entries else ""
