"""Landslides counted as they pass by."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field

from landslip.runtime.products.landslide import CONFIDENCE_CLASSES, Landslide


@dataclass(frozen=True)
class Summary:
    """Summary of the landslides of a map."""

    count: int
    """Number of landslides."""
    area_m2: float
    """Area of all landslides on the ground, square metres."""
    classes: Mapping[str, int] = field(default_factory=dict)
    """Number of landslides by ``confidence_class``; all classes are there."""
    at_edge: int = 0
    """Number of landslides that touch what was not observed, or the border of the map."""


class CountedLandslides:
    """Landslides that are counted as they pass."""

    def __init__(self, landslides: Iterable[Landslide]) -> None:
        """Take landslides, which pass once."""
        self._landslides = landslides
        self.summary = Summary(0, 0.0, dict.fromkeys(CONFIDENCE_CLASSES, 0))
        """Summary of all, once they have passed."""

    def __iter__(self) -> Generator[Landslide, None, None]:
        count, area, at_edge, classes = 0, 0.0, 0, dict(self.summary.classes)
        for one in self._landslides:
            count, area, at_edge = count + 1, area + one.area_m2, at_edge + one.edge
            classes[one.confidence_class] += 1
            yield one
        self.summary = Summary(count, area, classes, at_edge)
