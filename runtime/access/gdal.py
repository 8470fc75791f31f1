"""The few things that every user of rasterio here needs: its errors, and how much it remembers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.env import get_gdal_config
from rasterio.errors import CRSError, RasterioError, RasterioIOError

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


@contextlib.contextmanager
def block_cache(size: int) -> Iterator[None]:
    """Let GDAL keep at most ``size`` bytes of decoded blocks in here, and what it kept before afterwards."""
    with rasterio.Env():
        before = get_gdal_config("GDAL_CACHEMAX")
        try:
            with rasterio.Env(GDAL_CACHEMAX=size):
                yield
        finally:
            # Leaving an environment takes back what it set, except this.
            with rasterio.Env(GDAL_CACHEMAX=before):
                pass
