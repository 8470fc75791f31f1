"""Hillside: made-up ground at any resolution, with every layer of terrain and every band of images before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.judging.made_inputs import Leaf, in_unit
from landslip.export.judging.spectra import spectrum_of
from landslip.runtime.artifacts.channels import RGB, ImageBand, Relief

_HEIGHT = 900.0
"""Relief of a tile in metres, from valley to ridge."""
_VALLEY = 400.0
"""Elevation of its deepest point in metres."""
_SUN = (-0.5, -0.5, np.sqrt(0.5))
"""Unit vector to the sun at azimuth 315 degrees, altitude 45 degrees: east, south, up."""
_FOREST, _SOIL, _SCAR = ((52.0, 78.0, 40.0), (128.0, 112.0, 90.0), (176.0, 160.0, 140.0))
"""Colours in a picture: red, green, blue."""
_LAKE = 3.0
"""Percent of the ground, the lowest, that lies under water in bands that are no picture."""
_LEVEL = 0.4 + (1.0 + 254.0 * np.sqrt(0.5)) / 255.0
"""Light on level ground, as pictures have it."""
_GRAIN = 0.004
"""Standard deviation of the noise of reflectance; that of pictures is 3 of 255."""


class Hillside:
    """Forest and soil, lit from the north-west, some of it slid; what is drawn is the same for every input."""

    def __init__(self, rng: np.random.Generator, tile: int, resolution: float) -> None:
        """Make the ground.

        Args:
            rng: random numbers; bands draw their noise from it when they are first asked for.
            tile: rows and columns.
            resolution: metres of a pixel.
        """
        self._rng = rng
        self._height = _HEIGHT * fractal_noise(rng, tile)
        rises: Any = np.gradient(self._height, resolution)
        self._south: NDArray[np.float64] = rises[0]
        self._east: NDArray[np.float64] = rises[1]
        self._slope = np.degrees(np.arctan(np.hypot(self._south, self._east)))
        light = (_SUN[2] - self._east * _SUN[0] - self._south * _SUN[1]) / np.sqrt(1 + self._east**2 + self._south**2)
        self._shade = 1.0 + 254.0 * np.maximum(light, 0.0)
        self._bare = fractal_noise(rng, tile)
        self._slid = (self._slope > np.percentile(self._slope, 70)) & (fractal_noise(rng, tile) > 0.6)
        self._lake = self._height < np.percentile(self._height, _LAKE)
        self._drawn: dict[tuple[Leaf, str], NDArray[Any]] = {}

    def values(self, leaf: Leaf, unit: str) -> NDArray[Any]:
        """Values of a band or layer (rows, cols), in the unit of an input."""
        if (leaf, unit) not in self._drawn:
            self._drawn[leaf, unit] = self._relief(leaf) if isinstance(leaf, Relief) else self._image(leaf, unit)
        return self._drawn[leaf, unit]

    def _relief(self, leaf: Relief) -> NDArray[Any]:
        if leaf.kind == "hillshade":
            shade: NDArray[np.uint8] = np.floor(self._shade + 0.5).astype(np.uint8)
            return shade
        layers = {
            "dem": _VALLEY + self._height,
            "slope": self._slope,
            "aspect": np.degrees(np.arctan2(-self._east, self._south)) % 360.0,
        }
        layer: NDArray[np.float32] = layers[leaf.kind].astype(np.float32)
        return layer

    def _image(self, leaf: ImageBand, unit: str) -> NDArray[Any]:
        slid = self._slid if leaf.date == "post" else np.zeros_like(self._slid)
        light = 0.4 + self._shade / 255.0
        if unit == "8-bit" and leaf.band in RGB:
            forest, soil, scar = (colour[RGB.index(str(leaf.band))] for colour in (_FOREST, _SOIL, _SCAR))
            ground = np.where(slid, scar, forest + (soil - forest) * self._bare)
            lit = ground * light + self._rng.normal(0.0, 3.0, ground.shape)
            picture: NDArray[np.uint8] = np.clip(lit, 0, 255).astype(np.uint8)
            return picture
        spectrum = spectrum_of(leaf.band)
        ground = spectrum.forest + (spectrum.soil - spectrum.forest) * self._bare
        ground = np.where(slid, spectrum.scar, np.where(self._lake, spectrum.water, ground))
        return in_unit(ground * light / _LEVEL + self._rng.normal(0.0, _GRAIN, ground.shape), unit)


def fractal_noise(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Smooth noise (size, size) from 0 to 1: octaves of a bilinearly enlarged random grid, halved in strength each."""
    total = np.zeros((size, size))
    for octave in range(5):
        cells = 3 * 2**octave
        grid = rng.normal(size=(cells + 1, cells + 1))
        at = np.linspace(0.0, cells, size)
        rows = np.stack([np.interp(at, np.arange(cells + 1), line) for line in grid])
        total += 0.5**octave * np.stack([np.interp(at, np.arange(cells + 1), line) for line in rows.T], axis=1)
    spread: NDArray[np.float64] = (total - total.min()) / np.ptp(total)
    return spread
