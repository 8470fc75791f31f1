"""Score of a map: pixels, landslides, areas, other thresholds, and what was taken of the inventory."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from landslip.runtime.scoring.confusion import COUNTS, Scores
from landslip.runtime.scoring.inventory import InventoryUsed
from landslip.runtime.scoring.landslide_counts import LandslideCounts, SizeClass
from landslip.runtime.scoring.thresholds import ThresholdScore


@dataclass(frozen=True)
class ScoredAreas:
    """Ground that was scored, in square kilometres of true ground; by pixels, small groups included."""

    observed: float
    """Ground that was observed, where the inventory is complete: all that is scored."""
    known: float
    """Known landslides in it."""
    mapped: float
    """Ground that the map shows as landslide."""
    both: float
    """Known landslides that the map shows."""

    def as_dict(self) -> dict[str, Any]:
        """Square kilometres with four digits behind the point: what is written as JSON."""
        return {f"{name}_km2": round(value, 4) for name, value in asdict(self).items()}


@dataclass(frozen=True)
class Score(Scores):
    """Score of a map against known landslides. As ``Scores`` it is of pixels.

    Where landslides are known by points there are no pixels to compare: the counts are 0 and the ratios NaN.
    """

    threshold: float = field(kw_only=True)
    """Confidence from which on a pixel counts as mapped, 0.01..1."""
    min_area_m2: float = field(kw_only=True)
    """Mapped landslides smaller than this are no landslides; their pixels count, as in ``confidence.tif``."""
    landslides: LandslideCounts = field(kw_only=True)
    """Scores by landslide."""
    by_size: tuple[SizeClass, ...] = field(kw_only=True)
    """Scores by landslide for each class of sizes."""
    inventory: InventoryUsed = field(kw_only=True)
    """Account of what was taken of the inventory."""
    areas: ScoredAreas | None = field(kw_only=True)
    """Areas by pixels; None where there are no pixels to compare."""
    thresholds: tuple[ThresholdScore, ...] = field(kw_only=True)
    """Pixel scores at other thresholds; none where there are no pixels to compare."""
    average_precision: float | None = field(kw_only=True)
    """Precision averaged over recall from the highest to the lowest confidence, 0..1; None where it says nothing."""

    @property
    def matrix(self) -> Scores:
        """The pixels alone."""
        return Scores(*(getattr(self, name) for name in COUNTS))

    def as_dict(self) -> dict[str, Any]:
        """Give what is written as JSON: the pixels as in ``Scores``, null where there are none, and the rest."""
        pixels = super().as_dict()
        if self.areas is None:
            pixels = dict.fromkeys(pixels)
        average = self.average_precision
        return {
            **pixels,
            "average_precision": None if average is None else round(average, 4),
            "threshold": self.threshold,
            "min_area_m2": self.min_area_m2,
            "areas": None if self.areas is None else self.areas.as_dict(),
            "landslides": self.landslides.as_dict(),
            "by_size": [each.as_dict() for each in self.by_size],
            "thresholds": [each.as_dict() for each in self.thresholds],
            "truth": self.inventory.as_dict(),
        }

    def _share(self, part: float, whole: float) -> float:
        return math.nan if self.areas is None else super()._share(part, whole)
