"""Checksum of what a raster holds, whatever stores it: what it says of itself, and its pixels."""

from __future__ import annotations

import hashlib
from threading import Event

import numpy as np
from rasterio.enums import MaskFlags

from landslip.runtime.access.gdal import RASTER_ERRORS, described_values, reason
from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import Location, shown
from landslip.runtime.access.retries import settings
from landslip.runtime.errors import InputError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.rasters.dataset import opened
from landslip.runtime.system import stopping

_AT_ONCE = 16 << 20
"""Bytes that are read at once."""


def content_digest(location: Location, stop: Event | None = None) -> str:
    """SHA-256 of grid, types, nodata, masks, names, scales, tags and pixels; not of how they are stored.

    Args:
        location: a raster that can be read whole.
        stop: set to end early; the digest is none then.

    Raises:
        InputError: it cannot be read.
    """
    known = location.digest if isinstance(location, HeldRaster) else None
    if known is not None:
        return known
    try:
        found = _digest(location, stop)
    except RASTER_ERRORS as error:
        name = shown(location)
        raise InputError(f"{name} cannot be read ({reason(error)}).", where=name) from error
    if isinstance(location, HeldRaster) and location.snapshot and not (stop and stop.is_set()):
        location.digest = found
    return found


def _digest(location: Location, stop: Event | None) -> str:
    with settings(location), opened(location) as dataset:
        tags = sorted(dataset.tags().items()), [sorted(dataset.tags(band).items()) for band in dataset.indexes]
        digest = hashlib.sha256(
            repr((dataset.crs.to_wkt() if dataset.crs else "", described_values(dataset), dataset.units, tags)).encode()
        )
        masked = any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)
        row_bytes = dataset.width * sum(np.dtype(dtype).itemsize for dtype in dataset.dtypes)
        step = max(1, _AT_ONCE // row_bytes)
        for top in range(0, dataset.height, step):
            if stop and stop.is_set():
                break
            stopping.check()
            window = make_window(0, top, dataset.width, min(step, dataset.height - top))
            for band in dataset.indexes:
                digest.update(dataset.read(band, window=window).data)
            if masked:
                digest.update((dataset.read_masks(1, window=window) != 0).data)
        return digest.hexdigest()
