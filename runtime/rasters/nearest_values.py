"""Values of one raster at pixels of another, the nearest of each; the same whatever the pixels asked for together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo import longitudes
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.geo.window_blocks import LARGEST_WINDOW
from landslip.runtime.geo.windows import make_window
from landslip.runtime.rasters.raster import Raster


class Measured(Protocol):
    """Values of a raster by windows."""

    @property
    def raster(self) -> Raster:
        """The file."""
        ...

    def read(self, window: Window) -> Pixels:
        """One band on a window of the raster."""
        ...


class Beneath:
    """A raster seen through the pixels of another."""

    def __init__(self, above: Raster, below: Measured) -> None:
        """Take the raster whose pixels ask, and the one that answers."""
        self._above, self._below = above, below

    def at(self, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> NDArray[np.float64]:
        """Values under the centres of pixels, NaN where not valid or beyond the raster.

        Args:
            rows: (n,) of the raster above.
            cols: (n,) likewise.
        """
        place = self._places(rows, cols)
        found = np.full(len(rows), np.nan)
        raster = self._below.raster
        inside = np.flatnonzero(
            (place[0] >= 0) & (place[0] < raster.height) & (place[1] >= 0) & (place[1] < raster.width)
        )
        if not inside.size:
            return found
        down, across = (np.floor(part[inside]).astype(np.int64) for part in place)
        for chosen, window in _windows(down, across):
            values, valid = self._below.read(window)
            places = (down[chosen] - window.row_off, across[chosen] - window.col_off)
            found[inside[chosen]] = np.where(valid[places], values[0][places], np.nan)
        return found

    def _places(
        self, rows: NDArray[np.int64], cols: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Row and column of the raster below, as fractions."""
        above, below = self._above, self._below.raster
        xs, ys = _through(above.transform, cols + 0.5, rows + 0.5)
        if above.crs != below.crs:
            xs, ys = transform_points(above.crs, below.crs, xs, ys)
            if below.crs.is_geographic:
                centre = (below.transform @ (below.width / 2, below.height / 2))[0]
                with np.errstate(invalid="ignore"):  # places that have no longitude
                    xs = longitudes.near(xs, centre)
        across, down = _through(~below.transform, xs, ys)
        # Rounded, so that a pixel centre on an edge falls to the same side for all.
        return np.round(down, 6), np.round(across, 6)


def _through(transform: Affine, xs: NDArray[Any], ys: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points through a transform."""
    return transform.a * xs + transform.b * ys + transform.c, transform.d * xs + transform.e * ys + transform.f


def _windows(rows: NDArray[np.int64], cols: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Window]]:
    """Pixels in groups, each with the window around it, none of which is large."""
    waiting = [np.arange(len(rows))]
    while waiting:
        chosen = waiting.pop()
        top, left = int(rows[chosen].min()), int(cols[chosen].min())
        height, width = int(rows[chosen].max()) - top + 1, int(cols[chosen].max()) - left + 1
        if height * width <= LARGEST_WINDOW:
            yield chosen, make_window(left, top, width, height)
            continue
        along = rows[chosen] if height >= width else cols[chosen]
        low = along < (top + height // 2 if height >= width else left + width // 2)
        waiting += [chosen[low], chosen[~low]]
