"""Bands of one file, or of tiles on one grid, as a network takes them: reflectance, stored numbers, or 8 bits each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.geo.gridded import RasterLike
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import place_in
from landslip.runtime.imagery.file_bands import Bands, in_8_bits
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.imagery.tiled_image import TiledRaster
from landslip.runtime.rasters.mosaic import overlap
from landslip.runtime.rasters.raster import in_type


@dataclass(frozen=True)
class Scaled:
    """A band as it is fed: ``stored * scale + offset``."""

    number: int
    """Number of the band in its file, from 1."""
    scale: float
    """See above; 1 for the stored numbers themselves."""
    offset: float
    """See above."""


@dataclass(frozen=True)
class MeasuredBands:
    """Bands of one raster on its own grid, in float32 or in 8 bits; a pixel is known where all of them are."""

    stored: Bands
    """The stored numbers, and which of them are unknown."""
    shown: tuple[Scaled, ...]
    """Bands in their order; each number is one of the stored ones."""
    nodata: tuple[float | None, ...] = ()
    """Number that means unknown in each of the stored bands, besides what the file declares."""
    in_8_bits: bool = False
    """True if they are read in 8 bits instead of as they are scaled."""
    stretch: Stretch | None = None
    """Stretch that brings them to 8 bits; None for those that are in 8 bits."""

    @property
    def raster(self) -> RasterLike:
        """The file."""
        return self.stored.raster

    @property
    def count(self) -> int:
        """Number of bands."""
        return len(self.shown)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what is read."""
        return np.dtype(np.uint8 if self.in_8_bits else np.float32)

    def read(self, window: Window) -> Pixels:
        """Values (bands, rows, cols) on a window of the file."""
        stored, valid = self.stored.stored(window)
        for band, number in zip(stored, self.nodata, strict=False):
            if number is not None:
                valid = valid & (band != in_type(number, band.dtype))
        if self.in_8_bits:
            places = [self.stored.numbers.index(band.number) for band in self.shown]
            return in_8_bits(Pixels(stored[places], valid), self.stretch)
        values = np.empty((self.count, *valid.shape), dtype=np.float32)
        for index, band in enumerate(self.shown):
            numbers = stored[self.stored.numbers.index(band.number)]
            if (band.scale, band.offset) == (1.0, 0.0):
                values[index] = numbers
            else:
                scaled(np.ascontiguousarray(numbers), band.scale, band.offset, values[index])
        return Pixels(values, valid)


@dataclass(frozen=True)
class MeasuredTiles:
    """Bands of tiles on one grid; the first tile that knows a pixel counts."""

    raster: TiledRaster
    """Grid of the tiles."""
    tiles: tuple[MeasuredBands, ...]
    """The tiles in the same order, of the same bands."""

    @property
    def count(self) -> int:
        """Number of bands."""
        return self.tiles[0].count

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what is read."""
        return self.tiles[0].dtype

    def read(self, window: Window) -> Pixels:
        """Values (bands, rows, cols) on a window of the mosaic; 0 where no tile is valid."""
        shape = int(window.height), int(window.width)
        values, valid = np.zeros((self.count, *shape), self.dtype), np.zeros(shape, np.bool_)
        for tile, bands in zip(self.raster.tiles, self.tiles, strict=True):
            part = overlap(tile, window)
            if part is None:
                continue
            place = place_in(part, window)
            if valid[place].all():
                continue
            found = bands.read(tile.window_in_file(part))
            new = found.valid & ~valid[place]
            values[(slice(None), *place)][:, new] = found.values[:, new]
            valid[place] |= new
        return Pixels(values, valid)


MeasuredInput: TypeAlias = "MeasuredBands | MeasuredTiles"
"""Input that is brought onto the map as one."""


def tiles_of(tiles: Sequence[MeasuredBands]) -> MeasuredInput:
    """Tiles of the same bands as one input.

    Raises:
        InputError: they do not lie on one pixel grid.
    """
    if len(tiles) == 1:
        return tiles[0]
    return MeasuredTiles(TiledRaster([tile.stored for tile in tiles]), tuple(tiles))


@kernel
def scaled(stored: NDArray[Any], scale: float, offset: float, out: NDArray[Any]) -> None:  # pragma: no cover - compiled
    """Write ``stored * scale + offset`` (rows, cols), computed in float64, into ``out`` in float32."""
    for row in range(stored.shape[0]):
        for col in range(stored.shape[1]):
            out[row, col] = np.float32(stored[row, col] * scale + offset)
