"""The map as a file: finished rows as a cloud-optimised GeoTIFF, read back to prove it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import OutputError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.products.histogram import count_values

BLOCK = 512
"""Edge of the blocks of the map file."""

Fits = Callable[[NDArray[np.uint8], NDArray[np.uint8]], bool]
"""Function of :func:`averages`'s kind."""

_ERRORS = (*RASTER_ERRORS, SystemError)
"""The last is what Python makes of an error of GDAL's that comes up where rasterio does not look for one."""


_PROCESS = os.getpid()
"""Process where GDAL was loaded. Its threads are not there in a forked child, which would wait for them for ever."""


def write_cog(source: Path, target: Path, overviews: Literal["average", "mode"] = "average") -> None:
    """Turn a finished map into a cloud-optimised GeoTIFF with overviews, block by block.

    Args:
        source: the map.
        target: the file.
        overviews: GDAL's name of what a pixel of an overview shows of those below it: their mean, or the most common
            value of classes.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        rasterio.shutil.copy(
            source, target, driver="COG", compress="deflate", blocksize=BLOCK, bigtiff="IF_SAFER",
            overview_resampling=overviews, num_threads="ALL_CPUS" if os.getpid() == _PROCESS else "1",
        )  # fmt: skip
    except _ERRORS as error:
        raise _unwritable(target, error) from error


def histogram_of(percent: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Counts of each value: (256,)."""
    counts = np.zeros(256, dtype=np.int64)
    count_values(np.ascontiguousarray(percent).reshape(-1), counts)
    return counts


def check_written(path: Path, written: NDArray[np.int64], fits: Fits | None = None) -> None:
    """Read a finished map: neither closing nor copying a GeoTIFF reports reliably that the disk was full.

    Args:
        path: the map.
        written: how often each value was written, (256,).
        fits: tells whether rows of an overview can show those below them; None for :func:`averages`.

    Raises:
        OutputError: the file is damaged, or does not hold what was written.
    """
    found = np.zeros_like(written)
    try:
        with rasterio.open(path) as dataset:
            levels = len(dataset.overviews(1))
            is_whole = levels > 0 or max(dataset.shape) <= BLOCK
            for first in range(0, dataset.height, BLOCK):
                region = make_window(0, first, dataset.width, min(BLOCK, dataset.height - first))
                found += histogram_of(dataset.read(1, window=region))
        is_whole = is_whole and all(_is_overview(path, level, fits or averages) for level in range(levels))
    except _ERRORS as error:
        raise _unwritable(path, error) from error
    if not (is_whole and np.array_equal(found, written)):
        raise OutputError(
            f"{path.name} does not hold what was written to it.", "Check the disk and its free space.", where=path
        )


def _is_overview(path: Path, level: int, fits: Fits) -> bool:
    """Tell whether an overview shows what is one level below it: GDAL goes on where it could not write one.

    How exactly GDAL averages along the edges is its own affair: each value has to be one that those around it allow.
    """
    below: dict[str, Any] = {} if level == 0 else {"overview_level": level - 1}
    with rasterio.open(path, **below) as finer, rasterio.open(path, overview_level=level) as coarser:
        for first in range(0, coarser.height, BLOCK // 2):
            half = make_window(0, first, coarser.width, min(BLOCK // 2, coarser.height - first))
            if not fits(_around(finer, half), coarser.read(1, window=half)):
                return False
    return True


def _around(finer: DatasetReader, half: Window) -> NDArray[np.uint8]:
    """Rows that lie below rows of an overview, with a margin of a pixel; not observed where there is nothing."""
    rows, cols, start = 2 * half.height + 2, 2 * half.width + 2, 2 * half.row_off - 1
    first, stop = max(0, start), min(finer.height, start + rows)
    found = np.full((rows, cols), NOT_OBSERVED, dtype=np.uint8)
    values = finer.read(1, window=make_window(0, first, finer.width, stop - first))
    found[first - start : stop - start, 1 : 1 + finer.width] = values
    return found


def averages(finer: NDArray[np.uint8], coarser: NDArray[np.uint8]) -> bool:
    """Tell whether a map can be another one of half its size, each pixel the mean of what is observed in two by two.

    Args:
        finer: (2 * rows + 2, 2 * cols + 2) or more, with a margin of one pixel; 255 = not observed.
        coarser: (rows, cols).
    """
    rows, cols = coarser.shape
    least, most = finer, finer + np.uint8(1)  # so that unknown, 255, is 0 there
    is_full = finer
    for axis, count in ((0, rows), (1, cols)):
        least = _of_four(np.minimum, least, axis, count)
        most = _of_four(np.maximum, most, axis, count)
        is_full = _of_four(np.maximum, is_full, axis, count)
    observed = coarser != NOT_OBSERVED
    fits = np.where(observed, (least <= coarser) & (coarser < most), is_full == NOT_OBSERVED)
    return bool(fits.all())


def occurs(finer: NDArray[np.uint8], coarser: NDArray[np.uint8]) -> bool:
    """Tell whether each pixel of a map of half the size of another one has a value of those around it, as a class has.

    Args:
        finer: (2 * rows + 2, 2 * cols + 2) or more, with a margin of one pixel; 255 = not observed.
        coarser: (rows, cols).
    """
    rows, cols = coarser.shape
    found = np.zeros(coarser.shape, dtype=np.bool_)
    for top in range(4):
        for left in range(4):
            found |= finer[top : top + 2 * rows - 1 : 2, left : left + 2 * cols - 1 : 2] == coarser
    return bool(found.all())


def _of_four(join: np.ufunc, values: NDArray[np.uint8], axis: int, count: int) -> NDArray[np.uint8]:
    """The least or largest of four neighbours along an axis, at every second place."""
    moved = np.moveaxis(values, axis, 0)
    found: NDArray[np.uint8] = join.reduce([moved[start : start + 2 * count - 1 : 2] for start in range(4)])
    return np.moveaxis(found, 0, axis)


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"{path.name} cannot be written to {path.parent.parent} ({reason(error)}).",
        "Check the free disk space.",
        where=path.parent.parent,
    )
