"""The map as a file: written row by row, finished as a cloud-optimised GeoTIFF."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from landslip.runtime.closing import Closing
from landslip.runtime.errors import OutputError
from landslip.runtime.gdal import RASTER_ERRORS, make_window, reason
from landslip.runtime.grid import MapGrid
from landslip.runtime.kernels import NOT_OBSERVED

BLOCK = 512
"""Edge of the blocks of the map file."""


class ConfidenceWriter(Closing):
    """Writes finished rows to a tiled GeoTIFF and counts what is in them."""

    def __init__(self, path: Path, grid: MapGrid, level: int) -> None:
        """Open a file for writing.

        Args:
            path: working file.
            grid: the map.
            level: percent from which on a pixel counts as landslide.

        Raises:
            OutputError: the file cannot be made.
        """
        self._path, self._level = path, level
        self.histogram = np.zeros(256, dtype=np.int64)
        try:
            self._dataset = rasterio.open(
                path, "w", driver="GTiff", height=grid.height, width=grid.width, count=1, dtype="uint8",
                crs=grid.crs, transform=grid.transform, nodata=NOT_OBSERVED,
                tiled=True, blockxsize=BLOCK, blockysize=BLOCK, compress="deflate", zlevel=1, bigtiff="IF_SAFER",
            )  # fmt: skip
        except RASTER_ERRORS as error:
            raise _unwritable(path, error) from error

    def write(self, first_row: int, percent: NDArray[np.uint8]) -> None:
        """Write rows (rows, width) from ``first_row`` on.

        Raises:
            OutputError: the disk is full, or gone.
        """
        region = make_window(0, first_row, percent.shape[1], percent.shape[0])
        try:
            self._dataset.write(percent, 1, window=region)
        except RASTER_ERRORS as error:
            raise _unwritable(self._path, error) from error
        self.histogram += histogram_of(percent)

    @property
    def observed(self) -> int:
        """Pixels of which something is known."""
        return int(self.histogram[:NOT_OBSERVED].sum())

    @property
    def landslide(self) -> int:
        """Pixels that reach the threshold."""
        return int(self.histogram[self._level : NOT_OBSERVED].sum())

    def close(self) -> None:
        """Finish the file.

        Raises:
            OutputError: the last rows could not be written.
        """
        try:
            self._dataset.close()
        except RASTER_ERRORS as error:
            raise _unwritable(self._path, error) from error


def write_cog(source: Path, target: Path) -> None:
    """Turn a finished map into a cloud-optimised GeoTIFF with overviews, block by block.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        with rasterio.open(source, "r+") as dataset:
            dataset.set_band_description(1, "landslide confidence, percent")
        rasterio.shutil.copy(
            source, target, driver="COG", compress="deflate", blocksize=BLOCK, bigtiff="IF_SAFER",
            overview_resampling="average",
        )  # fmt: skip
    except RASTER_ERRORS as error:
        raise _unwritable(target, error) from error


def histogram_of(percent: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each value occurs: (256,)."""
    counts: NDArray[np.int64] = np.bincount(percent.ravel(), minlength=256)
    return counts


def read_back(path: Path, written: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The rows of a finished map, from the top down, and with the last of them the proof that the file is whole.

    Neither closing nor copying a GeoTIFF reports reliably that the disk was full.

    Args:
        path: the map.
        written: how often each value was written, (256,).

    Yields:
        first row and (rows, width) uint8.

    Raises:
        OutputError: the file is damaged, or does not hold what was written.
    """
    found = np.zeros_like(written)
    try:
        with rasterio.open(path) as dataset:
            for first in range(0, dataset.height, BLOCK):
                region = make_window(0, first, dataset.width, min(BLOCK, dataset.height - first))
                percent = dataset.read(1, window=region)
                found += histogram_of(percent)
                yield first, percent
    except RASTER_ERRORS as error:
        raise _unwritable(path, error) from error
    if not np.array_equal(found, written):
        raise OutputError(f"{path.name} does not hold what was written to it. Check the disk and its free space.")


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"{path.name} cannot be written to {path.parent.parent} ({reason(error)}). Check the free disk space."
    )
