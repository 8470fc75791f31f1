"""Reflectance: what makes it of the numbers of a file, and whether numbers can be it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from landslip.runtime.errors import InputError
from landslip.runtime.imagery.band_sources import SourceBand, Wanted
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.measured_bands import Scaled
from landslip.runtime.imagery.stretch import PERCENTS
from landslip.runtime.imagery.stretch_limits import GLANCE, Ground, limits_of
from landslip.runtime.inputs.read_options import ReadOptions

log = logging.getLogger(__name__)

LEAST, MOST = -0.2, 2.0
"""Reflectance of nearly all pixels lies between these: beyond lie glints, errors of atmospheric correction, and other
units."""
_HOW = "Say it: reflectance = number * `scale` + `offset`, such as `scale` 0.0001."
_PICTURE = (
    "Pictures in 8 bits are stretched for the eye: give the file they were made of, in 16 bits or real numbers. Where "
    "these are measured values, say how: reflectance = number * `scale` + `offset`, such as `scale` 0.004."
)
DARK = 0.02
"""Reflectance that nearly all land exceeds in its brightest band; water and deep shadow alone may not."""


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
    raster, of_file = source.raster, _of_file(source)
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
            f"({raster.dtypes[source.number - 1]}) and does not say how they become it.",
            _HOW if raster.dtypes[source.number - 1] != "uint8" else _PICTURE,
            where=raster.path,
            option="scale",
        )
    return known


def is_real(source: SourceBand) -> bool:
    """Tell whether the numbers of a band are no whole ones."""
    return bool(np.issubdtype(np.dtype(source.raster.dtypes[source.number - 1]), np.floating))


class MeasuredPart(NamedTuple):
    """A band that is fed in reflectance."""

    stored: Bands
    """The band alone, in its file."""
    band: Wanted
    """Name of it, for messages."""
    scaled: Scaled
    """Scale and offset by which it is fed."""


def check_reflectance(parts: Sequence[MeasuredPart], ground: Ground) -> None:
    """Make sure that what is fed can be reflectance, and warn where all bands are darker than land is.

    Args:
        parts: bands of an image whose scale no product vouches for.
        ground: what all images show.

    Raises:
        InputError: it cannot.
    """
    found = [(part, fed_limits(part.stored, part.scaled, ground)) for part in parts]
    known = [(part, limits) for part, limits in found if limits is not None]
    for part, (low, high) in known:
        if low < LEAST or high > MOST:
            raster = part.stored.raster
            raise InputError(
                f"{raster.role}: the model takes band {part.band} in reflectance, 0 to 1, and most of {raster.path} "
                f"lies between {low:.4g} and {high:.4g}{_scaled_by(part.scaled)}.",
                "Say what its numbers mean: reflectance = number * `scale` + `offset`, such as `scale` 0.0001.",
                where=raster.path,
                option="scale",
            )
    if known and max(high for _, (_, high) in known) < DARK:
        part, (low, high) = max(known, key=lambda each: each[1][1])
        log.warning(
            "%s: even the brightest band, %s, lies between a reflectance of %.3g and %.3g%s, darker than land is. "
            "Check `scale` and `offset`.",
            part.stored.raster.role, part.band, low, high, _scaled_by(part.scaled),
        )  # fmt: skip


def _scaled_by(scaled: Scaled) -> str:
    if (scaled.scale, scaled.offset) == (1.0, 0.0):
        return ""
    return f", as number * {scaled.scale:g} + {scaled.offset:g}"


def warn_of_options(sources: Sequence[SourceBand], reading: ReadOptions, name: str) -> None:
    """Warn where the user's scale or offset takes the place of another that a product or a file states.

    Args:
        sources: bands that are taken in reflectance.
        reading: options of reading.
        name: what the image is in the scene.
    """
    if reading.scale is None and reading.offset is None:
        return
    for source in sources:
        said = source.stated or (_of_file(source) if _of_file(source) != (1.0, 0.0) else None)
        if said is None or source.remedy:
            continue
        taken = reading.scale or said[0], reading.offset or 0.0
        if not np.allclose(said, taken, rtol=1e-6, atol=1e-9):
            log.warning(
                "%s: reflectance is number * %g + %g by `scale` and `offset`, and %s says number * %g + %g. "
                "The options hold for both dates: where one file alone does not say it, write it there (gdal_edit.py "
                "-scale %g -offset %g FILE), and leave them out.",
                name, *taken, source.raster.path, *said, *taken,
            )  # fmt: skip
            return


def _of_file(source: SourceBand) -> tuple[float, float]:
    return float(source.raster.scales[source.number - 1]), float(source.raster.offsets[source.number - 1])


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
