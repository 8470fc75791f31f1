"""From a raster's own grid to the map grid, window by window, the same values whatever the windows.

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
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.errors import InputError
from landslip.runtime.gdal import RASTER_ERRORS, make_window, transform_points
from landslip.runtime.grid import MapGrid
from landslip.runtime.jit import kernel

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
    """From (column, row) to CRS coordinates; may be rotated or south up."""
    height: int
    """Rows."""
    width: int
    """Columns."""


@dataclass(frozen=True)
class Sampling:
    """Where the pixels of one map window lie in a source, and which source window they need."""

    source: Window | None
    """The source pixels needed, inside the source; None where the map window misses the source."""
    rows: NDArray[np.float64]
    """Source row of each map pixel, in pixels from the source's first pixel centre: (h, 1) or (h, w)."""
    cols: NDArray[np.float64]
    """Source column likewise: (1, w) or (h, w)."""


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
        """Where a map window lies in the source."""
        rows, cols = self._coordinates(window)
        return Sampling(self._needed(rows, cols), rows, cols)

    def resample(
        self, sampling: Sampling, values: NDArray[Any], valid: NDArray[np.bool_]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Resample a source window.

        Args:
            sampling: from :meth:`sampling`, with a source window.
            values: (bands, rows, cols) of that source window.
            valid: (rows, cols) which of its pixels are known.

        Returns:
            values (bands, h, w) in the same type, 0 where invalid; valid (h, w) bool.
        """
        window = sampling.source
        if window is None:
            raise ValueError("the map window misses the source: there is nothing to resample")
        height, width = sampling.rows.shape[0], sampling.cols.shape[1]
        out = np.zeros((len(values), height, width), dtype=values.dtype)
        known = np.zeros((height, width), dtype=np.bool_)
        rows, cols, limits = sampling.rows, sampling.cols, (self._source.height, self._source.width)
        place = (int(window.row_off), int(window.col_off))
        if self._nearest:
            _nearest(values, valid, rows, cols, place, limits, out, known)
        elif self._separable:
            across = _taps(cols[0], self._radius[1], limits[1], (place[1], values.shape[2]))
            down = _taps(rows[:, 0], self._radius[0], limits[0], (place[0], values.shape[1]))
            _separable(values, valid, down, across, np.issubdtype(values.dtype, np.integer), out, known)
        else:
            whole = np.issubdtype(values.dtype, np.integer)
            _scattered(values, valid, rows, cols, place, limits, self._radius, whole, out, known)
        return out, known

    def _filter_radius(self) -> tuple[float, float]:
        """Half width of the triangle in source pixels, (rows, columns): a map pixel's size where that is larger."""
        middle = make_window(self._grid.width // 2, self._grid.height // 2, 2, 2)
        rows, cols = (np.broadcast_to(part, (2, 2)) for part in self._coordinates(middle))
        spans = [math.hypot(part[0, 1] - part[0, 0], part[1, 0] - part[0, 0]) for part in (rows, cols)]
        down, across = (span if span > _WIDEN_FROM else 1.0 for span in spans)
        return down, across

    def _coordinates(self, window: Window) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        rows = np.arange(window.row_off, window.row_off + window.height) + 0.5
        cols = np.arange(window.col_off, window.col_off + window.width) + 0.5
        if self._separable:
            chain = self._inverse @ self._grid.transform
            # Rounded, so that grids that fit onto each other do so exactly.
            down, across = chain.e * rows + chain.f - 0.5, chain.a * cols + chain.c - 0.5
            return np.round(down, 6)[:, None], np.round(across, 6)[None, :]
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
                f"Coordinates cannot be brought from {self._grid.crs} to {self._source.crs} ({error}). "
                "Reproject the raster first, for example with gdalwarp."
            ) from error
        if self._source.crs.is_geographic:
            # All on one side of the date line, that of the source's centre.
            centre = (self._source.transform @ (self._source.width / 2, self._source.height / 2))[0]
            with np.errstate(invalid="ignore"):  # places that have no longitude
                source_xs = centre + (source_xs - centre + 180.0) % 360.0 - 180.0
        nodes_x = np.asarray(source_xs).reshape(xs.shape)
        nodes_y = np.asarray(source_ys).reshape(ys.shape)
        rows, cols = self._through(self._inverse, nodes_y, nodes_x)
        shape = (window.height, window.width)
        offset = (window.row_off - first_row * NODE, window.col_off - first_col * NODE)
        return _between_nodes(rows, offset, shape), _between_nodes(cols, offset, shape)

    def _needed(self, rows: NDArray[np.float64], cols: NDArray[np.float64]) -> Window | None:
        first_row, last_row = _support(rows, self._radius[0], self._source.height)
        first_col, last_col = _support(cols, self._radius[1], self._source.width)
        if first_row >= last_row or first_col >= last_col:
            return None
        return make_window(first_col, first_row, last_col - first_col, last_row - first_row)


def _support(places: NDArray[np.float64], radius: float, length: int) -> tuple[int, int]:
    inside = places[(places >= -0.5) & (places < length - 0.5)]
    if not inside.size:
        return 0, 0
    first = max(0, math.floor(inside.min() - radius))
    return first, min(length, math.ceil(inside.max() + radius) + 1)


def _between_nodes(nodes: NDArray[np.float64], offset: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Bilinear interpolation of node values at the pixel centres of a window that starts ``offset`` pixels in."""
    row = (np.arange(shape[0]) + offset[0] + 0.5) / NODE
    col = (np.arange(shape[1]) + offset[1] + 0.5) / NODE
    top, left = row.astype(np.int64), col.astype(np.int64)
    down, right = (row - top)[:, None], col - left
    along_top = nodes[top][:, left] * (1 - right) + nodes[top][:, left + 1] * right
    along_bottom = nodes[top + 1][:, left] * (1 - right) + nodes[top + 1][:, left + 1] * right
    return along_top * (1 - down) + along_bottom * down


def _taps(
    places: NDArray[np.float64], radius: float, length: int, span: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Filter taps along one axis.

    Args:
        places: (n,) where the pixels lie in the source.
        radius: half width of the triangle.
        length: pixels of the source.
        span: first pixel and number of pixels of the source window.

    Returns:
        indices (n, taps) into the source window and weights (n, taps) that sum to 1 over the taps inside the source;
        a row of zero weights marks a pixel outside the source.
    """
    count = 2 * math.ceil(radius)
    first = np.floor(places - radius).astype(np.int64) + 1
    indices = first[:, None] + np.arange(count)
    weights = np.maximum(0.0, 1.0 - np.abs(indices - places[:, None]) / radius)
    outside = (places < -0.5) | (places >= length - 0.5)
    weights[(indices < 0) | (indices >= length) | outside[:, None]] = 0.0
    total = weights.sum(axis=1, keepdims=True)
    np.divide(weights, total, out=weights, where=total > 0)
    # A tap without weight may lie outside the window that was read; any pixel inside will do for it.
    return np.clip(indices - span[0], 0, span[1] - 1), weights.astype(np.float32)


@kernel
def _nearest(
    values: Any, valid: Any, rows: Any, cols: Any, place: Any, limits: Any, out: Any, known: Any
) -> None:  # pragma: no cover - compiled
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            row = rows[i, 0] if rows.shape[1] == 1 else rows[i, j]
            col = cols[0, j] if cols.shape[0] == 1 else cols[i, j]
            if not (-0.5 <= row < limits[0] - 0.5 and -0.5 <= col < limits[1] - 0.5):
                continue
            y = math.floor(row + 0.5) - place[0]
            x = math.floor(col + 0.5) - place[1]
            known[i, j] = valid[y, x]
            if valid[y, x]:
                for band in range(out.shape[0]):
                    out[band, i, j] = values[band, y, x]


@kernel
def _separable(  # noqa: PLR0912 - one loop nest, split it would be no clearer and slower
    values: Any, valid: Any, down: Any, across: Any, whole: bool, out: Any, known: Any
) -> None:  # pragma: no cover - compiled
    row_index, row_weight = down
    col_index, col_weight = across
    bands, height, width = out.shape
    source_width = values.shape[2]
    half = np.float32(0.5) if whole else np.float32(0.0)
    usable = np.empty(source_width, dtype=np.bool_)
    line = np.empty(source_width, dtype=np.float32)
    for i in range(height):
        outside = True
        usable[:] = True
        for t in range(row_index.shape[1]):
            if row_weight[i, t] > 0.0:
                outside = False
                y = row_index[i, t]
                for x in range(source_width):
                    usable[x] &= valid[y, x]
        if outside:
            continue
        for j in range(width):
            inside = False
            good = True
            for t in range(col_index.shape[1]):
                if col_weight[j, t] > 0.0:
                    inside = True
                    good &= usable[col_index[j, t]]
            known[i, j] = inside and good
        for band in range(bands):
            line[:] = 0.0
            for t in range(row_index.shape[1]):
                weight = row_weight[i, t]
                if weight > 0.0:
                    source = values[band, row_index[i, t]]
                    for x in range(source_width):
                        line[x] += weight * np.float32(source[x])
            for j in range(width):
                if known[i, j]:
                    total = half
                    for t in range(col_index.shape[1]):
                        total += col_weight[j, t] * line[col_index[j, t]]
                    out[band, i, j] = math.floor(total) if whole else total


@kernel
def _scattered(
    values: Any,
    valid: Any,
    rows: Any,
    cols: Any,
    place: Any,
    limits: Any,
    radius: Any,
    whole: bool,
    out: Any,
    known: Any,
) -> None:  # pragma: no cover - compiled
    half = np.float32(0.5) if whole else np.float32(0.0)
    totals = np.empty(out.shape[0], dtype=np.float32)
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            row, col = rows[i, j], cols[i, j]
            if not (-0.5 <= row < limits[0] - 0.5 and -0.5 <= col < limits[1] - 0.5):
                continue
            top, left = math.floor(row - radius[0]) + 1, math.floor(col - radius[1]) + 1
            good = True
            weights = np.float32(0.0)
            totals[:] = 0.0
            for m in range(top, top + 2 * math.ceil(radius[0])):
                along = max(0.0, 1.0 - abs(m - row) / radius[0])
                if along == 0.0 or m < 0 or m >= limits[0]:
                    continue
                y = m - place[0]
                for n in range(left, left + 2 * math.ceil(radius[1])):
                    weight = np.float32(along * max(0.0, 1.0 - abs(n - col) / radius[1]))
                    if weight == 0.0 or n < 0 or n >= limits[1]:
                        continue
                    x = n - place[1]
                    good &= valid[y, x]
                    weights += weight
                    for band in range(out.shape[0]):
                        totals[band] += weight * np.float32(values[band, y, x])
            known[i, j] = good
            if good:
                for band in range(out.shape[0]):
                    total = totals[band] / weights + half
                    out[band, i, j] = math.floor(total) if whole else total
