"""A finished map as programs get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.run.product_names import RECORD
from landslip.runtime.run.record_types import ClassMapped, RunRecord


@dataclass(frozen=True)
class MapResult:
    """A finished map: its files, and its record."""

    out: Path
    """Folder of the files."""
    record: RunRecord
    """Record of what was done, as in ``run.json``."""

    @property
    def landslide_km2(self) -> float:
        """Area of the landslides, square kilometres."""
        return self.record.landslide_km2

    @property
    def observed_km2(self) -> float:
        """Area that was observed in every input, square kilometres."""
        return self.record.observed_km2

    @property
    def landslides(self) -> int:
        """Number of landslides."""
        return self.record.landslides

    @property
    def classes(self) -> tuple[ClassMapped, ...]:
        """Classes of the map in the order of their numbers in ``classes.tif``; empty where it tells none apart."""
        return self.record.classes

    @property
    def products(self) -> Mapping[str, Path]:
        """The files by name: ``confidence.tif``, ``landslides.gpkg``, ``run.json`` …, and all that was asked for."""
        names = [name for name, written in self.record.products.items() if written is not None]
        item = [] if self.record.item is None else [self.record.item]
        return {name: self.out / name for name in (*names, *item, RECORD)}
