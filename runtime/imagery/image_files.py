"""Images as users have them: one file or one per band, any bands, any type, tiles, Sentinel-2 products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from landslip.runtime.access.location import Location, shown
from landslip.runtime.artifacts.spec import Role
from landslip.runtime.declared.bands import COLOURS
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.imagery.checked_bands import checked
from landslip.runtime.imagery.colours import band_count, check_order, chosen_bands, coloured
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.granule_images import Opener, image_of_granules
from landslip.runtime.imagery.image import Image
from landslip.runtime.imagery.tiled_image import TiledRaster, check_alike
from landslip.runtime.inputs import sentinel2
from landslip.runtime.inputs.granules import Granule
from landslip.runtime.inputs.granules_of_date import granules_of_date
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.rasters.raster import Raster


def open_image(role: Role, locations: Sequence[Location], reading: ReadOptions, opened: Opener) -> Image:
    """Open what a user gives as the image of one date.

    A file's bands are those of ``reading.bands``, else those the file calls red, green and blue, else its only three.
    Of a Sentinel-2 product the true colour image is taken. Three files of one band are red, green and blue in this
    order, each on its own grid: the bands of a sensor may have different resolutions, and each is resampled on its own
    anyway. Two or more files that have all colours each are tiles on one grid.

    Args:
        role: pre or post.
        locations: one location or more.
        reading: options of reading.
        opened: opens a raster in a role, as messages name it.

    Raises:
        UsageError: there are neither one nor three files of one band, or too few bands for those that are chosen.
        InputMissingError: a file is not there.
        InputError: a file is no image, or does not go with the others.
    """
    name = f"{role}-event image"
    granules = granules_of_date(locations, name)
    if granules is not None and _as_products(granules, locations):
        return image_of_granules(role, granules, reading, opened)
    if len(locations) == 1:
        part, facts = _picture(_open(locations[0], opened, name), reading)
        return Image(role, (part,), facts)
    if len(set(locations)) != len(locations) or not locations:
        raise UsageError(_unclear(role, locations))
    files = [_open(location, opened, name) for location in locations]
    single = [file for file in files if file.is_single]
    if not single:
        return _tiles(role, files, reading, name)
    if len(single) < len(files):
        raise InputError(_mixed(next(file for file in files if not file.is_single), single[0]))
    if len(files) != 3:
        raise UsageError(_unclear(role, locations))
    return _colours(role, files, name)


def _as_products(granules: Sequence[Granule], locations: Sequence[Location]) -> bool:
    """Tell whether an image is given as products; their files are read as rasters, unless they are several pictures."""
    pictures = len(locations) > 1 and all(granule.true_colour is not None for granule in granules)
    rasters = {band.location for granule in granules for band in granule.bands.values()}
    rasters |= {granule.true_colour for granule in granules if granule.true_colour is not None}
    return pictures or any(location not in rasters for location in locations)


def _unclear(role: Role, locations: Sequence[Location]) -> str:
    return (
        f"{len(locations)} files are given as {role}-event image ({shown(locations)}). Give one file, or three "
        f"different ones for red, green and blue: `{role}` RED `{role}` GREEN `{role}` BLUE. Or give tiles that have "
        f"all three colours each: `{role}` TILE `{role}` TILE."
    )


def _mixed(whole: _File, single: _File) -> str:
    raster = whole.raster
    return (
        f"{raster.role}: {raster.path} has {band_count(len(coloured(raster)))}, and {single.raster.path} has one. Give "
        "red, green and blue in three files of one band, or tiles that have all three colours each. To make such a "
        "tile of bands: gdalbuildvrt -separate TILE.vrt RED GREEN BLUE."
    )


@dataclass(frozen=True)
class _File:
    """File that a user gives, opened."""

    raster: Raster
    location: Location
    """Location of the picture; in a product, or what was given."""
    in_product: bool

    @property
    def is_single(self) -> bool:
        """Tell whether it has one of the colours, and not all three."""
        return not self.in_product and len(coloured(self.raster)) == 1 and "palette" not in self.raster.colours


def _open(location: Location, opened: Opener, name: str) -> _File:
    if sentinel2.is_product(location):
        picture = sentinel2.true_colour(location, name)
        return _File(opened(picture, name), picture, in_product=True)
    return _File(opened(location, name), location, in_product=False)


def _picture(file: _File, reading: ReadOptions) -> tuple[Bands, dict[str, Any]]:
    """The colours of a file that has all three, and what the run record says of it."""
    facts: dict[str, Any]
    if file.in_product:
        facts = {"file": file.raster.path, "bands": [1, 2, 3]}
    else:
        facts = {"bands": list(chosen_bands(file.raster, reading.bands, _known_by_name(file)))}
    return checked(Bands(file.raster, tuple(facts["bands"]), sentinel2.zero_is_nodata(file.location))), facts


def _known_by_name(file: _File) -> tuple[int, ...] | None:
    """Numbers of red, green and blue in a file of a product, by its name; None where that says nothing of them."""
    for granule in granules_of(file.location, file.raster.role) or ():
        bands = [granule.bands[colour] for colour in COLOURS if colour in granule.bands]
        if len(bands) == len(COLOURS) and all(band.location == file.location for band in bands):
            return tuple(band.number for band in bands)
    return None


def _tiles(role: Role, files: Sequence[_File], reading: ReadOptions, name: str) -> Image:
    """An image in tiles, in the order in which they are given."""
    parts, facts = zip(*(_picture(file, reading) for file in files), strict=True)
    check_alike(parts, name)
    each = [{"file": part.raster.path, "bands": list(part.numbers)} for part in parts]
    return Image(role, parts, {"bands": facts[0]["bands"], "tiles": each}, tiled=TiledRaster(parts))


def _colours(role: Role, files: Sequence[_File], name: str) -> Image:
    """An image in three files."""
    for file, colour in zip(files, COLOURS, strict=True):
        file.raster.role = f"{name} ({colour})"
    parts = tuple(
        checked(Bands(file.raster, coloured(file.raster), sentinel2.zero_is_nodata(file.location))) for file in files
    )
    check_order([part.raster for part in parts])
    types = [part.type for part in parts]
    if len(set(types)) > 1:
        raise InputError(
            f"{name}: {shown([file.location for file in files])} are {', '.join(types)}.",
            "Give red, green and blue in one type, from one product.",
        )
    return Image(role, parts, {"bands": [number for part in parts for number in part.numbers]})
