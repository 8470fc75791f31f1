"""Two figures of maps: how far two of one scene agree, and how much of the tiles can be seen in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HALF = 50
"""Percent from which on a pixel counts as landslide here."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of two maps where both say something."""

    iou: float | None
    """Intersection over union of their pixels of 50 percent and more, 0..1; None where neither has one."""
    difference: float
    """Mean absolute difference of the confidence, 0..1."""
    pixels: int
    """Pixels of which both say something."""


def agreement(one: NDArray[np.uint8], other: NDArray[np.uint8], observed: NDArray[np.bool_]) -> Agreement:
    """Compare two maps.

    Args:
        one: (rows, cols) confidence in whole percent.
        other: the same of another map.
        observed: (rows, cols) pixels of which both say something; at least one.

    Raises:
        ValueError: there is no such pixel.
    """
    ours, theirs = one[observed].astype(np.int16), other[observed].astype(np.int16)
    if not ours.size:
        raise ValueError("the maps have no pixel of which both say something")
    mapped, also = ours >= _HALF, theirs >= _HALF
    either = np.count_nonzero(mapped | also)
    iou = np.count_nonzero(mapped & also) / either if either else None
    return Agreement(iou, float(np.abs(ours - theirs).mean()) / 100, ours.size)


def seams(values: NDArray[Any], rows: Sequence[int], cols: Sequence[int]) -> float:
    """Ratio of the change of a map across borders of tiles to that elsewhere.

    The score is m(B) / m(E), with m the mean of abs(v(p) - v(q)) over pairs of neighbouring pixels p, q of one column
    or one row; B are the pairs with the border of a tile between them, and E all others. It is 1 where borders cannot
    be told from any other place, and larger where they show. A map without any change has 1, too.

    Args:
        values: (rows, cols), such as confidence in percent; every pixel is observed.
        rows: numbers of the rows that begin behind a border; row 0 has none before it.
        cols: the same of columns.

    Raises:
        ValueError: there is no border, or nothing else.
    """
    across, elsewhere = _Mean(), _Mean()
    for steps, borders in ((_steps(values), rows), (_steps(values.T), cols)):
        at = np.zeros(len(steps), np.bool_)
        at[np.asarray(borders, int) - 1] = True
        across.add(steps[at])
        elsewhere.add(steps[~at])
    if not across.count or not elsewhere.count:
        raise ValueError("the map has no border of a tile, or nothing beside them")
    if not elsewhere.mean:
        return math.inf if across.mean else 1.0
    return across.mean / elsewhere.mean


@dataclass
class _Mean:
    """A mean of several parts."""

    total: float = 0.0
    count: int = 0

    def add(self, part: NDArray[np.float32]) -> None:
        self.total += float(part.sum(dtype=np.float64))
        self.count += part.size

    @property
    def mean(self) -> float:
        return self.total / self.count


def _steps(values: NDArray[Any]) -> NDArray[np.float32]:
    """Absolute difference (rows - 1, cols) of each pixel from the one above it."""
    steps: NDArray[np.float32] = np.abs(np.diff(values.astype(np.float32), axis=0))
    return steps
