"""An image in tiles, read as if it were one file: window by window, and each tile by its own nodata, mask and fill.

GDAL's virtual mosaics are not used for it, for the reasons that hold for elevation
(:mod:`landslip.runtime.terrain.elevation`).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.access.location import shown
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import Bounds
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window, place_in
from landslip.runtime.imagery.file_bands import Bands, in_8_bits
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.rasters.mosaic import Tile, gaps_between, laid_out, named, outer_transform, overlap


class TiledRaster:
    """The grid of all tiles together, in the place of the raster of one file."""

    def __init__(self, tiles: Sequence[Bands]) -> None:
        """Lay the tiles of one image out.

        Raises:
            InputError: they do not lie on one pixel grid; the message has the command that joins them.
        """
        rasters = [tile.raster for tile in tiles]
        self.role, self.path = rasters[0].role, named(rasters)
        self.tiles: tuple[Tile, ...] = laid_out(rasters, _remedy(tiles))
        self.crs = rasters[0].crs
        self.height = max(tile.row + tile.raster.height for tile in self.tiles)
        self.width = max(tile.col + tile.raster.width for tile in self.tiles)
        self.transform = outer_transform(self.tiles)

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of the outline of all tiles together, in their CRS."""
        corners = (0, 0), (self.width, 0), (self.width, self.height), (0, self.height)
        xs, ys = zip(*(self.transform @ corner for corner in corners), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def axis_aligned(self) -> bool:
        """Tell whether rows and columns run along the axes of the CRS."""
        return self.tiles[0].raster.axis_aligned

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of the blocks that the first tile is stored in."""
        return self.tiles[0].raster.block_shape

    def block_bytes(self, window: Window) -> int:
        """Bytes GDAL holds after reading a window as large as this where most tiles lie side by side."""
        return max(self._bytes_along(tile.row - int(window.height) + 1, window) for tile in self.tiles)

    @property
    def gapless(self) -> bool:
        """See :class:`landslip.runtime.geo.gridded.Gapped`."""
        return len(self.tiles) == 1 and self.tiles[0].raster.gapless

    def gaps(self, window: Window) -> NDArray[np.uint8] | None:
        """See :class:`landslip.runtime.geo.gridded.Gapped`."""
        return gaps_between(self.tiles, window)

    def _bytes_along(self, top: int, window: Window) -> int:
        """Block bytes of the rows from one on: the most tiles are reached where the last row is the first of one."""
        along = [
            tile.raster
            for tile in self.tiles
            if top < tile.row + tile.raster.height and tile.row < top + int(window.height)
        ]
        sizes = [(min(int(window.width), each.width), min(int(window.height), each.height)) for each in along]
        return sum(each.block_bytes(make_window(0, 0, *size)) for each, size in zip(along, sizes, strict=True))


@dataclass(frozen=True)
class TiledBands:
    """Red, green and blue of an image in tiles, read as 8 bits on their common grid; the first that is valid counts."""

    raster: TiledRaster
    """Grid of the tiles."""
    tiles: tuple[Bands, ...]
    """The tiles in the same order, of one type, scale and offset, and with the same stretch."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the bands of the first tile, from 1."""
        return self.tiles[0].numbers

    @property
    def type(self) -> str:
        """Type of the stored numbers, such as ``uint16``."""
        return self.tiles[0].type

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.tiles[0].count

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what is read."""
        return np.dtype(np.uint8)

    @property
    def units(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Scale and offset of each band."""
        return self.tiles[0].units

    @property
    def stretch(self) -> Stretch | None:
        """Stretch that brings the values to 8 bits; None for values that are in 8 bits already."""
        return self.tiles[0].stretch

    def read(self, window: Window) -> Pixels:
        """Values in uint8 on a window of the mosaic."""
        return in_8_bits(self.stored(window), self.stretch)

    def stored(self, window: Window) -> Pixels:
        """Pixels before the stretch: the numbers of the files; 0 where none of them is valid."""
        shape = int(window.height), int(window.width)
        stored = np.zeros((self.count, *shape), self.type)
        valid = np.zeros(shape, np.bool_)
        for tile, bands in zip(self.raster.tiles, self.tiles, strict=True):
            part = overlap(tile, window)
            if part is None:
                continue
            place = place_in(part, window)
            if valid[place].all():
                continue
            found = bands.stored(tile.window_in_file(part))
            if part == window and found.valid.all():
                return found
            new = found.valid & ~valid[place]
            stored[(slice(None), *place)][:, new] = found.values[:, new]
            valid[place] |= new
        return Pixels(stored, valid)


def check_alike(tiles: Sequence[Bands], name: str) -> None:
    """Make sure that one stretch holds for all tiles: another for each would leave seams.

    Args:
        tiles: of one image.
        name: what it is in the scene.

    Raises:
        InputError: they differ in their type, scale or offset.
    """
    first = tiles[0]
    for tile in tiles[1:]:
        if tile.type != first.type:
            raise InputError(
                f"{name}: {first.raster.path} is {first.type} and {tile.raster.path} is {tile.type}, and tiles of "
                "one image need one type.",
                "Give tiles that were made alike, such as the same file of two products.",
            )
        if tile.units != first.units:
            scales = [f"{_listed(each.units[0])} and offset {_listed(each.units[1])}" for each in (first, tile)]
            raise InputError(
                f"{name}: {first.raster.path} has scale {scales[0]}, and {tile.raster.path} has scale {scales[1]}, "
                "but tiles of one image need the same.",
                "Write the values they stand for first, each: gdal_translate -unscale -ot Float32 FILE NEW.tif.",
            )


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in dict.fromkeys(numbers))


def _remedy(tiles: Sequence[Bands]) -> str:
    """The command that makes one file of tiles that lie on several grids."""
    first = tiles[0].raster
    code = first.crs.to_epsg()
    crs = f"EPSG:{code}" if code else shlex.quote(first.crs.to_wkt())
    if any(tile.zero_is_nodata for tile in tiles):
        unknown = "-srcnodata 0 -dstnodata 0 "
    else:
        unknown = "" if all(tile.raster.nodata is not None or tile.raster.masked for tile in tiles) else "-dstalpha "
    files = " ".join(shlex.quote(shown(tile.raster.location)) for tile in tiles)
    name = first.role.replace(" ", "-")
    return (
        "Tiles of one date have to share one grid. Join them first, and give what comes of it: "
        f"gdalwarp {unknown}-r bilinear -t_srs {crs} {files} {name}.tif"
    )
