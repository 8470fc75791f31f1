"""The few things that every user of rasterio here needs: its errors, windows, and points in another CRS."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import numpy as np
import rasterio
from numpy.typing import ArrayLike, NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.env import get_gdal_config
from rasterio.errors import CRSError, RasterioError, RasterioIOError
from rasterio.warp import transform as _transform
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from landslip.runtime.geo.longitudes import eastward
from landslip.runtime.library_logs import quiet_libraries
from landslip.runtime.location import without_secrets

quiet_libraries()

RASTER_ERRORS = (RasterioError, RasterioIOError, CRSError, CPLE_BaseError, UnicodeError)
"""What rasterio raises: these have no common root, some of GDAL's own errors come through untranslated, and what GDAL
says of a damaged file may quote bytes that are no text, as names of files may hold them."""


def reason(error: BaseException) -> str:
    """What GDAL said, as part of a sentence, without passwords and signatures in addresses."""
    if isinstance(error, UnicodeEncodeError):
        return "its name is not in UTF-8: rename it"
    return without_secrets(" ".join(str(error.__cause__ or error).split()).rstrip("."))


def make_window(col_off: int, row_off: int, width: int, height: int) -> Window:
    """A ``rasterio.windows.Window``; made here because type checkers cannot see its arguments."""
    return Window(col_off, row_off, width, height)  # pyright: ignore[reportCallIssue]


def place_in(part: Window, window: Window) -> tuple[slice, slice]:
    """Where a part of a window lies in the window's arrays: rows, columns."""
    top, left = int(part.row_off - window.row_off), int(part.col_off - window.col_off)
    return slice(top, top + int(part.height)), slice(left, left + int(part.width))


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


def transform_points(
    source: CRS, target: CRS, xs: ArrayLike, ys: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring points from one CRS to another; infinite where the target has no place for them.

    Raises:
        One of :data:`RASTER_ERRORS`: there is no way from one to the other.
    """
    moved = _transform(source, target, np.ravel(xs), np.ravel(ys))
    return np.asarray(moved[0]), np.asarray(moved[1])


def bounds_in(source: CRS, bounds: tuple[float, float, float, float], target: CRS) -> tuple[float, float, float, float]:
    """The box in ``target`` around a box (left, bottom, right, top) in ``source``.

    In degrees its right side is east of its left, over the date line too: beyond 180 then.

    Raises:
        One of :data:`RASTER_ERRORS`: there is no way from one to the other.
    """
    if source == target:
        return bounds
    found: tuple[float, float, float, float] = transform_bounds(source, target, *bounds, densify_pts=21)
    return eastward(found) if target.is_geographic and all(map(math.isfinite, found)) else found
