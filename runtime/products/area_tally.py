"""Areas of what was observed, of what was not and why, and of what reaches the threshold: counted as strips pass by.

Pixels are counted in cells of the map (:data:`~landslip.runtime.geo.ground_area.CELL`), in whole numbers: the areas
come out the same however the map is cut, and after a resume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED, REASONS
from landslip.runtime.geo.ground_area import CELL, GroundArea
from landslip.runtime.geo.map_grid import MapGrid

Array = NDArray[Any]


class AreaTally:
    """Counts of the pixels of a map by cell, and the areas on the ground that they make."""

    def __init__(self, grid: MapGrid, level: int) -> None:
        """Begin with nothing.

        Args:
            grid: the map.
            level: percent from which on a pixel counts as landslide.
        """
        self._area, self._level = GroundArea(grid), level
        self._observed = np.zeros(self._area.cells, dtype=np.int64)
        self._reaching = np.zeros(self._area.cells, dtype=np.int64)
        self._reasons = np.zeros((len(REASONS) + 1, *self._area.cells), dtype=np.int64)

    def add(self, first_row: int, confidence: NDArray[np.uint8], reasons: NDArray[np.uint8] | None) -> None:
        """Count rows of the map.

        Args:
            first_row: map row of the first one.
            confidence: (rows, width) percent.
            reasons: (rows, width) codes of why a pixel is not observed; None where all of them are.
        """
        count_cells(confidence, first_row, self._level, self._observed, self._reaching)
        if reasons is not None:
            count_reasons(reasons, first_row, self._reasons)

    @property
    def observed_km2(self) -> float:
        """Square kilometres of ground of which something is known."""
        return self._area.total(self._observed) / 1e6

    @property
    def above_threshold_km2(self) -> float:
        """Square kilometres of ground from the threshold on."""
        return self._area.total(self._reaching) / 1e6

    @property
    def not_observed_km2(self) -> dict[str, float]:
        """Square kilometres of ground of which nothing is known, by the name of the reason; only those that occur."""
        found = {name: self._area.total(self._reasons[code]) / 1e6 for code, name in REASONS.items()}
        return {name: area for name, area in found.items() if area}


@kernel
def count_cells(
    confidence: Array, first_row: int, level: int, observed: Array, reaching: Array
) -> None:  # pragma: no cover - compiled
    """Add to counts by cell (cell rows, cell columns) the pixels that are observed, and those from a level on.

    Args:
        confidence: uint8 (rows, width).
        first_row: map row of the first one.
        level: percent.
        observed: int64, updated.
        reaching: int64, updated.
    """
    for row in range(confidence.shape[0]):
        above = (first_row + row) // CELL
        line = confidence[row]
        for cell in range(observed.shape[1]):
            part = line[cell * CELL : (cell + 1) * CELL]
            known, high = np.int32(0), np.int32(0)
            for col in range(len(part)):
                known += np.int32(part[col] != NOT_OBSERVED)
                high += np.int32((part[col] >= level) & (part[col] != NOT_OBSERVED))
            observed[above, cell] += known
            reaching[above, cell] += high


@kernel
def count_reasons(reasons: Array, first_row: int, counts: Array) -> None:  # pragma: no cover - compiled
    """Add to counts (codes, cell rows, cell columns) how often each code occurs in uint8 (rows, width)."""
    for row in range(reasons.shape[0]):
        above = (first_row + row) // CELL
        for col in range(reasons.shape[1]):
            counts[reasons[row, col], above, col // CELL] += 1
