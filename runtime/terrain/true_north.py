"""Rises along the axes of an elevation model's grid, turned to true east and north."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.geo.cell_size import OnGlobe
from landslip.runtime.geo.convergence import axes
from landslip.runtime.terrain.direction_nodes import NODE, nodes_around


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
    nodes, offset = nodes_around(elevation, window, lambda xs, ys: _axes(elevation, xs, ys))
    turned = np.empty_like(rises)
    _turn(rises, nodes, *offset, NODE, turned)
    return turned


def _axes(elevation: OnGlobe, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    along_x, along_y = axes(elevation.crs, xs, ys)
    return (*along_x, *along_y)


@kernel
def _turn(
    rises: NDArray[Any], nodes: NDArray[Any], row_off: int, col_off: int, node: int, out: NDArray[Any]
) -> None:  # pragma: no cover - compiled
    """Sums of rises along two axes, each times a component of its axis that is known at nodes and linear in between."""
    numbers, _, cols = nodes.shape
    width = rises.shape[2]
    along, axis = np.empty(cols), np.empty((numbers, width))
    for i in range(rises.shape[1]):
        place = (i + row_off + 0.5) / node
        top = math.floor(place)
        down = place - top
        for number in range(numbers):
            for k in range(cols):
                along[k] = nodes[number, top, k] * (1.0 - down) + nodes[number, top + 1, k] * down
            for left in range(cols - 1):
                first = left * node - col_off
                before, behind = along[left], along[left + 1]
                for j in range(max(0, first), min(width, first + node)):
                    across = (j + col_off + 0.5) / node - left
                    axis[number, j] = before * (1.0 - across) + behind * across
        along_x, along_y = rises[0, i], rises[1, i]
        for j in range(width):
            out[0, i, j] = along_x[j] * axis[0, j] + along_y[j] * axis[2, j]
            out[1, i, j] = along_x[j] * axis[1, j] + along_y[j] * axis[3, j]
