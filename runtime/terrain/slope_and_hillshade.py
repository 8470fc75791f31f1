"""Slope and hillshade by Horn's 3x3 formulas, on the elevation model's own grid.

Source: B. K. P. Horn, "Hill shading and the reflectance map", Proc. IEEE 69(1), 1981, in the form GDAL's ``gdaldem``
uses: differences weighted 1-2-1, slope ``atan(|gradient|)``, hillshade ``1 + 254 max(0, cos i)`` rounded half up,
0 = unknown.
The published network was trained on exactly these (azimuth 315 degrees, altitude 45 degrees, z factor 1).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

AZIMUTH = 315.0
"""Direction the light comes from, degrees clockwise from north."""
ALTITUDE = 45.0
"""Height of the light above the horizon, degrees."""


def horn(
    elevation: NDArray[np.float32],
    valid: NDArray[np.bool_],
    cell_width: NDArray[np.float64],
    cell_height: NDArray[np.float64],
    light: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
    """Hillshade and slope of an elevation window.

    Args:
        elevation: (rows, cols) metres.
        valid: (rows, cols) where the elevation may be used.
        cell_width: (rows,) width of a cell in metres, positive where columns run east.
        cell_height: (rows,) height of a cell in metres, positive where rows run south.
        light: where it comes from, as components of a horizontal unit vector towards east and north of the grid:
            (rows, cols), or (1, 1) for all pixels; None for :data:`AZIMUTH`.

    Returns:
        hillshade (rows, cols) uint8 1..255, 0 = not valid; slope (rows, cols) float32 in degrees, 0 where not valid;
        valid (rows, cols) bool: false in the outermost ring and wherever one of the nine cells is not valid.
    """
    found = relief_of(elevation, valid, cell_width, cell_height, light)
    return found.hillshade, found.slope, found.valid


def slope_and_rises(
    elevation: NDArray[np.float32],
    valid: NDArray[np.bool_],
    cell_width: NDArray[np.float64],
    cell_height: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Slope of an elevation window as :func:`horn` gives it, and the rises along both axes that it is made of.

    Args:
        elevation: see :func:`horn`.
        valid: see :func:`horn`.
        cell_width: see :func:`horn`.
        cell_height: see :func:`horn`.

    Returns:
        slope (rows, cols) float32 in degrees; rises (2, rows, cols) float32 in metres per metre towards growing x and
        growing y; valid (rows, cols) bool, see :func:`horn`. 0 where not valid.
    """
    found = relief_of(elevation, valid, cell_width, cell_height, shaded=False, rises=True)
    return found.slope, found.rises, found.valid


class TerrainRelief(NamedTuple):
    """Layers computed of an elevation window, 0 where not valid."""

    hillshade: NDArray[np.uint8]
    """(rows, cols): 1..255; empty where it is not wanted."""
    slope: NDArray[np.float32]
    """(rows, cols): degrees."""
    rises: NDArray[np.float32]
    """(2, rows, cols): metres per metre towards growing x and growing y; empty where they are not wanted."""
    valid: NDArray[np.bool_]
    """(rows, cols): see :func:`horn`."""


def relief_of(
    elevation: NDArray[np.float32],
    valid: NDArray[np.bool_],
    cell_width: NDArray[np.float64],
    cell_height: NDArray[np.float64],
    light: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    *,
    shaded: bool = True,
    rises: bool = False,
) -> TerrainRelief:
    """All that is computed of an elevation window in one go.

    Args:
        elevation: see :func:`horn`.
        valid: see :func:`horn`.
        cell_width: see :func:`horn`.
        cell_height: see :func:`horn`.
        light: see :func:`horn`.
        shaded: whether the hillshade is wanted.
        rises: whether the rises along both axes are wanted.
    """
    hillshade = np.zeros(elevation.shape if shaded else (0, 0), dtype=np.uint8)
    slope = np.zeros(elevation.shape, dtype=np.float32)
    along = np.zeros((2, *elevation.shape) if rises else (2, 0, 0), dtype=np.float32)
    out_valid = np.zeros(elevation.shape, dtype=np.bool_)
    across, down = cell_width.astype(np.float64, copy=False), cell_height.astype(np.float64, copy=False)
    east, north = GRID_LIGHT if light is None else light
    whole = (np.ascontiguousarray(elevation), np.ascontiguousarray(valid))
    _horn(*whole, across, down, east, north, hillshade, slope, along, out_valid)
    return TerrainRelief(hillshade, slope, along, out_valid)


_SIN_ALTITUDE = math.sin(math.radians(ALTITUDE))
_COS_ALTITUDE = math.cos(math.radians(ALTITUDE))
GRID_LIGHT = (np.array([[math.sin(math.radians(AZIMUTH))]]), np.array([[math.cos(math.radians(AZIMUTH))]]))
"""The light from :data:`AZIMUTH` of the grid, for all pixels."""


@kernel
def _horn(
    elevation: NDArray[Any],
    valid: NDArray[Any],
    cell_width: NDArray[Any],
    cell_height: NDArray[Any],
    light_east: NDArray[Any],
    light_north: NDArray[Any],
    hillshade: NDArray[Any],
    slope: NDArray[Any],
    rises: NDArray[Any],
    out_valid: NDArray[Any],
) -> None:  # pragma: no cover - compiled
    rows, cols = elevation.shape
    varies, shaded, wanted = light_east.size > 1, hillshade.size > 0, rises.size > 0
    column = np.empty(cols, dtype=np.bool_)
    west, south, squared = np.empty(cols), np.empty(cols), np.empty(cols)
    # Several short loops over a row: all but those with an arc tangent or a light become vector instructions.
    for i in range(1, rows - 1):
        above, here, below = elevation[i - 1], elevation[i], elevation[i + 1]
        for j in range(cols):
            column[j] = valid[i - 1, j] & valid[i, j] & valid[i + 1, j]
        for j in range(cols - 2):
            # Summed in float32 and in gdaldem's order: the network learnt from slopes with exactly that rounding.
            left = np.float32(np.float32(above[j] + here[j]) + here[j]) + below[j]
            right = np.float32(np.float32(above[j + 2] + here[j + 2]) + here[j + 2]) + below[j + 2]
            top = np.float32(np.float32(above[j] + above[j + 1]) + above[j + 1]) + above[j + 2]
            bottom = np.float32(np.float32(below[j] + below[j + 1]) + below[j + 1]) + below[j + 2]
            west[j + 1] = np.float64(np.float32(left - right)) / cell_width[i]
            south[j + 1] = np.float64(np.float32(bottom - top)) / cell_height[i]
            squared[j + 1] = west[j + 1] * west[j + 1] + south[j + 1] * south[j + 1]
        known = out_valid[i]
        for j in range(cols - 2):
            # Not so where a number stands for unknown and is not declared.
            known[j + 1] = column[j] & column[j + 1] & column[j + 2] & (squared[j + 1] < np.inf)
        for j in range(1, cols - 1):
            if known[j]:
                slope[i, j] = math.degrees(math.atan(math.sqrt(squared[j]) / 8.0))
        if shaded:
            row = i if varies else 0
            for j in range(1, cols - 1):
                col = j if varies else 0
                facing = -(south[j] * light_north[row, col] + west[j] * light_east[row, col])
                light = (_SIN_ALTITUDE - facing / 8.0 * _COS_ALTITUDE) / math.sqrt(1.0 + squared[j] / 64.0)
                hillshade[i, j] = np.uint8(1.0 + 254.0 * max(0.0, light) + 0.5) if known[j] else np.uint8(0)
        if wanted:
            for j in range(1, cols - 1):
                rises[0, i, j] = -west[j] / 8.0 if known[j] else 0.0
                rises[1, i, j] = -south[j] / 8.0 if known[j] else 0.0
