"""The grid a map is made on, and boxes in a CRS. Pure geometry, no files.

Rows count downwards, columns to the right. A region is a ``rasterio.windows.Window(col_off, row_off, width, height)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from affine import Affine
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.geo.windows import make_window

Bounds = tuple[float, float, float, float]
"""left, bottom, right, top in the units of a CRS."""


@dataclass(frozen=True)
class MapGrid:
    """The grid a map is made on: north up, square pixels, metres."""

    crs: CRS
    """Projected CRS in metres."""
    transform: Affine
    """Transform from (column, row) at a pixel's upper left corner to (x, y) in metres."""
    height: int
    """Number of rows."""
    width: int
    """Number of columns."""

    @classmethod
    def covering(cls, bounds: Bounds, crs: CRS, resolution: float, anchor: tuple[float, float] = (0.0, 0.0)) -> MapGrid:
        """The grid of the pixels whose centres lie inside ``bounds``.

        Args:
            bounds: left, bottom, right, top in the units of ``crs``.
            crs: projected CRS in metres.
            resolution: pixel size in metres.
            anchor: (x, y) of some pixel corner; grids with one anchor fit onto each other.

        Returns:
            A grid, with height or width 0 where ``bounds`` hold no pixel centre.
        """
        west, south, east, north = bounds
        first_col, last_col = _centres_between(west - anchor[0], east - anchor[0], resolution)
        first_row, last_row = _centres_between(anchor[1] - north, anchor[1] - south, resolution)
        left, top = anchor[0] + first_col * resolution, anchor[1] - first_row * resolution
        return cls(
            crs=crs,
            transform=Affine(resolution, 0.0, left, 0.0, -resolution, top),
            height=max(0, last_row - first_row),
            width=max(0, last_col - first_col),
        )

    @property
    def resolution(self) -> float:
        """Pixel size in metres."""
        return float(self.transform.a)

    @property
    def pixel_area(self) -> float:
        """Area of a pixel in square metres of the projection."""
        return self.resolution**2

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top in metres."""
        left, top = self.transform.c, self.transform.f
        return left, top - self.height * self.resolution, left + self.width * self.resolution, top

    def rows(self, first: int, last: int) -> Window:
        """The window of the whole rows ``first`` to ``last`` (exclusive)."""
        return make_window(0, first, self.width, last - first)


def intersection(boxes: Sequence[Bounds]) -> Bounds | None:
    """The area common to all ``boxes``; None where there is none."""
    left, bottom = max(box[0] for box in boxes), max(box[1] for box in boxes)
    right, top = min(box[2] for box in boxes), min(box[3] for box in boxes)
    return (left, bottom, right, top) if left < right and bottom < top else None


def utm_crs(longitude: float, latitude: float) -> CRS:
    """The UTM zone (WGS 84) of a place given in degrees."""
    zone = int((longitude + 180.0) % 360.0 // 6.0) + 1
    return CRS.from_epsg((32600 if latitude >= 0 else 32700) + zone)


def _centres_between(low: float, high: float, resolution: float) -> tuple[int, int]:
    # Half open: a centre on the lower bound is inside, one on the upper bound is not. With a hair of slack, because
    # bounds computed from a transform miss the exact half pixel by rounding.
    slack = 1e-6
    return math.ceil(low / resolution - 0.5 - slack), math.ceil(high / resolution - 0.5 - slack)
