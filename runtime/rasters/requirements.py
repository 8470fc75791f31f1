"""Requirements of a raster for its role in a scene: each function gives it back, or says what is wrong with it."""

from __future__ import annotations

import numpy as np

from landslip.runtime.errors import InputError
from landslip.runtime.rasters.raster import Raster


def measured(raster: Raster) -> Raster:
    """A single band of real numbers."""
    if raster.dtypes[0].startswith("complex"):
        raise InputError(
            f"{raster.role}: {raster.path} holds complex numbers.",
            "Give the band of real values, in float32 for example.",
            where=raster.path,
        )
    return single(raster)


def single(raster: Raster) -> Raster:
    """One band, with an alpha band at most."""
    if raster.bands - raster.alpha != 1:
        raise InputError(
            f"{raster.role}: {raster.path} has {raster.bands} bands, but one is expected. "
            "Extract the right one, for example with gdal_translate -b.",
            where=raster.path,
        )
    return raster


def classes(raster: Raster) -> Raster:
    """One band of whole numbers."""
    if not np.issubdtype(np.dtype(raster.dtypes[0]), np.integer):
        raise InputError(
            f"{raster.role}: {raster.path} is {raster.dtypes[0]}, and `mask_values` chooses among whole numbers.",
            "Give the class map itself, in 8-bit integers for example, or leave `mask_values` out: then nonzero "
            "counts.",
            where=raster.path,
        )
    return single(raster)
