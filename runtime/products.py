"""The map as a file: finished rows as a cloud-optimised GeoTIFF, read back to prove it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from landslip.runtime.errors import OutputError
from landslip.runtime.gdal import RASTER_ERRORS, make_window, reason

BLOCK = 512
"""Edge of the blocks of the map file."""


def write_cog(source: Path, target: Path) -> None:
    """Turn a finished map into a cloud-optimised GeoTIFF with overviews, block by block.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
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
