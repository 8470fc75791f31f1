"""The light of a computed hillshade: from the true north-west, also where the grid's north points elsewhere.

Grids whose north is nearly the true one, such as UTM's, are lit from their own north-west, as ``gdaldem`` does it and
as the network was trained; the others pixel by pixel from the true one (docs/decisions/light.md). Directions are
computed at every :data:`NODE`-th pixel of the elevation model and linearly in between: they do not depend on windows.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import InputError
from landslip.runtime.geo.cell_size import OnGlobe
from landslip.runtime.geo.convergence import LARGEST_TURN, Vectors, along_axes, turn_of
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.resample_kernels import between_nodes
from landslip.runtime.terrain.slope_and_hillshade import AZIMUTH, GRID_LIGHT

NODE = 32
"""Distance of the places where the direction is computed, in pixels of the elevation model."""


class Light:
    """Direction the light comes from, along the axes of an elevation model."""

    def __init__(self, elevation: OnGlobe, grid: MapGrid) -> None:
        """Choose for the map between the north of the grid and the true one.

        Raises:
            InputError: the elevation model's CRS is not related to the globe at the map.
        """
        self._elevation = elevation
        with self._explained():
            self.turn = turn_of(elevation.crs, grid, AZIMUTH)
        """Degrees by which the grid's north-west is beside the true one, at most."""

    @property
    def turned(self) -> bool:
        """Tell whether it comes from the true north-west, and not from that of the grid."""
        return self.turn > LARGEST_TURN

    def over(self, window: Window) -> Vectors:
        """Components along x and y, (1, 1) where they are the same everywhere, else (rows, cols), on a window."""
        if not self.turned:
            return GRID_LIGHT
        top, left, height, width = (int(x) for x in (window.row_off, window.col_off, window.height, window.width))
        first_row, first_col = top // NODE, left // NODE
        rows, cols = np.meshgrid(
            np.arange(first_row, (top + height) // NODE + 2) * float(NODE),
            np.arange(first_col, (left + width) // NODE + 2) * float(NODE),
            indexing="ij",
        )
        transform = self._elevation.transform
        xs = np.asarray(transform.a * cols + transform.c, dtype=np.float64)
        ys = np.asarray(transform.e * rows + transform.f, dtype=np.float64)
        with self._explained():
            nodes = along_axes(self._elevation.crs, xs.ravel(), ys.ravel(), AZIMUTH)
        offset = (top - first_row * NODE, left - first_col * NODE)
        along_x, along_y = (_between(part.reshape(xs.shape), offset, (height, width)) for part in nodes)
        length = np.hypot(along_x, along_y)
        return along_x / length, along_y / length

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except RASTER_ERRORS as error:
            elevation = self._elevation
            raise InputError(
                f"{elevation.role}: the direction of north cannot be told on the grid of {elevation.path} in "
                f"{elevation.crs} ({reason(error)}).",
                "Reproject it first, for example with gdalwarp.",
            ) from error


def _between(nodes: NDArray[np.float64], offset: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.float64]:
    # At a pole there is no direction, and no ground that slides.
    finite = np.where(np.isfinite(nodes), nodes, math.sqrt(0.5))
    out = np.empty(shape, dtype=np.float64)
    between_nodes(np.ascontiguousarray(finite), *offset, NODE, out)
    return out
