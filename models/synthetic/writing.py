"""Files that appear under their final names only when all of them are complete."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import rasterio

from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.errors import OutputError
from landslip.runtime.system.drafts import drafts_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from affine import Affine
    from rasterio.io import DatasetWriter

BLOCK = 256
"""Edge of the GeoTIFFs' tiles in pixels."""

_CACHE_BYTES = 64 * 2**20


@contextmanager
def finished_together(paths: tuple[Path, ...]) -> Iterator[tuple[Path, ...]]:
    """Give names beside the paths of one folder to write to; at the end move all into place, on failure remove them.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    try:
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        # Tall scenes would otherwise fill GDAL's block cache, five per cent of the machine's memory.
        with drafts_of(*paths) as drafts, rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
            yield drafts
    except (OSError, *RASTER_ERRORS, pyogrio.errors.DataSourceError) as error:
        raise OutputError(
            f"{paths[0].parent}: the scene cannot be written: {error}.", "Check space and permissions."
        ) from error


def new_raster(path: Path, shape: tuple[int, int], transform: Affine, epsg: int, **profile: Any) -> DatasetWriter:
    """Create a tiled, deflated GeoTIFF; `profile` holds at least its ``count`` and ``dtype``."""
    return rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=shape[0],
        width=shape[1],
        crs=f"EPSG:{epsg}",
        transform=transform,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        compress="deflate",
        zlevel=3,
        bigtiff="IF_SAFER",
        **profile,
    )
