"""The ground of a synthetic event: fractal mountains with valleys along the zero contours of a slow noise.

Positions are metres east (x) and south (y) of the scene's north-west corner, so that y grows with the rows of rasters.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from landslip.models.synthetic.noise import fractal_noise, gradient_noise, hash_unit, smoothstep
from landslip.runtime.compiled.kernel import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]

_REACH = 40.0
"""Metres over which the slope that steers the gullies is taken."""


@kernel
def valley_field(x: float, y: float, seed: int) -> float:
    """Signed and smooth: 0 along winding rivers, growing in size to about 0.6 on the highest ridges."""
    bend_x = x + 420.0 * gradient_noise(x / 1900.0, y / 1900.0, seed + 11)
    bend_y = y + 420.0 * gradient_noise(x / 1900.0, y / 1900.0, seed + 12)
    slow = gradient_noise(bend_x / 5200.0, bend_y / 5200.0, seed + 13)
    return slow + 0.3 * gradient_noise(bend_x / 2300.0, bend_y / 2300.0, seed + 14)


@kernel
def height_above(x: float, y: float, valley: float, seed: int) -> float:
    """Altitude in metres where the valley field is `valley`."""
    here = _massif(x, y, valley, seed)
    east = (_massif(x + _REACH, y, valley_field(x + _REACH, y, seed), seed) - here) / _REACH
    south = (_massif(x, y + _REACH, valley_field(x, y + _REACH, seed), seed) - here) / _REACH
    fine = fractal_noise(x / 110.0, y / 110.0, 3, seed + 26)
    wild = smoothstep(0.08, 0.45, math.hypot(east, south))
    return here + wild * (_gullies(x, y, east, south, seed + 30) + 13.0 * fine) + 1.2 * fine


@kernel
def height_at(x: float, y: float, seed: int) -> float:
    """Altitude in metres of a point."""
    return height_above(x, y, valley_field(x, y, seed), seed)


@kernel
def steepest(x: float, y: float, reach: float, seed: int) -> tuple[float, float]:
    """The downhill gradient (east, south) in metres per metre, from points `reach` metres away."""
    east = height_at(x - reach, y, seed) - height_at(x + reach, y, seed)
    south = height_at(x, y - reach, seed) - height_at(x, y + reach, seed)
    return east / (2.0 * reach), south / (2.0 * reach)


@kernel
def fill_relief(
    height: FloatArray, valley: FloatArray, corner: tuple[int, int], pixel: float, offset: float, seed: int
) -> None:
    """Fill two (rows, cols) float64 arrays with altitude in metres and the valley field, at the pixel centres.

    Args:
        height: receives the altitude.
        valley: receives the valley field.
        corner: row and column of the arrays' first pixel in the grid.
        pixel: pixel size of the grid in metres.
        offset: x and y of the corner of the grid's pixel (0, 0).
        seed: of the event.
    """
    for i in range(height.shape[0]):
        y = offset + (corner[0] + i + 0.5) * pixel
        for j in range(height.shape[1]):
            x = offset + (corner[1] + j + 0.5) * pixel
            valley[i, j] = valley_field(x, y, seed)
            height[i, j] = height_above(x, y, valley[i, j], seed)


@kernel
def _massif(x: float, y: float, valley: float, seed: int) -> float:
    """The mountains without gullies: a flat valley floor, flanks, spurs and side valleys."""
    floor = 0.035 + 0.025 * gradient_noise(x / 2600.0, y / 2600.0, seed + 20)
    rise = math.sqrt(max(0.0, abs(valley) - floor) ** 2 + 0.0016) - 0.04
    wild = smoothstep(0.0, 0.14, rise)
    base = 800.0 + 260.0 * gradient_noise(x / 15000.0, y / 15000.0, seed + 21) + 60.0 * abs(valley)
    spurs = 190.0 * gradient_noise(x / 1500.0, y / 1500.0, seed + 22)
    crest = gradient_noise(x / 800.0, y / 800.0, seed + 23)
    spurs -= 150.0 * math.sqrt(crest * crest + 0.03)  # ridges, rounded enough not to look cut
    return base + 1500.0 * rise + wild * spurs


@kernel
def _gullies(x: float, y: float, east: float, south: float, seed: int) -> float:
    """Three sizes of gullies that run downhill and join, in metres.

    Waves across the slope, summed over a jittered lattice with bell-shaped weights, each size steered by the slope of
    the larger ones: the erosion filter of C. John ("Eroded terrain noise", 2020).
    """
    total, wave, depth = 0.0, 560.0, 44.0
    for octave in range(3):
        value, side_east, side_south = _waves(x / wave, y / wave, east, south, seed + octave)
        total += depth * value
        east += 1.5 * depth / wave * side_east
        south += 1.5 * depth / wave * side_south
        wave, depth = 0.47 * wave, 0.36 * depth
    return total


@kernel
def _waves(x: float, y: float, east: float, south: float, seed: int) -> tuple[float, float, float]:
    """A wave whose crests follow the slope, and its derivatives along x and y."""
    steepness = math.hypot(east, south) + 1e-9
    across_x, across_y = -south / steepness, east / steepness
    col, row = math.floor(x), math.floor(y)
    value, slope, weights = 0.0, 0.0, 1e-9
    for j in range(row - 1, row + 3):
        for i in range(col - 1, col + 3):
            dx = x - i + 0.5 * hash_unit(i, j, seed)
            dy = y - j + 0.5 * hash_unit(i, j, seed + 101)
            near = 1.0 - (dx * dx + dy * dy) / 2.2
            if near <= 0.0:
                continue
            weight = near * near * near
            phase = 2.0 * math.pi * (dx * across_x + dy * across_y)
            value += weight * math.cos(phase)
            slope -= weight * math.sin(phase)
            weights += weight
    return value / weights, slope / weights * across_x, slope / weights * across_y
