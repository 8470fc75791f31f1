"""Bands that a network takes of an image, found in the files or products that a user gives for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from landslip.runtime.access.location import Location
from landslip.runtime.artifacts.channels import Date
from landslip.runtime.errors import InputError
from landslip.runtime.imagery.colours import band_count, coloured
from landslip.runtime.imagery.named_bands import names_of
from landslip.runtime.inputs.granules import BandFile, Granule
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inputs.sentinel2 import zero_is_nodata
from landslip.runtime.rasters.raster import Raster

log = logging.getLogger(__name__)

Wanted: TypeAlias = "str | int"
"""Common name of a band, or its number."""

Opener = Callable[[Location, str], Raster]
"""Opens a file in a role."""

ALIKE = {"nir": "nir08", "nir08": "nir", "rededge": "rededge071", "rededge071": "rededge"}
"""Bands that are taken for one another where an image has but one of the two: sensors that have one name it so."""

_SHOWN = 20
"""Most bands in a message."""


@dataclass(frozen=True)
class SourceBand:
    """A band, and where it lies."""

    raster: Raster
    """The opened file."""
    number: int
    """Number of the band in it, from 1."""
    stated: tuple[float, float] | None = None
    """Scale and offset that make reflectance of its numbers, as a product says; None where none says so."""
    nodata: float | None = None
    """Number that means unknown, besides what the file declares."""
    remedy: str = ""
    """Words on why a product does not say it, after the name of the file, and what to do."""
    of_product: bool = False
    """True if a product says what it is."""

    @property
    def zero_is_nodata(self) -> bool:
        """Tell whether an undeclared 0 is unknown, by the name of the file."""
        return zero_is_nodata(self.raster.location)


Group: TypeAlias = "Mapping[Wanted, SourceBand]"
"""Bands of one granule, or of one tile, by what is wanted."""


def sources_of(date: Date, files: SceneFiles, wanted: Collection[Wanted], opened: Opener) -> tuple[Group, ...]:
    """The wanted bands of the image of a date, granule by granule, or tile by tile.

    Args:
        date: which image.
        files: the scene.
        wanted: bands that the network takes of it.
        opened: opens a raster in a role, as messages name it.

    Raises:
        UsageError: an option does not fit the files.
        InputMissingError: a file is not there.
        InputError: a band is not there, or not told by name; the message says what to do.
    """
    name = f"{date}-event image"
    granules = files.granules_of(date)
    if granules is not None and any(granule.bands for granule in granules):
        return tuple({band: _of_granule(granule, band, name, opened) for band in wanted} for granule in granules)
    rasters = [opened(location, name) for location in files.images[date]]
    return _grouped(rasters, wanted, files.reading, name)


def _of_granule(granule: Granule, band: Wanted, name: str, opened: Opener) -> SourceBand:
    file = _numbered(granule, band) if isinstance(band, int) else _named(granule, band)
    if file is None:
        has = ", ".join(f"{common} ({each.label})" if each.label else common for common, each in granule.bands.items())
        raise InputError(
            f"{name}: {granule.name} has no band {band}; it has {has or 'none'}.",
            "Give a product that has it, or a network that does not take it.",
        )
    stated = None if file.unstated else (file.scale, file.offset)
    raster = opened(file.location, name)
    if file.number > raster.bands:
        raise InputError(
            f"{name}: {raster.path} has {band_count(raster.bands)}, and of its product its band {band} is number "
            f"{file.number}.",
            "Download it again.",
            where=raster.path,
        )
    return SourceBand(raster, file.number, stated, file.nodata, file.unstated, of_product=True)


def _named(granule: Granule, band: str) -> BandFile | None:
    found = granule.band(band)
    if found is None and band in ALIKE and (found := granule.band(ALIKE[band])) is not None:
        log.info("%s has no band %s: its %s is taken", granule.name, band, ALIKE[band])
    return found


def _numbered(granule: Granule, number: int) -> BandFile | None:
    """The band of a number, which is one of a file: where the granule is one."""
    if len({file.location for file in granule.bands.values()}) > 1:
        return None
    return next((file for file in granule.bands.values() if file.number == number), None)


def _grouped(
    rasters: Sequence[Raster], wanted: Collection[Wanted], reading: ReadOptions, name: str
) -> tuple[Group, ...]:
    """Bands of files: each file goes to the first group that has none of its bands, so that tiles come apart."""
    offers = list(_offers(rasters, wanted, reading))
    groups: list[dict[Wanted, SourceBand]] = []
    useless: list[str] = []
    for raster, offered in zip(rasters, offers, strict=True):
        found = {band: SourceBand(raster, number) for band, number in offered.items() if band in wanted}
        if not found:
            useless.append(raster.path)
            continue
        group = next((group for group in groups if not group.keys() & found.keys()), None)
        if group is None:
            groups.append(found)
        else:
            group.update(found)
    _check_complete(groups, rasters, offers, wanted, name)
    for path in useless:
        log.info("%s: %s holds none of the bands that the model takes", name, path)
    return tuple({band: group[band] for band in wanted} for group in groups)


def _offers(rasters: Sequence[Raster], wanted: Collection[Wanted], reading: ReadOptions) -> Iterator[dict[Wanted, int]]:
    """Bands of each file by name and by number; several files of one band are counted together."""
    plain = [coloured(raster) for raster in rasters]
    numbers = {band for band in wanted if isinstance(band, int)}
    counted = all(len(each) == 1 for each in plain) and numbers != {1}
    everything = {name for names in names_of(rasters, reading) for name in names if name}
    for index, names in enumerate(names_of(rasters, reading)):
        offered: dict[Wanted, int] = {name: number for number, name in enumerate(names, 1) if name}
        for band in wanted:
            alike = ALIKE.get(band) if isinstance(band, str) and band not in everything else None
            if alike in offered:
                log.info("%s: %s is taken for %s", rasters[index].path, alike, band)
                offered[band] = offered[alike]
        numbered: dict[Wanted, int] = (
            {index + 1: plain[index][0]} if counted else {number: number for number in plain[index]}
        )
        yield {**offered, **numbered}


def _check_complete(
    groups: Sequence[Group],
    rasters: Sequence[Raster],
    offers: Sequence[Mapping[Wanted, int]],
    wanted: Collection[Wanted],
    name: str,
) -> None:
    files = ", ".join(dict.fromkeys(raster.path for raster in rasters))
    missing = [band for band in wanted if not any(band in group for group in groups)]
    if not missing:
        partly = next((band for group in groups for band in wanted if band not in group), None)
        if partly is None:
            return
        raise InputError(
            f"{name}: of {files} some show band {partly} and some the same bands without it.",
            "Give tiles that have all bands each, or all files of each tile.",
        )
    count = sum(len(coloured(raster)) for raster in rasters)
    names = [str(band) for offered in offers for band in offered if isinstance(band, str)][:_SHOWN]
    if isinstance(missing[0], int):
        remedy = f"Give a file of {missing[0]} bands, or that many files of one band."
    else:
        remedy = (
            "Give files that have it. If it is there and goes by another name, name all bands in their order, such as "
            "`band_names` blue,green,red,nir."
        )
        hidden = next((raster for raster in rasters if "alpha" in raster.colours), None)
        if hidden is not None:
            place = hidden.colours.index("alpha") + 1
            remedy += (
                f" If it is band {place}, which goes as transparency: gdal_edit.py -colorinterp_{place} undefined FILE."
            )
    raise InputError(
        f"{name}: the model takes band {missing[0]}, and {files} has {band_count(count)}, which are called "
        f"{', '.join(names) or 'nothing that is known'}.",
        remedy,
        where=rasters[0].path,
        option="" if isinstance(missing[0], int) else "band_names",
    )
