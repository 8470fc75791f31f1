"""What has pixels on a grid of its own: a file, tiles of an image, or an elevation model."""

from __future__ import annotations

from typing import Protocol

from affine import Affine
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
    """The same as messages name it."""

    role: str
    """What it is in the scene."""
    path: str
    """Where it lies."""


class RasterLike(Placed, Protocol):
    """A raster of one file, or what stands in its place."""

    @property
    def axis_aligned(self) -> bool:
        """Whether rows and columns run along the axes of the CRS."""
        ...

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of the blocks it is stored in."""
        ...

    def block_bytes(self, window: Window) -> int:
        """Bytes GDAL holds after reading a window as large as this."""
        ...
