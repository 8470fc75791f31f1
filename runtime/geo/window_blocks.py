"""Blocks of windows between a raster and the map: cut so that little is read at a time, and put together again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.errors import InputError
from landslip.runtime.geo.gridded import Placed
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.overlap import windows_under
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.resampler import Lattice, Method, Resampler, Sampling
from landslip.runtime.geo.windows import make_window, place_in

LARGEST_WINDOW = 4 << 20
"""Pixels of a source read at a time."""


LARGEST_ROW = 50_000
"""Columns of a raster of which whole rows are read where a map lies over both of its ends."""


class Pasted:
    """A window put together from blocks; 0 and not valid where there is none."""

    def __init__(self, bands: int, shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
        """Prepare arrays for a window of ``shape``."""
        self._bands, self._shape, self._dtype = bands, shape, dtype
        self._pixels: Pixels | None = None

    def put(self, place: tuple[slice, slice], pixels: Pixels) -> None:
        """Add the pixels of a block; the only one that is as large as the window is taken as it is."""
        if pixels.valid.shape == self._shape:
            self._pixels = pixels
        else:
            self.pixels.values[(slice(None), *place)] = pixels.values
            self.pixels.valid[place] = pixels.valid

    @property
    def pixels(self) -> Pixels:
        """Pixels that were put in so far."""
        if self._pixels is None:
            values = np.zeros((self._bands, *self._shape), self._dtype)
            self._pixels = Pixels(values, np.zeros(self._shape, dtype=np.bool_))
        return self._pixels


def resampler_of(raster: Placed, grid: MapGrid, method: Method) -> Resampler:
    """Resampler that brings a raster onto the map.

    Raises:
        InputError: a pixel of the map takes more of the raster than can be read at a time, or the map lies over both
            ends of a large raster around the globe.
    """
    _check_ends(raster, grid)
    resampler = Resampler(Lattice(raster.crs, raster.transform, raster.height, raster.width), grid, method)
    under = resampler.sampling(make_window(grid.width // 2, grid.height // 2, 1, 1)).source
    if under is not None and under.width * under.height > LARGEST_WINDOW:
        raise InputError(
            f"{raster.role}: {raster.path} has {under.width} x {under.height} pixels under a single one of the map.",
            "Check its georeferencing, or bring it to a coarser resolution first.",
            where=raster.path,
        )
    return resampler


def _check_ends(raster: Placed, grid: MapGrid) -> None:
    """Each window over both ends of a raster takes all that is between them, which must not be much."""
    if not raster.crs.is_geographic or raster.width <= LARGEST_ROW:
        return
    try:
        windows = windows_under(raster, grid.crs, grid.bounds)
    except RASTER_ERRORS:
        return  # said by those who read it
    if len(windows) > 1:
        box = " ".join(f"{edge:.0f}" for edge in grid.bounds)
        raise InputError(
            f"{raster.role}: {raster.path} goes around the globe, and the map lies over both of its ends.",
            f"Cut the place out first: gdalwarp -t_srs {grid.crs} -te {box} FILE NEW.tif.",
            where=raster.path,
        )


@dataclass(frozen=True)
class WindowBlock:
    """A part of a window of the map grid that is read in one go."""

    place: tuple[slice, slice]
    """Rows and columns of the window that it is."""
    source: Window
    """The source pixels it needs."""
    sampling: Sampling
    """Places of its pixels in the raster."""


def blocks(resampler: Resampler, window: Window) -> Iterator[WindowBlock]:
    """A window in blocks whose source windows stay small, without those that miss the source.

    Sources much finer than the map, or turned against it, would otherwise be read in windows as large as the file.
    Results do not depend on windows, so cutting does not change them.
    """
    return _cut(resampler, window, window)


def _cut(resampler: Resampler, part: Window, window: Window) -> Iterator[WindowBlock]:
    sampling = resampler.sampling(part)
    source = sampling.source
    if source is None:
        return
    if source.width * source.height <= LARGEST_WINDOW or part.width * part.height == 1:
        yield WindowBlock(place_in(part, window), source, sampling)
        return
    for half in _halves(part):
        yield from _cut(resampler, half, window)


def _halves(window: Window) -> tuple[Window, Window]:
    col, row, width, height = (int(part) for part in window.flatten())
    if width > height:
        middle = width // 2
        return make_window(col, row, middle, height), make_window(col + middle, row, width - middle, height)
    middle = height // 2
    return make_window(col, row, width, middle), make_window(col, row + middle, width, height - middle)
