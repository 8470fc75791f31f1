"""Areas and numbers of a map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from landslip.runtime.run.record_types import ClassMapped, RunRecord


@dataclass(frozen=True)
class MapTotals:
    """Areas and numbers of a map, as its record has them: fields of the same names mean the same."""

    observed_km2: float
    """Area that was observed in every input, square kilometres."""
    not_observed_km2: Mapping[str, float]
    """Area that was not observed, square kilometres, by the name of the reason; only those that occur."""
    landslide_km2: float
    """Area of the landslides, square kilometres."""
    above_threshold_km2: float
    """Area from the threshold on, square kilometres, landslides that are too small included."""
    landslides: int
    """Number of landslides."""
    landslides_by_class: Mapping[str, int]
    """Number of landslides by ``confidence_class``."""
    landslides_at_edge: int | None
    """Number of landslides that touch what was not observed, or the border of the map: they may be larger."""
    classes: tuple[ClassMapped, ...] = ()
    """Classes in the order of their numbers; empty where the map tells none apart."""

    @classmethod
    def of(cls, record: RunRecord) -> MapTotals:
        """Totals of a record."""
        return cls(**{field.name: getattr(record, field.name) for field in fields(cls)})

    @classmethod
    def of_figures(cls, figures: Mapping[str, Any]) -> MapTotals:
        """Totals of the entries that a record is made of."""
        found = {field.name: figures[field.name] for field in fields(cls) if field.name in figures}
        classes = msgspec.convert(found.pop("classes", ()), tuple[ClassMapped, ...])
        return cls(**found, classes=classes)
