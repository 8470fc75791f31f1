"""Bands of one file, read as 8 bits on its own grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.declared.fill import Fill
from landslip.runtime.declared.fill_evidence import HALO, is_filled
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.rasters.raster import Raster


@dataclass(frozen=True)
class Bands:
    """Some bands of one raster, read as 8 bits on its own grid."""

    raster: Raster
    """The opened file."""
    numbers: tuple[int, ...]
    """Numbers of the bands, from 1."""
    zero_is_nodata: bool = False
    """A pixel that is 0 in every one of these bands is unknown, though the file does not say so."""
    stretch: Stretch | None = None
    """Stretch that brings its values to 8 bits; None for values that are in 8 bits already."""
    fills: tuple[Fill, ...] = ()
    """Numbers that are unknown besides those that the file declares."""
    siblings: tuple[Raster, ...] = ()
    """The other files of one band on the same grid that have to be fill, too, for a pixel to be it."""

    strict: bool = False
    """A pixel is unknown where one of these bands is, as of measured values; else see :attr:`each`."""

    @property
    def type(self) -> str:
        """Type of the stored numbers, such as ``uint16``."""
        return self.raster.dtypes[self.numbers[0] - 1]

    @property
    def count(self) -> int:
        """Number of bands."""
        return len(self.numbers)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what is read."""
        return np.dtype(np.uint8)

    def read(self, window: Window) -> Pixels:
        """Values in uint8 on a window of the file."""
        return in_8_bits(self.stored(window), self.stretch)

    def stored(self, window: Window) -> Pixels:
        """Pixels before the stretch: the numbers of the file."""
        stored, valid = self.raster.read(window, self.numbers, each=self.each)
        if self.zero_is_nodata:
            valid &= (stored != 0).all(axis=0) if self.strict else (stored != 0).any(axis=0)
        for fill in self.fills:
            valid &= ~self._filled(window, stored, fill)
        return Pixels(stored, valid)

    def _filled(self, window: Window, stored: NDArray[Any], fill: Fill) -> NDArray[np.bool_]:
        """Mask of a window where it is fill: the same whatever the window."""
        if not fill.tolerance:
            if not self.siblings or fill.any_band or not (stored == fill.value).any():
                return is_filled(stored, fill)
            return is_filled(self._picture(window), fill)
        top, left = (max(0, int(first) - HALO) for first in (window.row_off, window.col_off))
        bottom = min(self.raster.height, int(window.row_off + window.height) + HALO)
        right = min(self.raster.width, int(window.col_off + window.width) + HALO)
        wide = is_filled(self._picture(make_window(left, top, right - left, bottom - top)), fill)
        row, col = int(window.row_off) - top, int(window.col_off) - left
        return wide[row : row + int(window.height), col : col + int(window.width)]

    def _picture(self, window: Window) -> NDArray[Any]:
        """The stored numbers of these bands and those beside them."""
        others = [raster.read(window, (1,)).values for raster in self.siblings]
        return np.concatenate([self.raster.read(window, self.numbers).values, *others])

    @property
    def units(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Scale and offset of each band."""
        return (
            tuple(float(self.raster.scales[number - 1]) for number in self.numbers),
            tuple(float(self.raster.offsets[number - 1]) for number in self.numbers),
        )

    @property
    def each(self) -> bool:
        """Tell whether nodata in one of the bands makes a pixel unknown.

        In pictures, and where nodata is 0, a single 0 is dark, not unknown. A number such as -9999 never is a colour.
        """
        declared = {self.raster.nodata_values[number - 1] for number in self.numbers}
        return self.strict or (self.type != "uint8" and not declared <= {None, 0.0})


def in_8_bits(stored: Pixels, stretch: Stretch | None) -> Pixels:
    """Stored numbers as uint8; those that are in 8 bits already have no stretch."""
    return stored if stretch is None else Pixels(stretch.apply(stored.values), stored.valid)
