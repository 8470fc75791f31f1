"""Ground beneath a part of a map: how high, how steep, which way it falls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window


@dataclass(frozen=True)
class GroundValues:
    """Facts on the ground under a window of the map grid: each (rows, cols) float32, NaN where unknown.

    None where the scene does not tell: ready slopes, for instance, have no heights and no direction.
    """

    elevation: NDArray[np.float32] | None = None
    """Height in metres."""
    slope: NDArray[np.float32] | None = None
    """Slope in degrees, as the network sees it."""
    rise_east: NDArray[np.float32] | None = None
    """Rise in metres per metre towards the true east; the ground falls towards its negative."""
    rise_north: NDArray[np.float32] | None = None
    """Rise in metres per metre towards the true north."""


GroundOf = Callable[[Window], GroundValues]
"""Function from a window of the map grid to the ground there; it may be asked from several threads at once."""
