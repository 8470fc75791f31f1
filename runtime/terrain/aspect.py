"""Aspect: the direction that ground faces, which is where water runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TURN = 360.0
"""Degrees around."""


def aspect_of(rises: NDArray[np.float32]) -> NDArray[np.float32]:
    """Direction of the steepest descent in degrees clockwise from north, 0 up to but not 360; 0 on level ground.

    Args:
        rises: (2, rows, cols) towards east and north, in metres per metre.

    Returns:
        (1, rows, cols).
    """
    east, north = rises
    # Added 0: what faces exactly north has an aspect of 0, whatever the sign of its zero.
    degrees = np.degrees(np.arctan2(-east, -north)) + np.float32(0.0)
    degrees = np.where(degrees < 0, degrees + np.float32(TURN), degrees)
    return np.where((degrees >= TURN) | ((east == 0) & (north == 0)), np.float32(0.0), degrees)[None]
