"""The map as a file: finished rows as a cloud-optimised GeoTIFF, read back to prove it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from landslip.runtime.errors import OutputError
from landslip.runtime.gdal import RASTER_ERRORS, make_window, reason
from landslip.runtime.kernels import count_values

BLOCK = 512
"""Edge of the blocks of the map file."""

_ERRORS = (*RASTER_ERRORS, SystemError)
"""The last is what Python makes of an error of GDAL's that comes up where rasterio does not look for one."""


def write_cog(source: Path, target: Path) -> None:
    """Turn a finished map into a cloud-optimised GeoTIFF with overviews, block by block.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        rasterio.shutil.copy(
            source, target, driver="COG", compress="deflate", blocksize=BLOCK, bigtiff="IF_SAFER",
            overview_resampling="average", num_threads="ALL_CPUS",
        )  # fmt: skip
    except _ERRORS as error:
        raise _unwritable(target, error) from error


def histogram_of(percent: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each value occurs: (256,)."""
    counts = np.zeros(256, dtype=np.int64)
    count_values(np.ascontiguousarray(percent).reshape(-1), counts)
    return counts


def check_written(path: Path, written: NDArray[np.int64]) -> None:
    """Read a finished map: neither closing nor copying a GeoTIFF reports reliably that the disk was full.

    Args:
        path: the map.
        written: how often each value was written, (256,).

    Raises:
        OutputError: the file is damaged, or does not hold what was written.
    """
    found = np.zeros_like(written)
    try:
        with rasterio.open(path) as dataset:
            for first in range(0, dataset.height, BLOCK):
                region = make_window(0, first, dataset.width, min(BLOCK, dataset.height - first))
                found += histogram_of(dataset.read(1, window=region))
    except _ERRORS as error:
        raise _unwritable(path, error) from error
    if not np.array_equal(found, written):
        raise OutputError(f"{path.name} does not hold what was written to it. Check the disk and its free space.")


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"{path.name} cannot be written to {path.parent.parent} ({reason(error)}). Check the free disk space."
    )
