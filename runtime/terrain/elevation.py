"""The elevation model of a scene: one file or several tiles, read as if they were one; what is unknown in it.

Tiles are put together in memory, window by window. GDAL's virtual mosaics are not used for it: they have one nodata
value for all, they do not say which tile is damaged, and they forget masks of tiles unless each is written down.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.confidence import DAMAGED
from landslip.runtime.declared.units import heights_of
from landslip.runtime.geo.earth import HIGHEST, LOWEST, can_be_height
from landslip.runtime.geo.map_grid import Bounds
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window, place_in
from landslip.runtime.rasters.impossible_values import Impossible
from landslip.runtime.rasters.mosaic import check_north_up, gaps_between, laid_out, named, outer_transform, overlap
from landslip.runtime.rasters.raster import Raster, in_type
from landslip.runtime.terrain.voids import fill_voids

FILL_REACH = 20
"""Pixels in each direction within which a void's valid ends are looked for: 600 m at 30 m per pixel."""

_HEIGHTS = f"heights of ground ({LOWEST:g} to {HIGHEST:g} m)"


class Elevation:
    """Elevation in metres on a grid of its own, read by windows; where tiles overlap, the first that is valid counts.

    Units, scales and offsets are those that each tile states. What cannot be a height of ground is not valid.
    """

    def __init__(
        self, rasters: Sequence[Raster], *, nodata: float | None = None, reach: int = 0, unit: str | None = None
    ) -> None:
        """Put tiles together.

        Args:
            rasters: one or more single-band files; gaps between them are not valid.
            nodata: this stored value is not valid either, whatever the files declare.
            reach: fill voids from valid elevations within so many pixels; 0 leaves them as they are.
            unit: the unit of all tiles, whatever they state, such as ``ft``; None for what each states, else metres.

        Raises:
            InputError: a tile is rotated, does not lie on the grid of the others, or states what is no elevation.
        """
        self.role = rasters[0].role
        self.path = named(rasters)
        self.crs = rasters[0].crs
        self._nodata, self._reach = nodata, reach
        self._scalings = tuple(heights_of(raster, unit) for raster in rasters)
        self._impossible = [Impossible(raster, _HEIGHTS) for raster in rasters]
        check_north_up(rasters)
        self.tiles = laid_out(rasters)
        self.height = max(tile.row + tile.raster.height for tile in self.tiles)
        self.width = max(tile.col + tile.raster.width for tile in self.tiles)
        self.transform = outer_transform(self.tiles)

    def again(self, opened: Callable[[Raster], Raster]) -> Elevation:
        """Second reader of the same model, for another thread.

        Args:
            opened: opens the file of a raster again; see :meth:`landslip.runtime.rasters.raster.Raster.again`.
        """
        other = copy.copy(self)
        other.tiles = tuple(replace(tile, raster=opened(tile.raster)) for tile in self.tiles)
        return other

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of all tiles together, in their CRS."""
        xs, ys = zip(self.transform @ (0, 0), self.transform @ (self.width, self.height), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """The tiles along that row where they have the most to decode: no row of the mosaic needs more at a time."""
        rows = [
            tuple(tile.raster for tile in self.tiles if tile.row <= row < tile.row + tile.raster.height)
            for row in {tile.row for tile in self.tiles}
        ]
        return max(rows, key=lambda row: sum(raster.block_bytes(make_window(0, 0, raster.width, 1)) for raster in row))

    @property
    def facts(self) -> dict[str, Any]:
        """Facts on how it is read, for the run record."""
        declared = [tile.raster.nodata for tile in self.tiles] + [self._nodata]
        numbers = {value if math.isfinite(value) else str(value) for value in declared if value is not None}
        factors = sorted({scaling.factor for scaling in self._scalings})
        return {
            "tiles": len(self.tiles),
            "nodata": sorted(numbers, key=str),
            **({"metres_per_number": factors} if factors != [1.0] else {}),
            "voids": f"filled up to {self._reach} pixels" if self._reach else "not observed",
        }

    def read(self, window: Window) -> Pixels:
        """Read a window that lies inside the mosaic; the same values whatever the windows.

        Returns:
            elevation (1, rows, cols) float32 in metres, 0 where not valid.

        Raises:
            InputError: a tile is damaged there.
        """
        elevation = self._mosaic(window)
        if not self._reach or elevation.valid.all():
            return elevation
        wide = self._around(window)
        top, left = int(window.row_off - wide.row_off), int(window.col_off - wide.col_off)
        inner = (slice(top, top + int(window.height)), slice(left, left + int(window.width)))
        return fill_voids(self._mosaic(wide), inner, self._reach)

    def _mosaic(self, window: Window) -> Pixels:
        shape = int(window.height), int(window.width)
        elevation = np.zeros(shape, dtype=np.float32)
        valid = np.zeros(shape, dtype=np.bool_)
        for index, tile in enumerate(self.tiles):
            part = overlap(tile, window)
            if part is None:
                continue
            place = place_in(part, window)
            if valid[place].all():
                continue
            found = self.heights_of(index, tile.read(part), tile.window_in_file(part))
            new = found.valid & ~valid[place]
            elevation[place][new] = found.values[0][new]
            valid[place] |= new
        return Pixels(elevation[None], valid)

    def heights_of(self, index: int, stored: Pixels, window: Window) -> Pixels:
        """Heights (1, rows, cols) float32 in metres of what one of the :attr:`tiles` stores.

        Args:
            index: which tile.
            stored: its numbers.
            window: of the tile, where that is.
        """
        if self._nodata is not None:
            declared = stored.values[0] == in_type(self._nodata, stored.values.dtype)
            stored = Pixels(stored.values, stored.valid & ~declared)
        with np.errstate(over="ignore"):  # becomes infinite, and that cannot be
            metres = self._scalings[index].of(stored.values).astype(np.float32, copy=False)
        if metres.min(initial=0.0) >= LOWEST and metres.max(initial=0.0) <= HIGHEST:
            return Pixels(metres, stored.valid)
        return Pixels(metres, self._impossible[index].left_out(stored, can_be_height(metres[0]), window))

    @property
    def gapless(self) -> bool:
        """See :class:`landslip.runtime.geo.gridded.Gapped`."""
        return len(self.tiles) == 1 and self.tiles[0].raster.gapless

    def gaps(self, window: Window) -> NDArray[np.uint8] | None:
        """Codes of what no tile shows, and of what is damaged or beside that, where there is no slope either.

        See :class:`landslip.runtime.geo.gridded.Gapped`.
        """
        around, inner = self.with_ring(window)
        wide = gaps_between(self.tiles, around)
        if wide is None:
            return None
        gaps, (rows, cols) = wide[inner].copy(), np.nonzero(wide == DAMAGED)
        for down, across in product((-1, 0, 1), repeat=2):
            row, col = rows + down - inner[0].start, cols + across - inner[1].start
            inside = (row >= 0) & (row < gaps.shape[0]) & (col >= 0) & (col < gaps.shape[1])
            gaps[row[inside], col[inside]] = DAMAGED
        return gaps

    def with_ring(self, window: Window) -> tuple[Window, tuple[slice, slice]]:
        """A window with the ring of neighbours that Horn's formulas need, as far as the model goes; its place in it."""
        first_row, first_col = max(0, int(window.row_off) - 1), max(0, int(window.col_off) - 1)
        last_row = min(self.height, int(window.row_off + window.height) + 1)
        last_col = min(self.width, int(window.col_off + window.width) + 1)
        around = make_window(first_col, first_row, last_col - first_col, last_row - first_row)
        return around, place_in(window, around)

    def _around(self, window: Window) -> Window:
        first_row, first_col = (max(0, int(first) - self._reach) for first in (window.row_off, window.col_off))
        last_row = min(self.height, int(window.row_off + window.height) + self._reach)
        last_col = min(self.width, int(window.col_off + window.width) + self._reach)
        return make_window(first_col, first_row, last_col - first_col, last_row - first_row)
