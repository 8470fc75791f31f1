"""Light and air: sunshine on the relief, haze, clouds with their shadows, sensor noise, and the cloud mask."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from landslip.models.synthetic.noise import fractal_noise, gradient_noise, hash_unit, smoothstep
from landslip.runtime.compiled.kernel import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from landslip.models.synthetic.season import Season

NO_CLOUDS = 9.0
"""A cloud threshold that the noise never reaches."""

_CLOUD_HEIGHT = 1300.0
_CLOUD = (238.0, 240.0, 244.0)
_SKY = (196.0, 206.0, 220.0)
_AMBIENT = 0.32
_SAMPLES = 96


def cloud_threshold(cover: float, size: tuple[float, float], season: Season, seed: int) -> float:
    """The threshold above which cloud noise covers a share `cover` of a scene, from a lattice of samples.

    Args:
        cover: 0..1.
        size: width and height of the scene in metres.
        season: the date; each has clouds of its own.
        seed: of the event.
    """
    if cover <= 0.0:
        return NO_CLOUDS
    samples = np.empty((_SAMPLES, _SAMPLES))
    _sample_clouds(samples, size, season, seed)
    return float(np.quantile(samples, 1.0 - cover))


@kernel
def light_and_air(
    image: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    albedo: NDArray[np.float32],
    height: NDArray[np.float64],
    corner: tuple[int, int],
    pixel: float,
    threshold: float,
    season: Season,
    seed: int,
) -> None:
    """Turn colours of the ground into an image, and add what is hidden to the cloud mask.

    Args:
        image: receives (3, rows, cols), 1..255; 0 is left to mean "no data".
        mask: (rows, cols); set to 1 under clouds and in their shadow, otherwise left as it is. Thin fringes are missed,
            as by real cloud masks.
        albedo: (3, rows, cols), 0..255.
        height: altitude in metres, (rows + 2, cols + 2).
        corner: row and column of the window's first pixel in the image.
        pixel: pixel size in metres.
        threshold: of the clouds, see :func:`cloud_threshold`.
        season: the conditions of the date.
        seed: of the event.
    """
    for i in range(image.shape[1]):
        y = (corner[0] + i + 0.5) * pixel
        for j in range(image.shape[2]):
            x = (corner[1] + j + 0.5) * pixel
            cloud, shadow = _cloud_and_shadow(x, y, threshold, season, seed)
            light = _sunshine(height, i, j, pixel, 1.0 - 0.85 * shadow, season) * season.gain
            haze = season.haze * (0.5 + 0.5 * gradient_noise(x / 4100.0, y / 4100.0, seed + 90))
            for band in range(3):
                cast = 1.0 + season.warmth * (1.0 - band)
                value = albedo[band, i, j] * light * cast
                value += haze * (_SKY[band] - value)
                value += cloud * (_CLOUD[band] * (0.94 + 0.06 * season.gain) - value)
                value += 5.0 * hash_unit(3 * (corner[1] + j) + band, corner[0] + i, seed + 91 + int(season.date)) - 2.5
                image[band, i, j] = np.uint8(min(255.0, max(1.0, value + 0.5)))
            if cloud > 0.12 or shadow > 0.3:
                mask[i, j] = 1


@kernel
def _cloud_and_shadow(x: float, y: float, threshold: float, season: Season, seed: int) -> tuple[float, float]:
    """Opacity of the cloud above a point, and of the one between the point and the sun."""
    if threshold >= NO_CLOUDS:
        return 0.0, 0.0
    away = _CLOUD_HEIGHT / season.sun_up
    above = _cloud_noise(x, y, season, seed)
    sunward = _cloud_noise(x + away * season.sun_east, y + away * season.sun_south, season, seed)
    return 0.97 * smoothstep(threshold - 0.02, threshold + 0.1, above), smoothstep(threshold, threshold + 0.1, sunward)


@kernel
def _cloud_noise(x: float, y: float, season: Season, seed: int) -> float:
    return fractal_noise(x / 2700.0, y / 2700.0, 5, seed + 95 + 40 * int(season.date))


@kernel
def _sample_clouds(samples: NDArray[np.float64], size: tuple[float, float], season: Season, seed: int) -> None:
    rows, cols = samples.shape
    for i in range(rows):
        for j in range(cols):
            samples[i, j] = _cloud_noise((j + 0.5) * size[0] / cols, (i + 0.5) * size[1] / rows, season, seed)


@kernel
def _sunshine(height: NDArray[np.float64], i: int, j: int, pixel: float, direct: float, season: Season) -> float:
    """Light on a Lambertian slope relative to flat ground: direct sun by the angle of incidence, plus sky light."""
    east = (height[i + 1, j + 2] - height[i + 1, j]) / (2.0 * pixel)
    south = (height[i + 2, j + 1] - height[i, j + 1]) / (2.0 * pixel)
    toward = season.sun_up - east * season.sun_east - south * season.sun_south
    incidence: float = max(0.0, toward / math.sqrt(1.0 + east * east + south * south))
    return _AMBIENT + (1.0 - _AMBIENT) * direct * incidence / season.sun_up
