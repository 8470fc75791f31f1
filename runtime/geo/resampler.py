"""Resampling from a raster's own grid to the map grid, window by window, with the same values whatever the windows.

Bilinear as GDAL's warper does it: a triangle filter of radius one source pixel, widened when the source is finer than
the map so that no pixel is passed over. Unlike GDAL, an output pixel is valid only when every source pixel it uses is:
nothing unknown is mixed in, and no value is nudged to dodge a nodata number.

Coordinates are computed from map-wide pixel indices, never from a window's corner, which makes results independent of
how a map is cut into windows. Across projections they come from PROJ at every 16th map pixel and linearly in between
(error below a thousandth of a pixel at the scale of a scene).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.errors import InputError
from landslip.runtime.geo.longitudes import near
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.geo.resample_kernels import (
    between_nodes,
    extent,
    mix_scattered,
    mix_separable,
    pick_nearest,
    taps,
)
from landslip.runtime.geo.windows import make_window

Method = Literal["bilinear", "nearest"]

NODE = 16
"""Distance of the points transformed exactly, in map pixels."""

_WIDEN_FROM = 1 / 0.95
"""GDAL widens its filter from this ratio of pixel sizes on."""


@dataclass(frozen=True)
class Lattice:
    """The pixel grid of a source raster."""

    crs: CRS
    """Any CRS."""
    transform: Affine
    """Transform from (column, row) to CRS coordinates; may be rotated or south up."""
    height: int
    """Rows."""
    width: int
    """Columns."""


@dataclass(frozen=True)
class Sampling:
    """Places of the pixels of one map window in a raster, and the window of the raster that they need."""

    source: Window | None
    """The source pixels needed, inside the source; None where the map window misses the source."""
    rows: NDArray[np.float64]
    """Source row of each map pixel, in pixels from the source's first pixel centre: (h, 1) or (h, w)."""
    cols: NDArray[np.float64]
    """Source column likewise: (1, w) or (h, w)."""
    fits: bool = False
    """Map pixels are source pixels, one to one: those of ``source``, in order."""


class Resampler:
    """Brings windows of a source onto the map grid."""

    def __init__(self, source: Lattice, grid: MapGrid, method: Method) -> None:
        """Relate two grids.

        Args:
            source: the grid values come from.
            grid: the grid values are wanted on.
            method: ``nearest`` for classes and masks, ``bilinear`` for measurements.
        """
        self._source = source
        self._grid = grid
        self._nearest = method == "nearest"
        self._inverse = ~source.transform
        self._same_crs = source.crs == grid.crs
        self._separable = self._same_crs and source.transform.b == 0.0 == source.transform.d
        self._radius = (1.0, 1.0) if self._nearest else self._filter_radius()

    def sampling(self, window: Window) -> Sampling:
        """Place of a map window in the raster."""
        rows, cols = self._coordinates(window)
        same = self._same_pixels(rows, cols)
        return Sampling(same or self._needed(rows, cols), rows, cols, fits=same is not None)

    def reached(self, sampling: Sampling) -> NDArray[np.bool_]:
        """Mask of the map pixels (h, w) whose centres lie in the source."""
        rows, cols = sampling.rows, sampling.cols
        inside: NDArray[np.bool_] = (
            (rows >= -0.5) & (rows < self._source.height - 0.5) & (cols >= -0.5) & (cols < self._source.width - 0.5)
        )
        return inside

    def resample(self, sampling: Sampling, pixels: Pixels) -> Pixels:
        """Bring a source window onto the map.

        Args:
            sampling: from :meth:`sampling`, with a source window.
            pixels: of that source window; their values may be changed, and given back.

        Returns:
            values (bands, h, w) in the same type, 0 where invalid; valid (h, w).
        """
        window = sampling.source
        if window is None:
            raise ValueError("the map window misses the source: there is nothing to resample")
        height, width = sampling.rows.shape[0], sampling.cols.shape[1]
        if not pixels.valid.all():
            # Numbers that stand for unknown may be so large that they spoil a sum even without weight.
            pixels.values[:, ~pixels.valid] = 0
        if sampling.fits:
            return pixels
        # One layout, so that each loop is compiled once for a type.
        values, valid = np.ascontiguousarray(pixels.values), np.ascontiguousarray(pixels.valid)
        found = Pixels(
            np.zeros((len(values), height, width), dtype=values.dtype), np.zeros((height, width), dtype=np.bool_)
        )
        rows, cols, limits = sampling.rows, sampling.cols, (self._source.height, self._source.width)
        place = (int(window.row_off), int(window.col_off))
        whole = np.issubdtype(values.dtype, np.integer)
        if self._nearest:
            pick_nearest(values, valid, rows, cols, place, limits, *found)
        elif self._separable:
            across = taps(cols[0], self._radius[1], limits[1], (place[1], values.shape[2]))
            down = taps(rows[:, 0], self._radius[0], limits[0], (place[0], values.shape[1]))
            mix_separable(values, valid, down, across, whole, *found)
        else:
            mix_scattered(values, valid, rows, cols, place, limits, self._radius, whole, *found)
        return found

    def _filter_radius(self) -> tuple[float, float]:
        """Half width of the triangle in source pixels, (rows, columns): a map pixel's size where that is larger."""
        middle = make_window(self._grid.width // 2, self._grid.height // 2, 2, 2)
        rows, cols = (np.broadcast_to(part, (2, 2)) for part in self._coordinates(middle))
        spans = [math.hypot(part[0, 1] - part[0, 0], part[1, 0] - part[0, 0]) for part in (rows, cols)]
        down, across = (span if span > _WIDEN_FROM else 1.0 for span in spans)
        return down, across

    def _coordinates(self, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self._separable:
            chain = self._inverse @ self._grid.transform
            down = _places(chain.e, chain.f, int(window.row_off), int(window.height))
            return down[:, None], _places_again(chain.a, chain.c, int(window.col_off), int(window.width))[None, :]
        rows = np.arange(window.row_off, window.row_off + window.height) + 0.5
        cols = np.arange(window.col_off, window.col_off + window.width) + 0.5
        if self._same_crs:
            return self._through(self._inverse @ self._grid.transform, rows[:, None], cols[None, :])
        return self._projected(window)

    @staticmethod
    def _through(
        chain: Affine, rows: NDArray[np.float64], cols: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return chain.d * cols + chain.e * rows + (chain.f - 0.5), chain.a * cols + chain.b * rows + (chain.c - 0.5)

    def _projected(self, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        first_row, last_row = window.row_off // NODE, (window.row_off + window.height) // NODE + 1
        first_col, last_col = window.col_off // NODE, (window.col_off + window.width) // NODE + 1
        node_cols, node_rows = np.meshgrid(
            np.arange(first_col, last_col + 1) * float(NODE), np.arange(first_row, last_row + 1) * float(NODE)
        )
        transform = self._grid.transform
        xs = transform.a * node_cols + transform.c
        ys = transform.e * node_rows + transform.f
        try:
            source_xs, source_ys = transform_points(self._grid.crs, self._source.crs, xs.ravel(), ys.ravel())
        except RASTER_ERRORS as error:
            raise InputError(
                f"Coordinates cannot be brought from {self._grid.crs} to {self._source.crs} ({error}).",
                "Reproject the raster first, for example with gdalwarp.",
            ) from error
        if self._source.crs.is_geographic:
            # All on one side of the date line, that of the source's centre.
            centre = (self._source.transform @ (self._source.width / 2, self._source.height / 2))[0]
            with np.errstate(invalid="ignore"):  # places that have no longitude
                source_xs = near(np.asarray(source_xs), float(centre))
        nodes_x = np.asarray(source_xs).reshape(xs.shape)
        nodes_y = np.asarray(source_ys).reshape(ys.shape)
        rows, cols = self._through(self._inverse, nodes_y, nodes_x)
        shape = (window.height, window.width)
        offset = (window.row_off - first_row * NODE, window.col_off - first_col * NODE)
        return _interpolated(rows, offset, shape), _interpolated(cols, offset, shape)

    def _same_pixels(self, rows: NDArray[np.float64], cols: NDArray[np.float64]) -> Window | None:
        """The source pixels that the map pixels are, where grids fit onto each other and the source reaches."""
        if not (self._separable and self._radius == (1.0, 1.0)):
            return None
        row, col = float(rows[0, 0]), float(cols[0, 0])
        inside = 0 <= row <= self._source.height - len(rows) and 0 <= col <= self._source.width - cols.shape[1]
        if not (inside and _consecutive(rows[:, 0]) and _consecutive(cols[0])):
            return None
        return make_window(int(col), int(row), cols.shape[1], len(rows))

    def _needed(self, rows: NDArray[np.float64], cols: NDArray[np.float64]) -> Window | None:
        first_row, last_row = _support(rows, self._radius[0], self._source.height)
        first_col, last_col = _support(cols, self._radius[1], self._source.width)
        if first_row >= last_row or first_col >= last_col:
            return None
        return make_window(first_col, first_row, last_col - first_col, last_row - first_row)


def _places(scale: float, shift: float, first: int, count: int) -> NDArray[np.float64]:
    """Places of pixel centres along one axis, rounded, so that grids that fit onto each other do so exactly."""
    centres = np.arange(first, first + count) + 0.5
    return np.asarray(np.round(scale * centres + shift - 0.5, 6), dtype=np.float64)


_places_again = lru_cache(maxsize=16)(_places)
"""Places, kept for columns, since most windows are as wide as the map. Nobody writes into them."""


def _consecutive(places: NDArray[np.float64]) -> bool:
    """Tell whether places along a straight line, rounded, are whole numbers, each one more than the last.

    The two ends tell: what lies between them cannot be further from a whole number than they are.
    """
    return bool(places[0].is_integer() and places[-1] - places[0] == len(places) - 1)


def _support(places: NDArray[np.float64], radius: float, length: int) -> tuple[int, int]:
    least, most = extent(places, length)
    if least > most:
        return 0, 0
    return max(0, math.floor(least - radius)), min(length, math.ceil(most + radius) + 1)


def _interpolated(nodes: NDArray[np.float64], offset: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Node values at the pixel centres of a window that starts ``offset`` pixels in."""
    out = np.empty(shape, dtype=np.float64)
    between_nodes(nodes, *offset, NODE, out)
    return out
