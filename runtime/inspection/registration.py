"""Shift between two images of one place, by phase correlation of small windows.

Two images that differ by a shift alone have spectra that differ in phase alone; the inverse transform of that phase
difference is a peak at the shift (Kuglin & Hines 1975, "The phase correlation image alignment method"). It does not
care about brightness and contrast, and what is new in one of the images, such as landslides, only raises the noise
around the peak. A window counts when its peak stands clear of that noise, and a result is given only when several
windows say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHORTEST = 64
"""Pixels: smaller windows are not told apart from chance."""

LEAST_VALID = 0.75
"""Share of a window that has to be valid."""

CLEAR = 7.0
"""A peak counts from this many standard deviations above the rest on; chance reaches about 5 in a window."""

TOGETHER = 1.5
"""Pixels from the median within which windows agree, in both directions."""

FEWEST = 3
"""Windows that have to agree."""

_WIDTH = 0.7
"""Standard deviation in pixels of the Gaussian that smooths the peak: what images share lies in their coarser half."""

_AROUND = 5
"""Pixels around a peak that belong to it."""


@dataclass(frozen=True)
class Shift:
    """Shift of the content of an image, seen from another image of the same place."""

    dx: float
    """Pixels to the right."""
    dy: float
    """Pixels down."""

    @property
    def length(self) -> float:
        """Pixels."""
        return math.hypot(self.dx, self.dy)


@dataclass(frozen=True)
class Registration:
    """Shift that several windows agree on."""

    shift: Shift
    """Median over the windows that agree: how far the later image lies from the earlier one."""
    windows: int
    """Number of windows that agree."""


def luminance(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Brightness (rows, cols) of an RGB image (3, rows, cols), with the weights of ITU-R BT.601."""
    red, green, blue = image
    grey: NDArray[np.float64] = 0.299 * red + 0.587 * green + 0.114 * blue
    return grey


def shift_between(before: NDArray[np.float64], after: NDArray[np.float64], valid: NDArray[np.bool_]) -> Shift | None:
    """Shift of ``after`` against ``before``, up to a quarter of the window.

    Args:
        before: (rows, cols) brightness.
        after: likewise, of the same place.
        valid: (rows, cols) where both are known.

    Returns:
        The shift, to a fraction of a pixel; None where no peak stands clear: the window is too small, hardly valid,
        without features, or the images have too little in common.
    """
    if min(valid.shape) < SHORTEST or valid.mean() < LEAST_VALID:
        return None
    surface = _surface(_tapered(before, valid), _tapered(after, valid))
    if surface is None:
        return None
    reach = [length // 4 for length in surface.shape]
    middle = [length // 2 for length in surface.shape]
    near = surface[tuple(slice(m - r, m + r + 1) for m, r in zip(middle, reach, strict=True))]
    row, col = (int(place) for place in np.unravel_index(np.argmax(near), near.shape))
    if not 0 < row < 2 * reach[0] or not 0 < col < 2 * reach[1] or _clearness(near, row, col) < CLEAR:
        return None
    dy = row - reach[0] + _vertex(near[row - 1 : row + 2, col])
    dx = col - reach[1] + _vertex(near[row, col - 1 : col + 2])
    return Shift(dx, dy)


def agreed(shifts: Sequence[Shift | None]) -> Registration | None:
    """Shift that windows show together; None where fewer than :data:`FEWEST`, or not most of those that tell, agree."""
    places = np.array([(shift.dx, shift.dy) for shift in shifts if shift is not None]).reshape(-1, 2)
    if len(places) < FEWEST:
        return None
    near = (np.abs(places - np.median(places, axis=0)) <= TOGETHER).all(axis=1)
    if near.sum() < FEWEST or 2 * near.sum() <= len(places):
        return None
    dx, dy = np.median(places[near], axis=0)
    return Registration(Shift(float(dx), float(dy)), int(near.sum()))


def _tapered(image: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """An image about its mean that fades out towards the edges, which would otherwise meet as a cross of lines."""
    centred = np.where(valid, image - image[valid].mean(), 0.0)
    rows, cols = image.shape
    tapered: NDArray[np.float64] = centred * np.hanning(rows)[:, None] * np.hanning(cols)
    return tapered


def _surface(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Phase correlation, smoothed, with no shift in the middle; None where an image has no features."""
    first, second = np.fft.rfft2(before), np.fft.rfft2(after)
    cross = np.conj(first) * second
    strength = np.abs(cross)
    if not strength.max() > 0:
        return None
    # Frequencies that hold nothing but rounding have no phase to speak of.
    phase = np.divide(cross, strength, out=np.zeros_like(cross), where=strength > 1e-12 * strength.max())
    down = np.fft.fftfreq(before.shape[0])[:, None]
    across = np.fft.rfftfreq(before.shape[1])
    smooth = np.exp(-2 * (np.pi * _WIDTH) ** 2 * (down**2 + across**2))
    surface: NDArray[np.float64] = np.fft.fftshift(np.fft.irfft2(phase * smooth, s=before.shape))
    return surface


def _clearness(surface: NDArray[np.float64], row: int, col: int) -> float:
    """Standard deviations of the rest by which a peak stands above the mean of the rest."""
    rest = np.ones(surface.shape, dtype=np.bool_)
    rest[max(0, row - _AROUND) : row + _AROUND + 1, max(0, col - _AROUND) : col + _AROUND + 1] = False
    spread = float(surface[rest].std())
    return (float(surface[row, col]) - float(surface[rest].mean())) / spread if spread > 0 else 0.0


def _vertex(values: NDArray[np.float64]) -> float:
    """Place of the top of the parabola through three values, from the middle one: -0.5 to 0.5.

    Through their logarithms where possible, which is exact for a Gaussian peak.
    """
    low, top, high = np.log(values) if values.min() > 0 else values
    bend = 2 * top - low - high
    return float((high - low) / (2 * bend)) if bend > 0 else 0.0
