"""The light of a computed hillshade: from the true north-west, also where the grid's north points elsewhere.

Grids whose north is nearly the true one, such as UTM's, are lit from their own north-west, as ``gdaldem`` does it and
as the network was trained; the others pixel by pixel from the true one (docs/decisions/light.md).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.cell_size import OnGlobe
from landslip.runtime.geo.convergence import LARGEST_TURN, Vectors, along_axes, turn_of
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.terrain.direction_nodes import explained, over_window
from landslip.runtime.terrain.slope_and_hillshade import AZIMUTH, GRID_LIGHT


class Light:
    """Direction the light comes from, along the axes of an elevation model."""

    def __init__(self, elevation: OnGlobe, grid: MapGrid) -> None:
        """Choose for the map between the north of the grid and the true one.

        Raises:
            InputError: the elevation model's CRS is not related to the globe at the map.
        """
        self._elevation = elevation
        with explained(elevation):
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
        along_x, along_y = over_window(self._elevation, window, self._along_axes)
        length = np.hypot(along_x, along_y)
        return along_x / length, along_y / length

    def _along_axes(self, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        found = along_axes(self._elevation.crs, xs, ys, AZIMUTH)
        # At a pole there is no direction, and no ground that slides.
        return tuple(np.where(np.isfinite(part), part, math.sqrt(0.5)) for part in found)
