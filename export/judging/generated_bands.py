"""Bands of generated scenes, which are pictures and terrain: what other bands would show there.

How much of a pixel plants cover is told from how green it is among its colours, and how light it lies from how bright
it is for that cover. Every other band is then that of forest and soil (:mod:`landslip.export.judging.spectra`), so
that near infrared drops where a landslide took the forest, and short-wave infrared rises. Water and snow are taken for
soil in its brightness. This is no simulation of a sensor: it gives values of a plausible size that belong together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.judging.made_inputs import Leaf, in_unit
from landslip.export.judging.spectra import EIGHT_BITS, spectrum_of
from landslip.runtime.artifacts.channels import RGB, Relief
from landslip.runtime.scene.layers import SceneBlock

_BARE, _GROWN = 0.345, 0.42
"""Share of green in the colours of soil and of forest as generated scenes paint them."""
_SOIL_SEEN, _FOREST_SEEN = 0.187, 0.073
"""Mean reflectance of their colours, as pictures have it."""


class GeneratedBands:
    """Bands and layers of a block of a generated scene."""

    def __init__(self, block: SceneBlock) -> None:
        """Take a block whose arrays are pictures by date, and layers of terrain by kind."""
        self._arrays = block.arrays

    def values(self, leaf: Leaf, unit: str) -> NDArray[Any]:
        """Values of a band or layer (rows, cols), in the unit of an input; 0 in bands where a picture is unknown."""
        if isinstance(leaf, Relief):
            layer: NDArray[Any] = self._arrays[leaf.kind][0]
            return layer
        picture: NDArray[np.uint8] = self._arrays[leaf.date]
        if unit == "8-bit" and leaf.band in RGB:
            colour: NDArray[np.uint8] = picture[RGB.index(str(leaf.band))]
            return colour
        return in_unit(reflectance(picture, leaf.band), unit)


def reflectance(picture: NDArray[np.uint8], band: str | int) -> NDArray[np.float64]:
    """Reflectance (rows, cols) of a band, from a picture (3, rows, cols) of red, green and blue."""
    colours = picture * (EIGHT_BITS / 255.0)
    if band in RGB:
        colour: NDArray[np.float64] = colours[RGB.index(str(band))]
        return colour
    bright = colours.mean(axis=0)
    green = np.divide(colours[1], 3.0 * bright, out=np.zeros_like(bright), where=bright > 0)
    cover = np.clip((green - _BARE) / (_GROWN - _BARE), 0.0, 1.0)
    light = bright / (_SOIL_SEEN + (_FOREST_SEEN - _SOIL_SEEN) * cover)
    spectrum = spectrum_of(band)
    found: NDArray[np.float64] = light * (spectrum.soil + (spectrum.forest - spectrum.soil) * cover)
    return found
