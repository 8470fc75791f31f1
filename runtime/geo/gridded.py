"""Protocols of what has pixels on a grid of its own: a file, tiles of an image, or an elevation model."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.geo.map_grid import Bounds


class Gridded(Protocol):
    """A grid of pixels somewhere on the globe."""

    crs: CRS
    transform: Affine
    height: int
    width: int

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top in its CRS."""
        ...


class Placed(Gridded, Protocol):
    """A grid of pixels that messages can name."""

    role: str
    """Role in the scene."""
    path: str
    """Path or address of the file."""


class Outlined(Placed, Protocol):
    """A grid of pixels by which a map can be laid."""

    @property
    def axis_aligned(self) -> bool:
        """Tell whether rows and columns run along the axes of the CRS."""
        ...


class Gapped(Protocol):
    """A grid of pixels, some of which no file shows, or are damaged."""

    @property
    def gapless(self) -> bool:
        """Tell whether files show all of it, and none of it was found damaged so far."""
        ...

    def gaps(self, window: Window) -> NDArray[np.uint8] | None:
        """Codes of what no file shows (outside), and of what is damaged in a window that was read.

        Returns:
            (rows, cols) of :mod:`landslip.runtime.confidence`, 0 elsewhere; None where there is neither.
        """
        ...


class RasterLike(Outlined, Gapped, Protocol):
    """A raster of one file, or what stands in its place."""

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of the blocks it is stored in."""
        ...

    def block_bytes(self, window: Window) -> int:
        """Bytes GDAL holds after reading a window as large as this."""
        ...
