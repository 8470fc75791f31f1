"""Values of a map: confidence in whole percent, and 255 where nothing is known."""

from __future__ import annotations

import math

NOT_OBSERVED = 255
"""Value of a map pixel of which nothing is known."""

LOWEST_THRESHOLD = 0.01
"""Confidence; maps hold whole percent."""


def level_of(threshold: float) -> int:
    """Percent from which on a pixel of a map counts as landslide, of a confidence from 0 to 1."""
    return math.ceil(round(100 * threshold, 6))
