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
        is_udm2 = raster.role == "mask" and raster.bands == 8
        usable = " If it is a usable data mask (UDM2) of Planet's, let its name end in udm2.tif." if is_udm2 else ""
        raise InputError(
            f"{raster.role}: {raster.path} has {raster.bands} bands, but one is expected. "
            f"Extract the right one, for example with gdal_translate -b.{usable}",
            where=raster.path,
        )
    return raster


def whole_numbers(raster: Raster, option: str, bits: int = 0) -> Raster:
    """One band of whole numbers, with as many bits as ``option`` asks for.

    Args:
        raster: the mask.
        option: name of the option that chooses among its values.
        bits: bits that are asked for; 0 where it is no bit field.
    """
    dtype = np.dtype(raster.dtypes[0])
    if not np.issubdtype(dtype, np.integer):
        raise InputError(
            f"{raster.role}: {raster.path} is {raster.dtypes[0]}, and `{option}` chooses among whole numbers.",
            f"Give the class map or bit field itself, in integers, or leave `{option}` out: then nonzero counts. Of "
            "probabilities, `mask_above` 0.4 says which are not usable.",
            where=raster.path,
            option=option,
        )
    if bits >> 8 * dtype.itemsize:
        raise InputError(
            f"{raster.role}: {raster.path} is {raster.dtypes[0]}, which has bits 0 to {8 * dtype.itemsize - 1}, and "
            f"`{option}` asks for bit {bits.bit_length() - 1}.",
            "Give bits that it has, or the file that has them.",
            where=raster.path,
            option=option,
        )
    return single(raster)
