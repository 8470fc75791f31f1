"""Hillshade and slope of a whole elevation model in plain numpy and float64: the normal of the ground, and a light."""

from __future__ import annotations

import numpy as np
from affine import Affine
from rasterio.crs import CRS


def terrain(
    elevation: np.ndarray, valid: np.ndarray, crs: CRS, transform: Affine
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Horn's slope and hillshade on the model's own grid.

    Args:
        elevation: (rows, cols) metres.
        valid: (rows, cols) where it is known.
        crs: in degrees, or a projection that is true to scale there.
        transform: without rotation.

    Returns:
        hillshade (rows, cols) uint8, slope (rows, cols) float64 in degrees, known (rows, cols).
    """
    z, shape = elevation.astype(np.float64), elevation.shape
    hillshade, slope, known = np.zeros(shape, np.uint8), np.zeros(shape), np.zeros(shape, bool)
    if min(shape) < 3:
        return hillshade, slope, known
    wide, high = (part[1:-1, None] for part in _cell_size(shape[0], crs, transform))
    known[1:-1, 1:-1] = np.lib.stride_tricks.sliding_window_view(valid, (3, 3)).all(axis=(2, 3))
    columns = z[:-2] + 2 * z[1:-1] + z[2:]
    lines = z[:, :-2] + 2 * z[:, 1:-1] + z[:, 2:]
    with np.errstate(invalid="ignore", over="ignore"):  # of what is nodata
        east = (columns[:, 2:] - columns[:, :-2]) / (8 * wide)
        north = (lines[:-2] - lines[2:]) / (8 * high)
        rise = np.hypot(east, north)
        # The normal (-east, -north, 1) and a light from the north-west, 45 degrees high.
        light = (east * 0.5 - north * 0.5 + np.sqrt(0.5)) / np.sqrt(1 + rise**2)
        shade = np.floor(1 + 254 * np.maximum(0, light) + 0.5)
    inner = known[1:-1, 1:-1]
    slope[1:-1, 1:-1] = np.where(inner, np.degrees(np.arctan(rise)), 0)
    hillshade[1:-1, 1:-1] = np.where(inner, shade, 0)
    return hillshade, slope, known


def _cell_size(rows: int, crs: CRS, transform: Affine) -> tuple[np.ndarray, np.ndarray]:
    """Metres from column to column and from row to row, southwards: (rows,) each."""
    wide, high = np.full(rows, transform.a), np.full(rows, -transform.e)
    if crs.is_projected:
        return wide, high
    latitude = np.radians(transform.f + transform.e * (np.arange(rows) + 0.5))
    flattening, radius = 1 / 298.257223563, 6378137.0
    squared = flattening * (2 - flattening)
    bent = 1 - squared * np.sin(latitude) ** 2
    parallel = np.cos(latitude) * radius / np.sqrt(bent)
    meridian = radius * (1 - squared) / bent**1.5
    return np.radians(wide) * parallel, np.radians(high) * meridian
