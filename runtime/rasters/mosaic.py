"""Tiles of a mosaic: where each lies on the pixel grid that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.access.location import shown
from landslip.runtime.confidence import DAMAGED, OBSERVED, OUTSIDE
from landslip.runtime.errors import InputError
from landslip.runtime.geo.longitudes import turns_towards
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window, place_in
from landslip.runtime.rasters.raster import Raster

OFF_GRID = 0.05
"""Pixels by which a tile may lie beside the grid of the others; roundings in headers stay far below it."""

_REMEDY = "Bring it onto that grid first, for example with gdalwarp -t_srs, -tr and -tap."


@dataclass(frozen=True)
class Tile:
    """A file of the mosaic and where it lies in it."""

    raster: Raster
    """The file."""
    row: int
    """Row of the mosaic that holds the tile's first row."""
    col: int
    """Column of the mosaic that holds the tile's first column."""

    def read(self, window: Window) -> Pixels:
        """The first band on a window of the mosaic that lies inside the tile."""
        return self.raster.read(self.window_in_file(window), (1,))

    def window_in_file(self, window: Window) -> Window:
        """A window of the mosaic as one of the file."""
        col, row, width, height = (int(part) for part in window.flatten())
        return make_window(col - self.col, row - self.row, width, height)


def overlap(tile: Tile, window: Window) -> Window | None:
    """The part of a window of the mosaic that lies inside a tile; None where there is none."""
    left, top, width, height = (int(part) for part in window.flatten())
    first_row, last_row = max(top, tile.row), min(top + height, tile.row + tile.raster.height)
    first_col, last_col = max(left, tile.col), min(left + width, tile.col + tile.raster.width)
    if first_row >= last_row or first_col >= last_col:
        return None
    return make_window(first_col, first_row, last_col - first_col, last_row - first_row)


def gaps_between(tiles: Sequence[Tile], window: Window) -> NDArray[np.uint8] | None:
    """Codes of what no tile shows and of what is damaged; see :class:`landslip.runtime.geo.gridded.Gapped`."""
    gaps = np.full((int(window.height), int(window.width)), OUTSIDE, dtype=np.uint8)
    for tile in tiles:
        part = overlap(tile, window)
        if part is None:
            continue
        here, damage = gaps[place_in(part, window)], tile.raster.gaps(tile.window_in_file(part))
        here[here == OUTSIDE] = OBSERVED
        if damage is not None:
            here[damage == DAMAGED] = DAMAGED
    return gaps if gaps.any() else None


def named(rasters: Sequence[Raster]) -> str:
    """Tiles as messages name them."""
    rest = f" and {len(rasters) - 1} more" if len(rasters) > 1 else ""
    return shown(rasters[0].location) + rest


def laid_out(rasters: Sequence[Raster], remedy: str = _REMEDY) -> tuple[Tile, ...]:
    """Rasters as tiles of the smallest mosaic that holds them all, in the same order.

    Args:
        rasters: the files.
        remedy: what to do where they do not fit, for the message.

    Raises:
        InputError: one does not lie on the pixel grid of the others.
    """
    places = _places(rasters, remedy)
    top, left = min(row for row, _ in places), min(col for _, col in places)
    return tuple(Tile(raster, row - top, col - left) for raster, (row, col) in zip(rasters, places, strict=True))


def outer_transform(tiles: Sequence[Tile]) -> Affine:
    """Transform from pixels of a mosaic to its CRS.

    Of upright tiles from those that hold the first column and row: the very numbers a merged file would have.
    """
    first = tiles[0]
    sizes = first.raster.transform
    if not first.raster.axis_aligned:
        return sizes @ Affine.translation(-first.col, -first.row)
    leftmost = next(tile.raster for tile in tiles if tile.col == 0)
    topmost = next(tile.raster for tile in tiles if tile.row == 0)
    return Affine(sizes.a, sizes.b, leftmost.transform.c, sizes.d, sizes.e, topmost.transform.f)


def check_north_up(rasters: Sequence[Raster]) -> None:
    """Make sure that rows and columns run along the axes of the CRS.

    Raises:
        InputError: a grid is rotated.
    """
    for raster in rasters:
        if not raster.axis_aligned:
            raise InputError(
                f"{raster.role}: the grid of {raster.path} is rotated, so hillshade has no direction.",
                "Bring it onto a north-up grid first, for example with gdalwarp.",
                where=raster.path,
            )


def _places(rasters: Sequence[Raster], remedy: str) -> list[tuple[int, int]]:
    """Row and column of each tile on the pixel grid of the first.

    Raises:
        InputError: one of them does not fit; where the first fits hardly any, it is the odd one.
    """
    first, others = rasters[0], rasters[1:]
    misfits = [(raster, found) for raster in others if (found := _misfit(raster, first))]
    if misfits:
        odd, found = misfits[0]
        model = first
        if len(others) > 1 and 2 * len(misfits) > len(others):
            odd, model, found = first, odd, _misfit(first, odd) or found
        raise InputError(f"{odd.role}: {odd.path} does not lie on the pixel grid of {model.path}: {found}. {remedy}")
    return [(round(row), round(col)) for (col, row), *_ in (_corners(raster, first) for raster in rasters)]


def _misfit(raster: Raster, model: Raster) -> str | None:
    """Reason why a tile does not lie on the grid of another; None where it does."""
    if raster.crs != model.crs:
        return f"it is in {raster.crs}, not {model.crs}"
    corners = _corners(raster, model)
    sides = np.diff(corners, axis=0) - [(raster.width, 0), (0, raster.height)]
    if not np.abs(sides).max() <= OFF_GRID:
        return f"its pixels are {_cell(raster)}, not {_cell(model)}"
    offset = np.abs(corners[0] - np.rint(corners[0])).max()
    return None if offset <= OFF_GRID else f"it lies {offset:.2f} of a pixel beside it"


def _corners(raster: Raster, model: Raster) -> NDArray[np.float64]:
    """Upper left, upper right and lower right corner of a tile, in pixels of another: (3, 2), column and row.

    In degrees by the shorter way round.
    """
    shift = 0.0
    if model.crs.is_geographic:
        shift = turns_towards(raster.transform.c, model.transform.c)
    places = (raster.transform @ corner for corner in raster.corners[:3])
    return np.array([~model.transform @ (x + shift, y) for x, y in places])


def _cell(raster: Raster) -> str:
    return f"{raster.transform.a:.9g} x {raster.transform.e:.9g}"
