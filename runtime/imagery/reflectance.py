"""Reflectance: what makes it of the numbers of a file, and whether numbers can be it."""

from __future__ import annotations

import numpy as np

from landslip.runtime.errors import InputError
from landslip.runtime.imagery.band_sources import SourceBand, Wanted
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.measured_bands import Scaled
from landslip.runtime.imagery.stretch import PERCENTS
from landslip.runtime.imagery.stretch_limits import GLANCE, Ground, limits_of
from landslip.runtime.inputs.read_options import ReadOptions

LEAST, MOST = -0.2, 2.0
"""Reflectance of nearly all pixels lies between these: beyond lie glints, errors of atmospheric correction, and other
units."""


def scale_of(source: SourceBand, band: Wanted, unit: str, reading: ReadOptions, name: str) -> tuple[float, float]:
    """Scale and offset of a band: those the user gives, else those of its product, else those of its file.

    Args:
        source: the band.
        band: its name, for messages.
        unit: ``reflectance``, for which something has to say it; any other takes the file as it is.
        reading: options of reading.
        name: what the image is in the scene.

    Raises:
        InputError: whole numbers are to be reflectance, and nothing says how.
    """
    raster, place = source.raster, source.number - 1
    of_file = float(raster.scales[place]), float(raster.offsets[place])
    stated = None if source.remedy else source.stated
    known = stated or (of_file if of_file != (1.0, 0.0) or is_real(source) or unit != "reflectance" else None)
    if unit == "reflectance" and reading.scale is not None:
        return reading.scale, reading.offset or 0.0
    if unit == "reflectance" and reading.offset is not None and known is not None:
        return known[0], reading.offset
    if source.remedy and unit == "reflectance" and of_file == (1.0, 0.0):
        raise InputError(f"{name}: {raster.path} {source.remedy}", where=raster.path)
    if known is None:
        raise InputError(
            f"{name}: the model takes band {band} in reflectance, and {raster.path} holds whole numbers "
            f"({raster.dtypes[place]}) and does not say how they become it.",
            "Say it: reflectance = number * `scale` + `offset`, such as `scale` 0.0001.",
            where=raster.path,
            option="scale",
        )
    return known


def is_real(source: SourceBand) -> bool:
    """Tell whether the numbers of a band are no whole ones."""
    return bool(np.issubdtype(np.dtype(source.raster.dtypes[source.number - 1]), np.floating))


def check_reflectance(part: Bands, band: Wanted, ground: Ground) -> None:
    """Make sure that real numbers that nothing scales can be reflectance.

    Args:
        part: the band alone.
        band: its name, for the message.
        ground: what all images show.

    Raises:
        InputError: they cannot.
    """
    try:
        found = limits_of(part, ground, PERCENTS, GLANCE)
    except InputError:
        return  # the reader of the map comes there, and knows what to do
    if found is None or (found[0, 0] >= LEAST and found[0, 1] <= MOST):
        return
    raster = part.raster
    raise InputError(
        f"{raster.role}: the model takes band {band} in reflectance, 0 to 1, and most of {raster.path} lies between "
        f"{found[0, 0]:g} and {found[0, 1]:g}.",
        "Say what its numbers mean: reflectance = number * `scale` + `offset`, such as `scale` 0.0001.",
        where=raster.path,
        option="scale",
    )


def fed_limits(part: Bands, scaled: Scaled, ground: Ground) -> tuple[float, float] | None:
    """The 2nd and 98th percentile of a band as it is fed; None where nothing is known, or can be read, of the ground.

    Args:
        part: the band alone.
        scaled: how it is fed.
        ground: what all images show.
    """
    try:
        found = limits_of(part, ground, PERCENTS, GLANCE)
    except InputError:
        return None  # the reader of the map comes there, and knows what to do
    if found is None:
        return None
    (scale,), (offset,) = part.units
    low, high = sorted(float((value - offset) / scale * scaled.scale + scaled.offset) for value in found[0])
    return low, high
