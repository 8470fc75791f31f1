"""The few things that every user of rasterio here needs: its errors, what a dataset is, and how much it remembers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.env import get_gdal_config
from rasterio.errors import CRSError, RasterioError, RasterioIOError
from rasterio.io import DatasetReader

from landslip.runtime.access.location import without_secrets
from landslip.runtime.system.library_logs import quiet_libraries

quiet_libraries()

RASTER_ERRORS = (RasterioError, RasterioIOError, CRSError, CPLE_BaseError, UnicodeError)
"""Exceptions of rasterio: these have no common root, some of GDAL's own errors come through untranslated, and what GDAL
says of a damaged file may quote bytes that are no text, as names of files may hold them."""


def reason(error: BaseException) -> str:
    """Reason that GDAL gave, as part of a sentence, without passwords and signatures in addresses."""
    if isinstance(error, UnicodeEncodeError):
        return "its name is not in UTF-8: rename it"
    return without_secrets(" ".join(str(error.__cause__ or error).split()).rstrip("."))


class _Caches:
    """Bytes of decoded blocks that blocks of code need, each in its thread; GDAL has one cache for the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._needs: dict[int, list[int]] = {}
        self._before: object = None

    def take(self, size: int) -> None:
        """Let GDAL keep as much as all threads need together; within a thread the last need counts."""
        with self._lock:
            if not self._needs:
                self._before = get_gdal_config("GDAL_CACHEMAX")
            self._needs.setdefault(threading.get_ident(), []).append(size)
            self._set(sum(needs[-1] for needs in self._needs.values()))

    def give_back(self) -> None:
        """Let GDAL keep what the others need; with the last one what it kept before."""
        with self._lock:
            mine = self._needs[threading.get_ident()]
            mine.pop()
            if not mine:
                del self._needs[threading.get_ident()]
            self._set(sum(needs[-1] for needs in self._needs.values()) if self._needs else self._before)

    def _set(self, size: object) -> None:
        # Leaving an environment within another one takes back what it set, except this.
        options: dict[str, Any] = {"GDAL_CACHEMAX": size}
        with rasterio.Env(**options):
            pass


_caches = _Caches()


@contextlib.contextmanager
def block_cache(size: int) -> Iterator[None]:
    """Let GDAL keep at most ``size`` bytes of decoded blocks for this thread, and what it kept before afterwards.

    The cache is that of the whole process: where several threads are in such blocks, it is as large as all need.
    """
    with rasterio.Env():
        _caches.take(size)
        try:
            yield
        finally:
            _caches.give_back()


def described(dataset: DatasetReader) -> str:
    """Facts that decide how a file is read, to be compared; as text, for nodata values that are no number."""
    return repr((dataset.crs, dataset.block_shapes, described_values(dataset)))


def described_values(dataset: DatasetReader) -> str:
    """Facts that decide what the numbers of a raster mean, and where they lie in its CRS; not how it is stored."""
    grid = (dataset.transform, dataset.height, dataset.width)
    # A warped dataset says -7 where a file says -7.0.
    nodata = tuple(None if number is None else float(number) for number in dataset.nodatavals)
    values = (dataset.dtypes, nodata, dataset.scales, dataset.offsets)
    return repr((grid, values, dataset.colorinterp, dataset.descriptions, dataset.mask_flag_enums))
