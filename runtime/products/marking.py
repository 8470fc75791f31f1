"""Landslides and unobserved ground drawn into an image, so that print in greys shows them too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.products.kinds_shown import KindsShown
from landslip.runtime.styles.palette import CASING, LANDSLIDE, NOT_OBSERVED_FILL, NOT_OBSERVED_HATCH, RIM, Colour

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_LANDSLIDE_SHARE, _CASING_SHARE = 0.65, 0.85
_FILL_SHARE, _LINE_SHARE = 0.85, 0.85
_PERIOD, _LINE = 8, 2
"""Pixels of the hatch at 200 pixels per inch: from line to line, and across a line."""


def marked(image: Image, confidence: Image, level: int, *, rim: int = 1, kinds: KindsShown | None = None) -> Image:
    """An image with landslides tinted, rimmed in dark and cased in light, and the unobserved dimmed and hatched.

    Args:
        image: (height, width, 3).
        confidence: (height, width), 0 to 100, or 255 where not observed.
        level: confidence from which on a pixel counts as landslide.
        rim: pixels of the dark line and of the light one around landslides, not within them, so that the smallest
            still show their colour.
        kinds: kind of each pixel that is landslide, which has the colour of its kind then; None for one colour.
    """
    landslide = (confidence >= level) & (confidence <= 100)
    unknown = confidence == NOT_OBSERVED
    height, width = unknown.shape
    line = np.add.outer(np.arange(height), np.arange(width)) % _PERIOD < _LINE
    dimmed = _blend(image, unknown, NOT_OBSERVED_FILL, _FILL_SHARE)
    hatched = _blend(dimmed, unknown & line, NOT_OBSERVED_HATCH, _LINE_SHARE)
    tinted = _tinted(hatched, landslide, kinds)
    rimmed = _grown(landslide, rim)
    outlined = _blend(tinted, rimmed & ~landslide, RIM, 1.0)
    return _blend(outlined, _grown(rimmed, rim) & ~rimmed, CASING, _CASING_SHARE)


def _tinted(image: Image, landslide: Mask, kinds: KindsShown | None) -> Image:
    """Mix the colour of landslides, or that of their kind, into them."""
    if kinds is None:
        return _blend(image, landslide, LANDSLIDE, _LANDSLIDE_SHARE)
    for number, colour in kinds.colours.items():
        image = _blend(image, landslide & (kinds.numbers == number), colour, _LANDSLIDE_SHARE)
    return image


def _blend(image: Image, where: Mask, colour: Colour, share: float) -> Image:
    """Mix ``share`` of a colour into some pixels."""
    mixed, pixels = image.copy(), image[where]
    for band, level in enumerate(colour):
        mixes = np.rint(np.arange(256) * (1 - share) + level * share).astype(np.uint8)
        pixels[:, band] = mixes.take(pixels[:, band])
    mixed[where] = pixels
    return mixed


def _grown(mask: Mask, steps: int) -> Mask:
    """The mask with the pixels that share a side with it, again and again."""
    for _ in range(steps):
        padded = np.pad(mask, 1)
        across: Mask = padded[1:-1, :-2] | padded[1:-1, 2:]
        along: Mask = padded[:-2, 1:-1] | padded[2:, 1:-1]
        mask = mask | across | along
    return mask
