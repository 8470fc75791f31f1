"""Confusion matrix over pixels, and the ratios that follow from it: precision, recall, F1, IoU and MCC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTS = ("true_positive", "false_positive", "false_negative", "true_negative")
"""Fields of a confusion matrix."""
RATIOS = ("precision", "recall", "f1", "mcc", "iou")
"""Ratios of it."""


@dataclass(frozen=True)
class Scores:
    """A confusion matrix over pixels, and what follows from it; a ratio without a denominator is 0."""

    true_positive: int = 0
    """Pixels inside a known landslide that the map shows as one."""
    false_positive: int = 0
    """Pixels outside that the map shows as landslide."""
    false_negative: int = 0
    """Pixels inside that the map does not show."""
    true_negative: int = 0
    """Pixels outside that the map does not show."""

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
            self.true_negative + other.true_negative,
        )

    @property
    def pixels(self) -> int:
        """Number of pixels that were scored."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def precision(self) -> float:
        """Share of the mapped pixels that are landslide, 0..1."""
        return self._share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of the landslide pixels that are mapped, 0..1."""
        return self._share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1."""
        wrong = self.false_positive + self.false_negative
        return self._share(2 * self.true_positive, 2 * self.true_positive + wrong)

    @property
    def iou(self) -> float:
        """Intersection over union of mapped and known landslides, 0..1.

        One minus it is the error index by which inventories are compared (Carrara et al. 1992; Ardizzone et al. 2002,
        doi:10.5194/nhess-2-3-2002).
        """
        return self._share(self.true_positive, self.true_positive + self.false_positive + self.false_negative)

    @property
    def mcc(self) -> float:
        """Matthews correlation coefficient, -1..1 (Matthews 1975); 0 where a row or column of the matrix is empty.

        (TP·TN - FP·FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)), as in Chicco & Jurman 2020, doi:10.1186/s12864-019-6413-7.
        """
        tp, fp, fn, tn = self.true_positive, self.false_positive, self.false_negative, self.true_negative
        margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return self._share(tp * tn - fp * fn, math.sqrt(margins))

    def as_dict(self) -> dict[str, Any]:
        """Ratios rounded to four digits, and the counts: what is written as JSON."""
        ratios = {name: round(getattr(self, name), 4) for name in RATIOS}
        return {**ratios, **{name: getattr(self, name) for name in (*COUNTS, "pixels")}}

    def _share(self, part: float, whole: float) -> float:
        return part / whole if whole else 0.0


def confusion(mapped: NDArray[np.bool_], truth_mask: NDArray[np.bool_], observed: NDArray[np.bool_]) -> Scores:
    """Compare two masks of one shape where `observed` is true."""
    positive = int(np.count_nonzero(mapped & observed))
    hit = int(np.count_nonzero(mapped & truth_mask & observed))
    present = int(np.count_nonzero(truth_mask & observed))
    return Scores(hit, positive - hit, present - hit, int(np.count_nonzero(observed)) - positive - present + hit)
