"""Land cover as colours: forest, meadows, fields, rock, scree, snow, rivers and roads, in either season.

Among it is what a mapper could mistake for a landslide: bare ground in both images, snow and river banks that move
between them, and freshly ploughed fields and clear-cuts, which are new in the second image but lie on gentle ground.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from landslip.models.synthetic.noise import fractal_noise, gradient_noise, hash_unit, nearest_seed, smoothstep
from landslip.runtime.compiled.kernel import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from landslip.models.synthetic.season import Season

# Colours are 8-bit reflectances as a contrast-stretched satellite image shows them, red-green-blue.
_FOREST = (42.0, 60.0, 38.0)
_FOREST_DRY = (78.0, 74.0, 44.0)
_GRASS = (92.0, 116.0, 62.0)
_GRASS_DRY = (150.0, 138.0, 92.0)
_SOIL = (146.0, 120.0, 92.0)
_ROCK = (136.0, 130.0, 122.0)
_SCREE = (160.0, 150.0, 136.0)
_SNOW = (246.0, 248.0, 252.0)
_WATER = (58.0, 82.0, 84.0)
_GRAVEL = (172.0, 166.0, 154.0)
_ROAD = (150.0, 148.0, 144.0)

_FLAT = math.tan(math.radians(11.0))
_GENTLE = math.tan(math.radians(15.0))


@kernel
def paint_ground(
    albedo: NDArray[np.float32],
    height: NDArray[np.float64],
    valley: NDArray[np.float64],
    corner: tuple[int, int],
    pixel: float,
    season: Season,
    seed: int,
) -> None:
    """Fill a window with the colours of the ground, without light and air.

    Args:
        albedo: receives (3, rows, cols), 0..255.
        height: altitude in metres, (rows + 2, cols + 2): one pixel more on every side.
        valley: the valley field, shaped as `height`.
        corner: row and column of the window's first pixel in the image.
        pixel: pixel size in metres.
        season: the conditions of the date.
        seed: of the event.
    """
    for i in range(albedo.shape[1]):
        y = (corner[0] + i + 0.5) * pixel + season.shift
        for j in range(albedo.shape[2]):
            x = (corner[1] + j + 0.5) * pixel + season.shift
            steep = _steepness(height, i, j, pixel)
            colour = _slopes(x, y, height[i + 1, j + 1], steep, season, seed)
            if steep < _GENTLE:
                colour = _clearings(x, y, height[i + 1, j + 1], steep, colour, season, seed)
            colour = _lines(x, y, valley[i + 1, j + 1], _steepness(valley, i, j, pixel), colour, season, seed)
            colour = _tracks(x, y, height[i + 1, j + 1], steep, colour, seed)
            colour = _snow(x, y, height[i + 1, j + 1], steep, colour, season, seed)
            albedo[0, i, j], albedo[1, i, j], albedo[2, i, j] = colour


@kernel
def mix(
    under: tuple[float, float, float], over: tuple[float, float, float], share: float
) -> tuple[float, float, float]:
    """`over` laid on `under` with an opacity of `share`."""
    return (
        under[0] + share * (over[0] - under[0]),
        under[1] + share * (over[1] - under[1]),
        under[2] + share * (over[2] - under[2]),
    )


@kernel
def brighten(colour: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    """The colour times a factor."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@kernel
def _steepness(surface: NDArray[np.float64], i: int, j: int, pixel: float) -> float:
    """Length of the gradient at pixel (i, j) of the window, from an array with one pixel more on every side."""
    east = surface[i + 1, j + 2] - surface[i + 1, j]
    south = surface[i + 2, j + 1] - surface[i, j + 1]
    return math.hypot(east, south) / (2.0 * pixel)


@kernel
def _slopes(x: float, y: float, height: float, steep: float, season: Season, seed: int) -> tuple[float, float, float]:
    """Vegetation, rock and scree by altitude and steepness."""
    patchiness = fractal_noise(x / 900.0, y / 900.0, 4, seed + 50)
    grain = gradient_noise(x / 24.0, y / 24.0, seed + 51)
    dry = min(1.0, max(0.0, season.dryness + 0.35 * patchiness))
    grass = brighten(
        mix(_GRASS, _GRASS_DRY, min(1.0, dry + smoothstep(1300.0, 2200.0, height) * 0.4)), 1.0 + 0.08 * grain
    )
    leafy = smoothstep(-0.1, 0.25, gradient_noise(x / 500.0, y / 500.0, seed + 52))
    forest = brighten(mix(_FOREST, _FOREST_DRY, leafy * dry), 1.0 + 0.22 * grain)
    tree_line = 1650.0 + 260.0 * patchiness
    trees = smoothstep(-0.28, -0.16, patchiness + 0.12 * grain) * (
        1.0 - smoothstep(tree_line - 90.0, tree_line + 50.0, height)
    )
    colour = mix(grass, forest, trees)
    stones = gradient_noise(x / 60.0, y / 60.0, seed + 53)
    scree = smoothstep(0.30, 0.40, fractal_noise(x / 420.0, y / 420.0, 3, seed + 54)) * smoothstep(0.25, 0.45, steep)
    colour = mix(colour, brighten(_SCREE, 1.0 + 0.12 * stones), 0.9 * scree)
    bare = max(
        smoothstep(1.05, 1.35, steep + 0.2 * stones), 0.9 * smoothstep(1850.0, 2250.0, height + 260.0 * patchiness)
    )
    return mix(colour, brighten(_ROCK, 1.0 + 0.16 * stones + 0.08 * grain), bare)


@kernel
def _clearings(
    x: float,
    y: float,
    height: float,
    steep: float,
    colour: tuple[float, float, float],
    season: Season,
    seed: int,
) -> tuple[float, float, float]:
    """Fields on the flat ground of the valleys, and clear-cuts on gentle ground; some are new after the event."""
    if height > 1600.0:
        return colour
    name, border = nearest_seed(x / 260.0, y / 260.0, seed + 60)
    fade = (1.0 - smoothstep(0.8 * _GENTLE, _GENTLE, steep)) * smoothstep(0.02, 0.06, border)
    if name < 0.05 + 0.11 * season.date:
        texture = 1.0 + 0.12 * gradient_noise(x / 30.0, y / 30.0, seed + 63)
        colour = mix(colour, brighten(_SOIL, texture), fade)
    parcel, hedge = nearest_seed(x / 130.0, y / 90.0, seed + 64)
    flat = 1.0 - smoothstep(0.7 * _FLAT, _FLAT, steep)
    if flat <= 0.0 or gradient_noise(x / 1200.0, y / 1200.0, seed + 68) < -0.15:
        return colour
    crop = _crop(parcel, season, seed)
    return mix(colour, mix(_FOREST, crop, smoothstep(0.0, 0.05, hedge)), flat)


@kernel
def _crop(parcel: float, season: Season, seed: int) -> tuple[float, float, float]:
    """Colour of a parcel at this date: meadow, green or ripe crop, or ploughed soil."""
    ident = int(parcel * 1.0e9)
    if parcel < 0.5:
        return brighten(mix(_GRASS, _GRASS_DRY, season.dryness), 0.9 + 0.3 * hash_unit(ident, 0, seed))
    state = hash_unit(ident, 1 + int(season.date), seed)
    if state < 0.3:
        return brighten(_SOIL, 0.85 + 0.4 * hash_unit(ident, 3, seed))
    return brighten(mix(_GRASS, _GRASS_DRY, state), 0.85 + 0.35 * hash_unit(ident, 4, seed))


@kernel
def _lines(
    x: float,
    y: float,
    valley: float,
    change: float,
    colour: tuple[float, float, float],
    season: Season,
    seed: int,
) -> tuple[float, float, float]:
    """The river with its gravel banks, and a road that keeps the same valley field; `change` is per metre."""
    change = max(change, 2.0e-5)
    distance = abs(valley) / change + 6.0 * gradient_noise(x / 90.0, y / 90.0, seed + 70)
    width = season.river * (1.0 + 0.5 * gradient_noise(x / 1500.0, y / 1500.0, seed + 71))
    banks = 12.0 + 30.0 * max(0.0, gradient_noise(x / 420.0, y / 420.0, seed + 72))
    road = abs(valley - 0.024) / change
    colour = mix(colour, _ROAD, 1.0 - smoothstep(3.0, 9.0, road))
    colour = mix(colour, _GRAVEL, 1.0 - smoothstep(width + banks - 5.0, width + banks + 5.0, distance))
    return mix(colour, _WATER, 1.0 - smoothstep(width - 5.0, width + 5.0, distance))


@kernel
def _tracks(
    x: float, y: float, height: float, steep: float, colour: tuple[float, float, float], seed: int
) -> tuple[float, float, float]:
    """Narrow forest roads along contour lines, 170 m of altitude apart, in parts of the mountains."""
    if height > 1500.0 or steep < 0.15 or gradient_noise(x / 1700.0, y / 1700.0, seed + 75) < 0.1:
        return colour
    above = height / 170.0 - math.floor(height / 170.0)
    distance = min(above, 1.0 - above) * 170.0 / steep
    return mix(colour, _ROAD, 0.7 * (1.0 - smoothstep(2.0, 8.0, distance)))


@kernel
def _snow(
    x: float, y: float, height: float, steep: float, colour: tuple[float, float, float], season: Season, seed: int
) -> tuple[float, float, float]:
    """Snow above a ragged line, thin on steep ground."""
    ragged = 240.0 * fractal_noise(x / 520.0, y / 520.0, 4, seed + 80)
    cover = smoothstep(-40.0, 40.0, height + ragged - season.snow_line - 260.0 * max(0.0, steep - 0.7))
    return mix(colour, _SNOW, 0.95 * cover)
