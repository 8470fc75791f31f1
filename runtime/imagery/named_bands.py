"""Common names of the bands of opened files: by the user's word, else by what the files call them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from landslip.runtime.declared.bands import COLOURS, OTHER, Band, chosen, differing, named_bands
from landslip.runtime.errors import UsageError
from landslip.runtime.imagery.colours import band_count, coloured, described, file_name, sensor_of
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.rasters.raster import Raster

log = logging.getLogger(__name__)

_INTERPRETED = {"coastal", "yellow", "pan", "rededge", "nir", "lwir"}
"""Colours of GDAL that are common names of bands, besides red, green and blue, which it gives to any three bands."""


def names_of(rasters: Sequence[Raster], reading: ReadOptions) -> list[tuple[str, ...]]:
    """Common name of each band of each file of an image; empty where nothing says it, and for transparency.

    Args:
        rasters: the files; those of one band are told by their names, or counted.
        reading: options of reading.

    Raises:
        UsageError: the user names another number of bands.
    """
    alone = [raster for raster in rasters if len(coloured(raster)) == 1]
    sensor = sensor_of(*rasters)
    if alone and len(alone) == len(rasters):
        names = _of_files(rasters, sensor, reading)
        return [_spread(raster, (name,)) for raster, name in zip(rasters, names, strict=True)]
    single = dict(zip(map(id, alone), _by_files(alone, sensor), strict=True))
    return [
        _spread(raster, (single[id(raster)],)) if id(raster) in single else _of_bands(raster, sensor, reading)
        for raster in rasters
    ]


def _spread(raster: Raster, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the bands that are no transparency, in the places of all bands."""
    plain = iter(names)
    return tuple("" if colour == "alpha" else next(plain).strip("-") for colour in raster.colours)


def _of_bands(raster: Raster, sensor: str, reading: ReadOptions) -> tuple[str, ...]:
    plain = coloured(raster)
    if reading.band_names is not None:
        if len(reading.band_names) != len(plain):
            raise _miscounted(raster, f"{raster.path} has {band_count(len(plain))}", reading.band_names)
        _warn_of_others(raster, reading.band_names, named_bands([described(raster)[number - 1] for number in plain]))
        return _spread(raster, reading.band_names)
    bands = described(raster)
    names = [name if name != OTHER else "" for name in named_bands(bands, sensor)]
    names = [name or band.colour * (band.colour in _INTERPRETED) for name, band in zip(names, bands, strict=True)]
    visible = reading.bands or chosen(bands, sensor) or ()
    for number, colour in zip(visible, COLOURS, strict=False):
        if number <= len(names):
            names = ["" if name == colour else name for name in names]
            names[number - 1] = colour
    return tuple("" if colour == "alpha" else name for name, colour in zip(names, raster.colours, strict=True))


def _warn_of_others(raster: Raster, names: Sequence[str], said: Sequence[str]) -> None:
    """Warn where the user names a band in another way than its file; each file once."""
    for number, name, own in zip(coloured(raster), names, said, strict=True):
        if raster.warns and own not in {"", OTHER, name} and name != "-":
            log.warning(
                "%s: %s calls band %d %s, and `band_names` %s, which is taken.",
                raster.role, raster.path, number, own, name,
            )  # fmt: skip
            return


def _of_files(rasters: Sequence[Raster], sensor: str, reading: ReadOptions) -> Sequence[str]:
    if reading.band_names is not None:
        if len(reading.band_names) != len(rasters):
            raise _miscounted(rasters[0], f"there are {len(rasters)} files of one band", reading.band_names)
        return reading.band_names
    names = _by_files(rasters, sensor)
    # As everywhere: three files that say nothing are red, green and blue in the order in which they are given.
    return COLOURS if len(rasters) == len(COLOURS) and not any(names) else names


def _by_files(rasters: Sequence[Raster], sensor: str) -> list[str]:
    """Names of files of one band: by the name of the band, else by what is not the same in all names of files."""
    said = named_bands([described(raster)[coloured(raster)[0] - 1] for raster in rasters], sensor)
    stems = [file_name(raster) for raster in rasters]
    shown = named_bands([Band(name) for name in (differing(stems) if len(stems) > 1 else stems)], sensor)
    found = [first if first not in {"", OTHER} else second for first, second in zip(said, shown, strict=True)]
    return ["" if name == OTHER else name for name in found]


def _miscounted(raster: Raster, what: str, names: Sequence[str]) -> UsageError:
    return UsageError(
        f"{raster.role}: `band_names` {','.join(names)} names {band_count(len(names))}, and {what}.",
        "Name each of them, in order; - for one that has no such name.",
        option="band_names",
        where=raster.path,
    )
