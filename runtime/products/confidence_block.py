"""Rows of a map in memory, as programs get them while the map is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window


@dataclass(frozen=True)
class ConfidenceBlock:
    """Rows of a map that are final together, over its full width; all blocks together are ``confidence.tif``."""

    window: Window
    """Place on the map, ``Window(col_off, row_off, width, height)``; blocks come from the top down, without gaps."""
    transform: Affine
    """Transform from (column, row) of the block to map coordinates."""
    crs: CRS
    """Reference system of the map."""
    confidence: NDArray[np.uint8]
    """(rows, cols) confidence in percent, 0 to 100; 255 where not observed. The array is the caller's to keep."""
    classes: NDArray[np.uint8] | None = None
    """(rows, cols) number of the class of each pixel as in ``classes.tif``, 255 where not observed; None where the
    network tells no classes apart."""
