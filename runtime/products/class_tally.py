"""Pixels and areas of the classes of a map, counted as strips pass by, in whole numbers as in ``area_tally.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.geo.ground_area import CELL, GroundArea
from landslip.runtime.geo.map_grid import MapGrid

Array = NDArray[Any]


class ClassTally:
    """Counts of the pixels of each class by cell, and the areas on the ground that they make."""

    def __init__(self, grid: MapGrid, classes: Sequence[ClassSpec]) -> None:
        """Begin with nothing, for a map and the classes that it tells apart."""
        self._area, self._classes = GroundArea(grid), classes
        self._pixels = np.zeros((len(classes), *self._area.cells), dtype=np.int64)

    def add(self, first_row: int, classes: NDArray[np.uint8]) -> None:
        """Count rows of the map.

        Args:
            first_row: map row of the first one.
            classes: (rows, width) numbers of classes; those beyond the classes count nowhere.
        """
        count_classes(classes, first_row, self._pixels)

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Entries of a run record, in the order of the numbers of the classes."""
        return [
            {
                "name": each.name,
                "landslide": each.landslide,
                "pixels": int(pixels.sum()),
                "km2": self._area.total(pixels) / 1e6,
            }
            for each, pixels in zip(self._classes, self._pixels, strict=True)
        ]


@kernel
def count_classes(classes: Array, first_row: int, counts: Array) -> None:  # pragma: no cover - compiled
    """Add to counts (classes, cell rows, cell columns) the pixels of each class in uint8 (rows, width)."""
    for row in range(classes.shape[0]):
        above = (first_row + row) // CELL
        for col in range(classes.shape[1]):
            found = classes[row, col]
            if found < counts.shape[0]:
                counts[found, above, col // CELL] += 1
