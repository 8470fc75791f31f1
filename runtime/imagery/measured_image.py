"""Image of a date as a network takes it that is fed measured values, or other bands in 8 bits than red, green and blue.

Bands may lie in one file, in one file each with pixels of their own size, or in granules of products. What is unknown
is found as in pictures (:mod:`landslip.runtime.imagery.undeclared_fill`), except in products, which say it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from landslip.runtime.access.location import shown as shown_files
from landslip.runtime.artifacts.channels import Date
from landslip.runtime.errors import InputError
from landslip.runtime.geo.gridded import Outlined
from landslip.runtime.imagery.band_sources import Opener, SourceBand, Wanted, sources_of
from landslip.runtime.imagery.checked_bands import checked
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.granule_outline import GranuleOutline
from landslip.runtime.imagery.image import Image
from landslip.runtime.imagery.measured_bands import MeasuredBands, MeasuredInput, Scaled, tiles_of
from landslip.runtime.imagery.reflectance import MeasuredPart, check_reflectance, fed_limits, scale_of, warn_of_options
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.imagery.stretch_limits import Ground
from landslip.runtime.imagery.undeclared_fill import without_fill
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles

log = logging.getLogger(__name__)

BandInUnit: TypeAlias = "tuple[Wanted, str]"
"""Band, by name or number, and the unit it is wanted in."""


class _Shown(NamedTuple):
    """A band of a file, and what is fed of it."""

    band: Wanted
    unit: str
    source: SourceBand
    scaled: Scaled


@dataclass(frozen=True)
class MeasuredImage:
    """Bands of one date, found and opened."""

    image: Image
    """Files of all granules or tiles, one after the other, with the numbers that are read of each."""
    shown: tuple[tuple[_Shown, ...], ...]
    """Bands of each of these files."""
    files: int
    """Number of files of one granule or tile."""
    in_8_bits: bool = False
    """True if its bands are read in 8 bits."""
    stretches: tuple[Stretch | None, ...] = ()
    """Stretch of each file that brings its bands to 8 bits; empty where they are not, or not measured yet."""

    @property
    def bands(self) -> tuple[BandInUnit, ...]:
        """Bands in the order in which the files give them."""
        return tuple((each.band, each.unit) for part in self.shown[: self.files] for each in part)

    @property
    def inputs(self) -> tuple[tuple[MeasuredInput, ...], ...]:
        """Inputs of each granule, which are laid one behind the other; those of tiles on one grid together."""
        stretches = self.stretches or (None,) * len(self.shown)
        parts = [
            MeasuredBands(part, tuple(each.scaled for each in shown), _nodata(part, shown), self.in_8_bits, stretch)
            for part, shown, stretch in zip(self.image.parts, self.shown, stretches, strict=True)
        ]
        groups = [tuple(parts[start : start + self.files]) for start in range(0, len(parts), self.files)]
        try:
            return (tuple(tiles_of(tiles) for tiles in zip(*groups, strict=True)),)
        except InputError:
            return tuple(groups)

    @property
    def rasters(self) -> tuple[Outlined, ...]:
        """Outlines of what it shows, the one with the smallest pixels last; see :attr:`Image.rasters`."""
        together, *apart = self.inputs
        if apart:
            groups = [self.image.parts[at : at + self.files] for at in range(0, len(self.image.parts), self.files)]
            return (GranuleOutline([min(group, key=_size_of).raster for group in groups]),)
        rasters = [part.raster for part in together]
        finest = min(rasters, key=lambda raster: abs(raster.transform.determinant))
        return (*(raster for raster in rasters if raster is not finest), finest)

    @property
    def facts(self) -> dict[str, Any]:
        """Facts on how it is read, for the run record."""
        channels = [_fact(each) for part in self.shown for each in part]
        inputs = self.inputs
        if len(inputs) == 1:
            return {**self.image.facts, "channels": channels}
        systems = list(dict.fromkeys(part.raster.crs.to_string() for part in self.image.parts))
        return {**self.image.facts, "channels": channels, "seam_between": systems}

    def sources(self, band: BandInUnit) -> list[tuple[Bands, Scaled]]:
        """Places of a band in all granules or tiles: that band alone of each file, and how it is fed."""
        return [
            (replace(part, numbers=(each.source.number,)), each.scaled)
            for part, shown in zip(self.image.parts, self.shown, strict=True)
            for each in shown
            if (each.band, each.unit) == band
        ]

    def prepared(self, ground: Ground, reading: ReadOptions) -> MeasuredImage:
        """The image as it is read: without fill, checked, and with what brings it to 8 bits.

        Of products only that is fill which the user says, since they say the rest.

        Raises:
            InputError: numbers cannot be reflectance, or a band has no two values to stretch between.
        """
        products = all(each.source.of_product for part in self.shown for each in part)
        stated = reading.nodata_of(self.image.role) is not None
        clean = self if products and not stated else replace(self, image=without_fill(self.image, ground, reading))
        if self.in_8_bits:
            return clean.stretched(ground, reading)
        by_user = reading.scale is not None or reading.offset is not None
        unproven = [
            MeasuredPart(replace(part, numbers=(each.source.number,)), each.band, each.scaled)
            for part, bands in zip(clean.image.parts, clean.shown, strict=True)
            for each in bands
            if each.unit == "reflectance" and (by_user or not each.source.of_product)
        ]
        check_reflectance(unproven, ground)
        return clean

    def limits(self, band: BandInUnit, ground: Ground) -> tuple[float, float]:
        """Values, as they are fed, between which a band is shown: the widest 2nd to 98th percentile of its granules."""
        found = [fed_limits(part, scaled, ground) for part, scaled in self.sources(band)]
        lows, highs = zip(*([each for each in found if each is not None] or [(0.0, 1.0)]), strict=True)
        low, high = min(lows), max(highs)
        return (low, high) if low < high else (low, low + 1.0)

    def stretched(self, ground: Ground, reading: ReadOptions) -> MeasuredImage:
        """The image with what brings its bands to 8 bits: nothing where all files are in 8 bits."""
        span = reading.rgb_range
        if span is None and {part.type for part in self.image.parts} == {"uint8"}:
            return self
        limits = {band: span or self.limits(band, ground) for band in self.bands}
        for band, (low, high) in limits.items():
            log.info("%s-event image: band %s is stretched from %g to %g", self.image.role, band[0], low, high)
        return replace(self, stretches=tuple(_stretch(part, limits) for part in self.shown))


def open_measured(
    date: Date, files: SceneFiles, wanted: Collection[BandInUnit], opened: Opener, *, in_8_bits: bool = False
) -> MeasuredImage:
    """Open the bands of a date.

    Args:
        date: which image.
        files: the scene.
        wanted: bands and their units.
        opened: opens a raster in a role, as messages name it.
        in_8_bits: whether they are read in 8 bits; a pixel is unknown where all bands of a file are then, as in
            pictures, else where one of those is that are wanted.

    Raises:
        UsageError: an option does not fit the files.
        InputMissingError: a file is not there.
        InputError: a band is not there, or nothing says what its numbers mean.
    """
    name = f"{date}-event image"
    groups = sources_of(date, files, list(dict.fromkeys(band for band, _ in wanted)), opened)
    by_file = [_by_file(_all_shown(group, wanted, files.reading, name)) for group in groups]
    if len({tuple(tuple((each.band, each.unit) for each in part) for part in parts) for parts in by_file}) > 1:
        # Granules whose bands are spread over files in another way have one in common: each band by itself.
        by_file = [[(each,) for each in _all_shown(group, wanted, files.reading, name)] for group in groups]
    shown_bands = tuple(part for parts in by_file for part in parts)
    parts = tuple(_part(part, strict=not in_8_bits) for part in shown_bands)
    for each in (each for part in shown_bands for each in part):
        log.debug(
            "%s: band %s in %s is band %d of %s, times %g plus %g", name, each.band, each.unit, each.source.number,
            each.source.raster.path, each.scaled.scale, each.scaled.offset,
        )  # fmt: skip
    measured = [each.source for part in shown_bands for each in part if each.unit == "reflectance"]
    warn_of_options(measured, files.reading, name)
    found = MeasuredImage(Image(date, parts), shown_bands, len(by_file[0]), in_8_bits)
    if len(found.inputs) > 1:
        log.info(
            "%s: %d granules on grids of their own are laid on one map, the first that shows a place counts; a seam "
            "may be seen where they meet: %s", name, len(groups), _names(files, date, found),
        )  # fmt: skip
    return found


def _names(files: SceneFiles, date: Date, found: MeasuredImage) -> str:
    """Names of the granules, or of the files where no product names them."""
    granules = files.granules_of(date)
    if granules is None:
        return shown_files([part.raster.location for part in found.image.parts])
    return ", ".join(granule.name for granule in granules)


def _all_shown(
    group: Mapping[Wanted, SourceBand], wanted: Iterable[BandInUnit], reading: ReadOptions, name: str
) -> list[_Shown]:
    found = []
    for band, unit in wanted:
        source = group[band]
        scale, offset = (1.0, 0.0) if unit == "dn" else scale_of(source, band, unit, reading, name)
        found.append(_Shown(band, unit, source, Scaled(source.number, scale, offset)))
    return found


def _by_file(shown: Sequence[_Shown]) -> list[tuple[_Shown, ...]]:
    """Bands of each file, in the order in which the files are met."""
    parts: dict[int, list[_Shown]] = {}
    for each in shown:
        parts.setdefault(id(each.source.raster), []).append(each)
    return [tuple(part) for part in parts.values()]


def _part(shown: Sequence[_Shown], *, strict: bool) -> Bands:
    first = shown[0].source
    numbers = tuple(dict.fromkeys(each.source.number for each in shown))
    return checked(Bands(first.raster, numbers, first.zero_is_nodata, strict=strict))


def _nodata(part: Bands, shown: Sequence[_Shown]) -> tuple[float | None, ...]:
    said = {each.source.number: each.source.nodata for each in shown}
    return tuple(said[number] for number in part.numbers)


def _size_of(part: Bands) -> float:
    return abs(part.raster.transform.determinant)


def _stretch(part: Sequence[_Shown], limits: Mapping[BandInUnit, tuple[float, float]]) -> Stretch:
    lows, highs = zip(*(limits[each.band, each.unit] for each in part), strict=True)
    scales, offsets = zip(*((each.scaled.scale, each.scaled.offset) for each in part), strict=True)
    return Stretch(lows, highs, scales, offsets)


def _fact(each: _Shown) -> dict[str, Any]:
    scaled = {} if each.unit == "dn" else {"scale": each.scaled.scale, "offset": each.scaled.offset}
    return {
        "band": each.band,
        "unit": each.unit,
        "file": each.source.raster.path,
        "number": each.source.number,
        **scaled,
    }
