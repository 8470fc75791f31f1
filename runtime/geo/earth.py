"""Limits of the ground of the Earth: heights and slopes beyond them are none, whatever a file declares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = -500.0, 9000.0
"""Metres: the shore of the Dead Sea lies at -430, the top of Mount Everest at 8849; heights above the ellipsoid differ
from those by 110 at most. What is lower is sea floor or the bottom of a pit, which no image shows."""
STEEPEST = 90.0
"""Degrees."""


def can_be_height(metres: NDArray[Any]) -> NDArray[np.bool_]:
    """Mask of numbers that can be heights of ground, :data:`LOWEST` to :data:`HIGHEST` metres: bool in their shape."""
    possible: NDArray[np.bool_] = (metres >= LOWEST) & (metres <= HIGHEST)
    return possible


def can_be_slope(degrees: NDArray[Any]) -> NDArray[np.bool_]:
    """Mask of numbers that can be slopes in degrees, 0 to :data:`STEEPEST`: bool in their shape."""
    possible: NDArray[np.bool_] = (degrees >= 0.0) & (degrees <= STEEPEST)
    return possible
