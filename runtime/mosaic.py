"""Tiles of a mosaic: where each lies on the pixel grid that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.errors import InputError
from landslip.runtime.gdal import make_window
from landslip.runtime.geo.longitudes import turns_towards
from landslip.runtime.raster import Raster

OFF_GRID = 0.05
"""Pixels by which a tile may lie beside the grid of the others; roundings in headers stay far below it."""


@dataclass(frozen=True)
class Tile:
    """A file of the mosaic and where it lies in it."""

    raster: Raster
    """The file."""
    row: int
    """Row of the mosaic that holds the tile's first row."""
    col: int
    """Column of the mosaic that holds the tile's first column."""

    def read(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values and validity (rows, cols) on a window of the mosaic that lies inside the tile."""
        values, valid = self.raster.read(self.own(window), (1,))
        return values[0], valid

    def own(self, window: Window) -> Window:
        """A window of the mosaic as one of the file."""
        col, row, width, height = (int(part) for part in window.flatten())
        return make_window(col - self.col, row - self.row, width, height)


def laid_out(rasters: Sequence[Raster]) -> tuple[Tile, ...]:
    """Rasters as tiles of the smallest mosaic that holds them all, in the same order.

    Raises:
        InputError: one is rotated, or does not lie on the pixel grid of the others.
    """
    _check_north_up(rasters)
    places = _places(rasters)
    top, left = min(row for row, _ in places), min(col for _, col in places)
    return tuple(Tile(raster, row - top, col - left) for raster, (row, col) in zip(rasters, places, strict=True))


def _check_north_up(rasters: Sequence[Raster]) -> None:
    for raster in rasters:
        if not raster.axis_aligned:
            raise InputError(
                f"{raster.role}: the grid of {raster.path} is rotated, so hillshade has no direction. "
                "Bring it onto a north-up grid first, for example with gdalwarp."
            )


def _places(rasters: Sequence[Raster]) -> list[tuple[int, int]]:
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
        raise InputError(
            f"{odd.role}: {odd.path} does not lie on the pixel grid of {model.path}: {found}. "
            "Bring it onto that grid first, for example with gdalwarp -t_srs, -tr and -tap."
        )
    return [(round(row), round(col)) for row, col, _, _ in (_corners(raster, first) for raster in rasters)]


def _misfit(raster: Raster, model: Raster) -> str | None:
    """Why a tile does not lie on the grid of another; None where it does."""
    if raster.crs != model.crs:
        return f"it is in {raster.crs}, not {model.crs}"
    row, col, last_row, last_col = _corners(raster, model)
    off_size = max(abs(last_row - row - raster.height), abs(last_col - col - raster.width))
    if not off_size <= OFF_GRID:
        return f"its pixels are {_cell(raster)}, not {_cell(model)}"
    beside = max(abs(row - np.rint(row)), abs(col - np.rint(col)))
    return None if beside <= OFF_GRID else f"it lies {beside:.2f} of a pixel beside it"


def _corners(raster: Raster, model: Raster) -> tuple[float, float, float, float]:
    """Row and column of a tile's first and last corner, in pixels of another; in degrees, the shorter way round."""
    shift = 0.0
    if model.crs.is_geographic:
        shift = turns_towards(raster.transform.c, model.transform.c)
    inverse = ~model.transform
    (x, y), (last_x, last_y) = raster.transform @ (0, 0), raster.transform @ (raster.width, raster.height)
    col, row = inverse @ (x + shift, y)
    last_col, last_row = inverse @ (last_x + shift, last_y)
    return float(row), float(col), float(last_row), float(last_col)


def _cell(raster: Raster) -> str:
    return f"{raster.transform.a:.9g} x {raster.transform.e:.9g}"
