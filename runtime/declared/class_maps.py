"""Class maps that are taken for elevation: a colour table, or a few whole numbers that jump where they change."""

from __future__ import annotations

import numpy as np

from landslip.runtime.geo.pixels import Pixels

MOST_VALUES = 48
"""Classes: land cover has ten to some forty. Land that has so few heights in whole metres changes by single ones."""
LEAST_EDGES = 64
"""Neighbours that differ; with fewer nothing can be told."""
LEAST_JUMPS = 0.5
"""Share of these that differ by 2 or more. On land as low as that, seen in whole metres, nearly all differ by 1, ..."""
LEAST_EQUAL = 0.5
"""... unless it is rough or the measurements are noisy, and then few neighbours are equal; in class maps most are."""


class ClassCounts:
    """Counts what tells classes from heights, over blocks of a raster."""

    def __init__(self, dtype: str, palette: bool) -> None:
        """Begin without pixels.

        Args:
            dtype: type of the file.
            palette: the file has a colour table.
        """
        self._palette, self._whole = palette, np.issubdtype(np.dtype(dtype), np.integer)
        self._values: set[int] = set()
        self._equal = self._edges = self._jumps = 0

    def add(self, stored: Pixels) -> None:
        """Count a block of one band as it is stored."""
        values, valid = stored.values[0], stored.valid
        if not self._whole or len(self._values) > MOST_VALUES:
            return
        self._values |= {int(value) for value in np.unique(values[valid])[: MOST_VALUES + 1]}
        numbers = values.astype(np.int64)
        for axis in (0, 1):
            ends = [(slice(None),) * axis + (part,) for part in (slice(None, -1), slice(1, None))]
            both = valid[ends[0]] & valid[ends[1]]
            steps = np.abs(np.diff(numbers, axis=axis))[both]
            self._equal += int(np.count_nonzero(steps == 0))
            self._edges += int(np.count_nonzero(steps))
            self._jumps += int(np.count_nonzero(steps > 1))

    def is_mask(self) -> bool:
        """Tell whether there is nothing but 0 and 1: a mask, or ground that is almost level, in whole metres."""
        return self._values == {0, 1}

    def reason(self) -> str | None:
        """Words on what shows that these are classes, to go on after "it"; None where they may be heights."""
        if self._palette:
            return "has a colour table"
        if not self._whole or not 1 < len(self._values) <= MOST_VALUES or self._edges < LEAST_EDGES:
            return None
        jumps, equal = self._jumps / self._edges, self._equal / (self._equal + self._edges)
        if jumps < LEAST_JUMPS or equal < LEAST_EQUAL:
            return None
        return (
            f"holds {len(self._values)} whole numbers from {min(self._values)} to {max(self._values)}, and where they "
            f"change, {100 * jumps:.0f} % of the neighbours differ by 2 or more"
        )
