"""An edge of an image in one colour that is neither black nor white, such as (255, 255, 252): seen, and to be said.

Fill of 0, of the largest number and of usual ones is judged by :mod:`landslip.runtime.declared.fill`. Any other colour
can as well be a sea that was painted or compressed, so it is a warning and nothing is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.declared.fill import LEAST, SHARE
from landslip.runtime.declared.fill_evidence import Sides, in_pieces
from landslip.runtime.geo.pixels import Pixels

WHOLE = 0.98
"""Share from which on an image has one colour throughout, which is said elsewhere."""
FEWEST_BANDS = 3
"""Numbers of one band repeat on ground, too."""

Colour = tuple[float, ...]


class Collar:
    """Evidence at the edges of a file of colours that run along half of one."""

    def __init__(self, judged: Collection[float]) -> None:
        """Begin; numbers that are ``judged`` as fill by themselves are left out where all bands have them."""
        self._judged = frozenset(judged)
        self._looked = 0
        self._counts: Counter[Colour] = Counter()

    def look(self, stored: Pixels, sides: Sides) -> None:
        """Add what a window shows.

        Args:
            stored: numbers of the file; not valid where it declares that.
            sides: which sides of the window are edges of the file.
        """
        values, valid = stored
        self._looked += int(np.count_nonzero(valid))
        if len(values) < FEWEST_BANDS:
            return
        for colour in {colour for line in _edges(stored, sides) if (colour := _along(*line))}:
            if len(set(colour)) == 1 and colour[0] in self._judged:
                continue
            exact = np.logical_and.reduce([band == value for band, value in zip(values, colour, strict=True)])
            self._counts[colour] += int(np.count_nonzero(in_pieces(exact & valid, 4)))

    def found(self) -> tuple[Colour, float] | None:
        """The colour and its share of the image, at least; None where there is no such edge."""
        for colour, count in self._counts.most_common(1):
            if SHARE * self._looked <= count < WHOLE * self._looked:
                return colour, count / self._looked
        return None


def _edges(stored: Pixels, sides: Sides) -> list[tuple[NDArray[Any], NDArray[np.bool_]]]:
    """The outermost rows and columns that are edges of the file: values (bands, n), and where they are valid (n,)."""
    values, valid = stored
    lines = (
        (values[:, 0], valid[0]),
        (values[:, :, 0], valid[:, 0]),
        (values[:, -1], valid[-1]),
        (values[:, :, -1], valid[:, -1]),
    )
    return [line for line, at_edge in zip(lines, sides, strict=True) if at_edge]


def _along(line: NDArray[Any], valid: NDArray[np.bool_]) -> Colour | None:
    """The colour that runs along half of a line and more without a gap; None where there is none."""
    same = np.all(line[:, 1:] == line[:, :-1], axis=0) & valid[1:] & valid[:-1]
    ends = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    starts, lengths = ends[::2], ends[1::2] - ends[::2] + 1
    if not lengths.size or lengths.max() < max(LEAST, line.shape[1] // 2):
        return None
    return tuple(line[:, starts[lengths.argmax()]].tolist())
