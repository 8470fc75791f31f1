"""Landslides in the image: which share of every pixel they cover, and how fresh or weathered debris looks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine

from landslip.models.synthetic.landcover import brighten, mix
from landslip.models.synthetic.noise import gradient_noise, hash_unit, smoothstep
from landslip.runtime.access.polygon_pixels import burnt
from landslip.runtime.compiled.kernel import kernel

if TYPE_CHECKING:
    import shapely
    from numpy.typing import NDArray

_FINER = 4
_FRESH = (180.0, 156.0, 128.0)
_GREY = (156.0, 149.0, 140.0)
_WEATHERED = (140.0, 134.0, 104.0)


def pixel_cover(outline: shapely.Polygon, pixel: float) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """The share of every pixel that a polygon covers, from 4 x 4 samples per pixel.

    Args:
        outline: metres east and south of the corner of pixel (0, 0).
        pixel: pixel size in metres.

    Returns:
        (rows, cols) 0..1 over the polygon's bounding box, and the row and column of its first pixel.
    """
    west, north, east, south = outline.bounds
    row, col = math.floor(north / pixel), math.floor(west / pixel)
    rows, cols = math.ceil(south / pixel) - row, math.ceil(east / pixel) - col
    fine = pixel / _FINER
    place = Affine(fine, 0.0, col * pixel, 0.0, fine, row * pixel)
    samples = burnt([outline], (rows * _FINER, cols * _FINER), place)
    cover = samples.reshape(rows, _FINER, cols, _FINER).mean(axis=(1, 3), dtype=np.float32)
    return cover.astype(np.float32, copy=False), (row, col)


@kernel
def paint_debris(
    albedo: NDArray[np.float32],
    cover: NDArray[np.float32],
    corner: tuple[int, int],
    pixel: float,
    path: NDArray[np.float64],
    half_width: NDArray[np.float64],
    weathering: float,
    seed: int,
) -> None:
    """Lay a landslide on the colours of the ground.

    Args:
        albedo: (3, rows, cols), 0..255, changed in place.
        cover: (rows, cols) share of every pixel that the landslide covers.
        corner: row and column of the first pixel in the image.
        pixel: pixel size in metres.
        path: (n, 2), see ``Slide.path``.
        half_width: (n, 2), see ``Slide.half_width``.
        weathering: 0 fresh to 1 overgrown.
        seed: of the landslide.
    """
    tone = mix(brighten(_FRESH, 0.86 + 0.22 * hash_unit(3, 0, seed)), _GREY, 0.7 * hash_unit(4, 0, seed))
    tone = mix(tone, _WEATHERED, weathering)
    for i in range(cover.shape[0]):
        for j in range(cover.shape[1]):
            if cover[i, j] <= 0.0:
                continue
            x, y = (corner[1] + j + 0.5) * pixel, (corner[0] + i + 0.5) * pixel
            along, across, edge = _place(x, y, path, half_width)
            streaks = gradient_noise(along / 85.0, across / 13.0, seed) + 0.6 * gradient_noise(x / 21.0, y / 21.0, seed)
            scar = 1.0 - smoothstep(0.1, 0.4, along / (8.0 * path.shape[0]))
            colour = brighten(tone, 1.0 + 0.13 * streaks + 0.07 * scar)
            # Islands of vegetation stay standing, more of them near the margins.
            islands = gradient_noise(x / 38.0, y / 38.0, seed + 1) + 0.45 * smoothstep(0.5, 1.0, edge)
            left = smoothstep(0.32, 0.7, islands)
            share = cover[i, j] * (0.97 - 0.75 * left) * (1.0 - 0.45 * weathering)
            under = (albedo[0, i, j], albedo[1, i, j], albedo[2, i, j])
            albedo[0, i, j], albedo[1, i, j], albedo[2, i, j] = mix(under, colour, share)


@kernel
def _place(
    x: float, y: float, path: NDArray[np.float64], half_width: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Metres along and across the path, and the share of the way from path to margin."""
    nearest, at = math.inf, 0
    for k in range(path.shape[0]):
        distance = (x - path[k, 0]) ** 2 + (y - path[k, 1]) ** 2
        if distance < nearest:
            nearest, at = distance, k
    before, after = max(at - 1, 0), min(at + 1, path.shape[0] - 1)
    east, south = path[after, 0] - path[before, 0], path[after, 1] - path[before, 1]
    step = math.hypot(east, south)
    dx, dy = x - path[at, 0], y - path[at, 1]
    along = 8.0 * at + (dx * east + dy * south) / step
    across = (dy * east - dx * south) / step
    width = half_width[at, 0] if across > 0.0 else half_width[at, 1]
    return along, across, min(1.0, abs(across) / width)
