"""Values of a map: confidence in whole percent, 255 where nothing is known, and why nothing is known there."""

from __future__ import annotations

import math
from typing import Final

NOT_OBSERVED = 255
"""Value of a map pixel of which nothing is known."""

LOWEST_THRESHOLD = 0.01
"""Confidence; maps hold whole percent."""

OBSERVED: Final = 0
"""Code of a pixel that is observed."""
OUTSIDE: Final = 1
"""Code of a pixel beyond the end of a file, or of the area of interest."""
NODATA: Final = 2
"""Code of a pixel that an image says nothing of: nodata, fill, collar."""
MASKED: Final = 3
"""Code of a pixel that a mask hides, or says nothing of."""
VOID: Final = 4
"""Code of a pixel without elevation, or without all the elevations that its slope needs."""
DAMAGED: Final = 5
"""Code of a pixel in a part of a file that could not be read and was passed over."""
UNMAPPED: Final = 6
"""Code of a pixel that is valid in every input, and that no tile covers."""

REASONS: Final = {
    OUTSIDE: "outside",
    NODATA: "nodata",
    MASKED: "mask",
    VOID: "void",
    DAMAGED: "damaged",
    UNMAPPED: "unmapped",
}
"""Names of the reasons why a pixel is not observed, by code."""


def level_of(threshold: float) -> int:
    """Percent from which on a pixel of a map counts as landslide, of a confidence from 0 to 1."""
    return math.ceil(round(100 * threshold, 6))
