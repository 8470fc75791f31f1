"""The map as a file: finished rows as a cloud-optimised GeoTIFF, read back to prove it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import OutputError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.products.histogram import count_values
from landslip.runtime.system import stopping

BLOCK = 512
"""Edge of the blocks of the map file."""

_ERRORS = (*RASTER_ERRORS, SystemError)
"""The last is what Python makes of an error of GDAL's that comes up where rasterio does not look for one."""


_PROCESS = os.getpid()
"""Process where GDAL was loaded. Its threads are not there in a forked child, which would wait for them for ever."""


def write_cog(source: Path, target: Path, overviews: Literal["made", "given"] = "made") -> None:
    """Turn a finished map into a cloud-optimised GeoTIFF with overviews, block by block.

    Args:
        source: the map.
        target: the file.
        overviews: ``given`` takes those that the source has as they are; ``made`` has GDAL make averages.

    Raises:
        OutputError: the file cannot be written.
    """
    wanted = {"overviews": "force_use_existing"} if overviews == "given" else {"overview_resampling": "average"}
    try:
        rasterio.shutil.copy(
            source, target, driver="COG", compress="deflate", blocksize=BLOCK, bigtiff="IF_SAFER",
            num_threads=_threads(), **wanted,
        )  # fmt: skip
    except _ERRORS as error:
        raise _unwritable(target, error) from error


def histogram_of(percent: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Counts of each value: (256,)."""
    counts = np.zeros(256, dtype=np.int64)
    count_values(np.ascontiguousarray(percent).reshape(-1), counts)
    return counts


def check_written(path: Path, written: Sequence[NDArray[np.int64]]) -> None:
    """Read a finished map: neither closing nor copying a GeoTIFF reports reliably that the disk was full.

    Args:
        path: the map.
        written: how often each value was written, (256,): in the map, and in each overview, the largest first.

    Raises:
        OutputError: the file is damaged, or does not hold what was written.
    """
    try:
        with rasterio.open(path) as dataset:
            levels = len(dataset.overviews(1))
        found = [_count(path, level) for level in (None, *range(levels))]
    except _ERRORS as error:
        raise _unwritable(path, error) from error
    if not np.array_equal(found, written):
        raise OutputError(
            f"{path.name} does not hold what was written to it.", "Check the disk and its free space.", where=path
        )


def _count(path: Path, level: int | None) -> NDArray[np.int64]:
    """Counts of each value in a map, or in one of its overviews."""
    found = np.zeros(256, dtype=np.int64)
    place: dict[str, Any] = {} if level is None else {"overview_level": level}
    with rasterio.open(path, num_threads=_threads(), **place) as dataset:
        for first in range(0, dataset.height, BLOCK):
            stopping.check()
            region = make_window(0, first, dataset.width, min(BLOCK, dataset.height - first))
            found += histogram_of(dataset.read(1, window=region))
    return found


def _threads() -> str:
    """Number of threads that GDAL may use, in its words."""
    return "ALL_CPUS" if os.getpid() == _PROCESS else "1"


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"{path.name} cannot be written to {path.parent.parent} ({reason(error)}).",
        "Check the free disk space.",
        where=path.parent.parent,
    )
