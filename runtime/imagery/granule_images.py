"""Images of satellites' products: the picture of each granule, or its red, green and blue, laid side by side."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from landslip.runtime.access.location import Location, shown
from landslip.runtime.artifacts.spec import Role
from landslip.runtime.declared.bands import COLOURS
from landslip.runtime.errors import InputError
from landslip.runtime.imagery.checked_bands import checked
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.image import Image
from landslip.runtime.imagery.tiled_image import TiledRaster, check_alike
from landslip.runtime.inputs.granules import BandFile, Granule
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.rasters.raster import Raster

log = logging.getLogger(__name__)

Opener = Callable[[Location, str], Raster]
"""Opens a file in a role."""


def image_of_granules(role: Role, granules: Sequence[Granule], reading: ReadOptions, opened: Opener) -> Image:
    """Open the granules of one date as an image in red, green and blue.

    Granules on one pixel grid are its tiles. Others, as those of two UTM zones, are brought onto the map one by one.

    Raises:
        InputError: a granule has neither a picture nor red, green and blue, or they do not go together.
    """
    name = f"{role}-event image"
    each = [_parts(granule, opened, name) for granule in granules]
    if len(each) == 1:
        (parts,) = each
        numbers = [number for part in parts for number in part.numbers]
        file = {"file": parts[0].raster.path} if len(parts) == 1 else {}
        return Image(role, parts, {**file, "bands": numbers})
    if any(len(parts) > 1 for parts in each):
        raise InputError(
            f"{name}: {shown([parts[0].raster.location for parts in each])} have their colours in single files, and "
            "there is no picture in 8 bits beside them.",
            "Give one of them, or join the colours of each first: gdalbuildvrt -separate TILE.vrt RED GREEN BLUE.",
        )
    tiles = tuple(parts[0] for parts in each)
    check_alike(tiles, name)
    facts: dict[str, Any] = {
        "bands": list(tiles[0].numbers),
        "tiles": [{"file": tile.raster.path, "bands": list(tile.numbers)} for tile in tiles],
    }
    grid = _one_grid(tiles)
    if grid is not None:
        return Image(role, tiles, facts, tiled=grid)
    if tiles[0].type != "uint8" and reading.rgb_range is None:
        raise InputError(
            f"{name}: {shown([tile.raster.location for tile in tiles])} lie on grids of their own, and each would be "
            "stretched by its own percentiles.",
            "Say what becomes black and what becomes white in all of them: `rgb_range` 0 0.3, for example.",
            option="rgb_range",
        )
    systems = list(dict.fromkeys(tile.raster.crs.to_string() for tile in tiles))
    log.info(
        "%s: %d granules in %s are laid on one map, the first that shows a place counts; a seam may be seen where they "
        "meet: %s", name, len(tiles), ", ".join(systems), ", ".join(granule.name for granule in granules),
    )  # fmt: skip
    return Image(role, tiles, {**facts, "seam_between": systems}, apart=True)


def _parts(granule: Granule, opened: Opener, name: str) -> tuple[Bands, ...]:
    """The picture of a granule, else its colours: one part where they lie in one file."""
    if granule.true_colour is not None:
        return (checked(Bands(opened(granule.true_colour, name), (1, 2, 3), zero_is_nodata=True)),)
    colours = [granule.bands[colour] for colour in COLOURS if colour in granule.bands]
    if len(colours) < len(COLOURS):
        raise InputError(
            f"{name}: {granule.name} holds no true colour image, nor red, green and blue.",
            "Download the whole product, or give its bands one by one.",
        )
    log.info("%s: %s is %s; its red, green and blue are stretched", name, granule.name, granule.kind)
    if len({band.location for band in colours}) == 1:
        numbers = tuple(band.number for band in colours)
        return (_bands(opened(colours[0].location, name), numbers, colours[0]),)
    return tuple(
        _bands(opened(band.location, f"{name} ({colour})"), (band.number,), band)
        for colour, band in zip(COLOURS, colours, strict=True)
    )


def _bands(raster: Raster, numbers: tuple[int, ...], band: BandFile) -> Bands:
    return checked(Bands(raster, numbers, zero_is_nodata=band.nodata == 0))


def _one_grid(tiles: Sequence[Bands]) -> TiledRaster | None:
    """Grid that all tiles lie on; None where there is none."""
    try:
        return TiledRaster(tiles)
    except InputError:
        return None
