"""Longitudes that go around: one place for the date line.

A place has many longitudes, whole turns apart: 181, -179 and 541 degrees are one meridian. A grid holds one of them, a
transformation gives another. A box is (left, bottom, right, top); here its left side may be any number, and its right
side is east of it by no more than a turn.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

TURN = 360.0
"""Degrees after which a longitude is the same place again."""

Box = tuple[float, float, float, float]
"""left, bottom, right, top in degrees."""

_Numbers = TypeVar("_Numbers", float, NDArray[np.float64])


def near(longitudes: _Numbers, centre: float) -> _Numbers:
    """Places by their longitudes from half a turn west of ``centre`` up to half a turn east of it."""
    return centre + (longitudes - centre + TURN / 2) % TURN - TURN / 2


def turns_towards(longitude: float, centre: float) -> float:
    """Degrees of the whole turns that bring a longitude as near to another one as it gets."""
    return TURN * round((centre - longitude) / TURN)


def eastward(box: Box) -> Box:
    """The box with its right side east of its left: ``(179, 0, -179, 1)`` is two degrees wide, up to 181."""
    left, bottom, right, top = box
    return (left, bottom, right + TURN * math.ceil((left - right) / TURN), top) if left > right else box


def copies(box: Box, span: tuple[float, float]) -> list[Box]:
    """The box by whole turns, wherever that shares more than an edge with a span of longitudes; west to east.

    A grid over the whole globe may hold the two halves of a box at its two ends: then these are two.

    Args:
        box: finite.
        span: westernmost and easternmost longitude.
    """
    left, bottom, right, top = eastward(box)
    first, last = math.floor((span[0] - right) / TURN) + 1, math.ceil((span[1] - left) / TURN) - 1
    return [(left + TURN * turns, bottom, right + TURN * turns, top) for turns in range(first, last + 1)]


def short_way(longitudes: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The corners of an outline so that each side goes the short way round, as a globe shows it.

    An outline over the date line is often written with longitudes from 179 to -179, so that its sides seem to go around
    the globe. The sides of a whole turn, of outlines of all the world, are left as they are.

    Args:
        longitudes: (n,) along an outline, whose last corner is the first.

    Returns:
        (n,), or None where no side changes, or where the outline goes around a pole.
    """
    steps = np.diff(longitudes)
    long = (np.abs(steps) > TURN / 2) & (np.abs(steps) < TURN)
    if not long.any():
        return None
    turns = np.where(long, -np.sign(steps), 0.0)
    if turns.sum() != 0:
        return None
    return longitudes + TURN * np.concatenate([[0.0], np.cumsum(turns)])
