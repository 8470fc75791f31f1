"""Rises along the axes of an elevation model's grid, turned to true east and north."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.cell_size import OnGlobe
from landslip.runtime.geo.convergence import axes
from landslip.runtime.terrain.direction_nodes import over_window


def towards_east_and_north(elevation: OnGlobe, rises: NDArray[np.float32], window: Window) -> NDArray[np.float32]:
    """Rises towards true east and north: (2, rows, cols) float32 in metres per metre.

    Args:
        elevation: the model; the axes of its CRS are at right angles, as those of maps are.
        rises: (2, rows, cols) along x and along y.
        window: of the model, where they are.

    Raises:
        InputError: the model's CRS is not related to the globe there.
    """
    if elevation.crs.is_geographic:  # its x is longitude, its y latitude
        return rises
    x_east, x_north, y_east, y_north = over_window(elevation, window, lambda xs, ys: _axes(elevation, xs, ys))
    return np.stack([rises[0] * x_east + rises[1] * y_east, rises[0] * x_north + rises[1] * y_north]).astype(np.float32)


def _axes(elevation: OnGlobe, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    along_x, along_y = axes(elevation.crs, xs, ys)
    return (*along_x, *along_y)
