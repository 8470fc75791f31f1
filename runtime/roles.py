"""What a raster has to be for its role in a scene: each function gives it back, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from landslip.runtime.errors import InputError
from landslip.runtime.raster import Raster


def measured(raster: Raster) -> Raster:
    """A single band of real numbers in its own unit."""
    if raster.dtypes[0].startswith("complex"):
        raise InputError(
            f"{raster.role}: {raster.path} holds complex numbers. Give the band of real values, in float32 for example."
        )
    if raster.scaled:
        raise InputError(
            f"{raster.role}: {raster.path} stores its values with a scale or an offset. "
            "Write the values themselves: gdal_translate -unscale -ot Float32 FILE NEW."
        )
    return single(raster)


def single(raster: Raster) -> Raster:
    """One band, with an alpha band at most."""
    if raster.bands - raster.alpha != 1:
        raise InputError(
            f"{raster.role}: {raster.path} has {raster.bands} bands, but one is expected. "
            "Extract the right one, for example with gdal_translate -b."
        )
    return raster


def classes(raster: Raster) -> Raster:
    """One band of whole numbers."""
    if not np.issubdtype(np.dtype(raster.dtypes[0]), np.integer):
        raise InputError(
            f"{raster.role}: {raster.path} is {raster.dtypes[0]}, and --mask-values chooses among whole numbers. Give "
            "the class map itself, in 8-bit integers for example, or leave --mask-values out: then nonzero counts."
        )
    return single(raster)


def shading(raster: Raster) -> Raster:
    """A ready hillshade."""
    remedy = "Make it with gdaldem hillshade, which the network was trained on."
    return typed(single(raster), "uint8", raster.dtypes[:1], remedy)


def typed(raster: Raster, wanted: str, found: Sequence[str], remedy: str) -> Raster:
    """Every type that was found is the wanted one."""
    if any(dtype != wanted for dtype in found):
        raise InputError(f"{raster.role}: {raster.path} is {', '.join(dict.fromkeys(found))}, not {wanted}. {remedy}")
    return raster
