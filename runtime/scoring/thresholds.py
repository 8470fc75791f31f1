"""Scores at other thresholds, from how often each value of a map lies inside and outside known landslides."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.scoring.confusion import Scores

LEVELS = tuple(range(5, 100, 5))
"""Percent of the thresholds in the table."""


@dataclass(frozen=True)
class ThresholdScore:
    """Pixel scores at one threshold."""

    threshold: float
    """Confidence from which on a pixel counts as mapped."""
    precision: float
    """Share of the mapped pixels that are landslide."""
    recall: float
    """Share of the landslide pixels that are mapped."""
    f1: float
    """Harmonic mean of the two."""
    iou: float
    """Intersection over union."""
    mapped_km2: float
    """Area from the threshold on, where it is scored."""

    def as_dict(self) -> dict[str, Any]:
        """Numbers rounded to four digits: what is written as JSON."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def scores_at(counts: NDArray[np.int64], level: int) -> Scores:
    """Confusion matrix at a level of confidence.

    Args:
        counts: (2, 256), how often each value occurs outside and inside known landslides.
        level: percent from which on a pixel counts as mapped.
    """
    below, above = counts[:, :level].sum(axis=1), counts[:, level:101].sum(axis=1)
    return Scores(int(above[1]), int(above[0]), int(below[1]), int(below[0]))


def threshold_scores(counts: NDArray[np.int64], areas: NDArray[np.float64]) -> tuple[ThresholdScore, ...]:
    """Scores at each of :data:`LEVELS`.

    Args:
        counts: as in :func:`scores_at`.
        areas: (2, 256), square metres likewise.
    """
    rows = []
    for level in LEVELS:
        at, mapped = scores_at(counts, level), float(areas[:, level:101].sum()) / 1e6
        rows.append(ThresholdScore(level / 100, at.precision, at.recall, at.f1, at.iou, mapped))
    return tuple(rows)


def average_precision(counts: NDArray[np.int64]) -> float | None:
    """Precision averaged over recall, 0..1: the sum of (R_n - R_n-1)·P_n from the highest confidence to the lowest.

    That is how scikit-learn defines it: a step at each value, and no line between them, which would be too good
    (Davis & Goadrich 2006, doi:10.1145/1143844.1143874).

    Args:
        counts: as in :func:`scores_at`.

    Returns:
        None where no landslide is known.
    """
    outside, inside = counts[:, 100::-1].astype(np.float64)
    hits, mapped = np.cumsum(inside), np.cumsum(inside + outside)
    if not hits[-1]:
        return None
    steps = inside > 0
    return float((inside[steps] * hits[steps] / mapped[steps]).sum() / hits[-1])
