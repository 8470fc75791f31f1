"""Bands of opened files that are red, green and blue: by the user's word, else by what the files call them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import PurePosixPath

from landslip.runtime.declared.bands import (
    COLOURS,
    OTHER,
    SATELLITES,
    Band,
    chosen,
    differing,
    named_colours,
    wavelength_of,
)
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.untrusted.printable import printable

log = logging.getLogger(__name__)

_NAME, _NAMES = 30, 200
"""Most characters of a band's name, and of all of them, in a message."""


def band_count(count: int) -> str:
    """Number of bands, in words."""
    return f"{count} band{'s'[: count > 1]}"


def coloured(raster: Raster) -> tuple[int, ...]:
    """The bands that are not there for transparency."""
    return tuple(number for number, colour in enumerate(raster.colours, 1) if colour != "alpha")


def chosen_bands(
    raster: Raster, wanted: tuple[int, ...] | None, known: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """The numbers, from 1, of the bands of a file that are red, green and blue.

    Args:
        raster: the file.
        wanted: what the user says of them; None for what the file says.
        known: what the name of the file says, where its bands have no names; None where it says nothing.

    Raises:
        UsageError: a band that is wanted is not there.
        InputError: the file has too few bands, or does not say which are red, green and blue.
    """
    if "palette" in raster.colours:
        raise InputError(
            f"{raster.role}: {raster.path} holds numbers of colours in a palette. "
            "Expand it first: gdal_translate -expand rgb FILE NEW.",
            where=raster.path,
        )
    if wanted is not None:
        if max(wanted) > raster.bands:
            raise UsageError(
                f"{raster.role}: {raster.path} has {band_count(raster.bands)}, but `bands` "
                f"{','.join(map(str, wanted))} asks for band {max(wanted)}.",
                "Choose others.",
                where=raster.path,
            )
        return wanted
    if len(coloured(raster)) < 3:
        raise InputError(
            f"{raster.role}: {raster.path} has {band_count(raster.bands)}, but red, green and blue are needed.",
            "Give a file that has them, or three files of one band: red, green, blue.",
            where=raster.path,
        )
    declared = chosen(described(raster), sensor_of(raster))
    if declared is None and known is not None and not any(raster.names) and max(known) <= raster.bands:
        declared = known
    if declared is None:
        called = ", ".join(printable(name, _NAME) or "?" for name in raster.names) if any(raster.names) else "no names"
        raise InputError(
            f"{raster.role}: {raster.path} has {band_count(raster.bands)} ({printable(called, _NAMES)}) and does "
            "not say which are red, green and blue.",
            "Say so: `bands` 3,2,1 where blue comes first, as from PlanetScope, RapidEye and in stacks of "
            "Sentinel-2 bands, `bands` 1,2,3 where red does.",
            where=raster.path,
        )
    if declared != (1, 2, 3):
        log.info("%s: %s calls bands %s red, green and blue", raster.role, raster.path, declared)
    return declared


def described(raster: Raster) -> list[Band]:
    """Statements of a file about each of its bands."""
    bands = []
    for number, (name, colour) in enumerate(zip(raster.names, raster.colours, strict=True), 1):
        tags = raster.band_tags(number)
        named = name or tags.get("bandname", "") or tags.get("band_name", "") or tags.get("eo:common_name", "")
        bands.append(Band(named, wavelength_of(tags), colour))
    return bands


def sensor_of(*rasters: Raster) -> str:
    """Words that may tell the sensor: names of files, and of the satellite where the file gives it."""
    said = [value for raster in rasters for key, value in raster.tags.items() if key.lower() in SATELLITES]
    return " ".join([*map(file_name, rasters), *said])


def file_name(raster: Raster) -> str:
    """Name of a file without its folder and ending."""
    return PurePosixPath(raster.path.replace("\\", "/")).stem


def check_order(rasters: Sequence[Raster]) -> None:
    """Three files whose names say that they come in another order, or show something else, are not taken as given.

    Raises:
        InputError: they are such files.
    """
    said = [described(raster)[0] for raster in rasters]
    for bands in (said, [Band(name) for name in differing([file_name(raster) for raster in rasters])]):
        shown = named_colours(bands, sensor_of(*rasters))
        if any(found not in {"", colour} for found, colour in zip(shown, COLOURS, strict=True)):
            each = ", ".join(
                f"{raster.path} {'another band' if found == OTHER else found or 'unknown'}"
                for raster, found in zip(rasters, shown, strict=True)
            )
            name = rasters[0].role.partition(" (")[0]
            role = name.partition("-")[0]
            raise InputError(
                f"{name}: three files are red, green and blue in the order in which they are given, and by their "
                f"names these are: {each}.",
                f"Give them in order: `{role}` RED `{role}` GREEN `{role}` BLUE (for Sentinel-2 and Landsat 8 and 9 "
                "bands 4, 3, 2). Rename a file whose name is wrong.",
            )
