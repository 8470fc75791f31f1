"""Reasons why pixels of a strip of the map are not observed: where the map and what was read of the scene meet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED, OBSERVED, UNMAPPED
from landslip.runtime.mapping.assemble import BLOCK_ROWS
from landslip.runtime.mapping.reason_rows import ReasonRows
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.products.tracing import Strip


class WhyNotObserved:
    """Reasons by strip, asked for from the top of the map down.

    The stage that reads leaves them in :attr:`Run.reasons`. Rows that no stage reads, those of an earlier run and those
    of a map without tiles, are read again from the scene; strips of them come before the stages start.
    """

    def __init__(self, run: Run, earlier_rows: int) -> None:
        """Take a run.

        Args:
            run: what its stages share.
            earlier_rows: map rows that an earlier run had finished.
        """
        self._scene, self._kept = run.scene, run.reasons or ReasonRows(run.scene.grid.width)
        self._unread = earlier_rows if run.plan.tiles.rows else run.scene.grid.height

    def of(self, strip: Strip) -> NDArray[np.uint8] | None:
        """Codes of :mod:`landslip.runtime.confidence` for a strip, (rows, width); None where all of it is observed.

        Reasons of rows above it are let go of. A pixel that is valid in every input and has no value is unmapped.
        """
        self._kept.drop_before(strip.first_row)
        unknown = strip.confidence == NOT_OBSERVED
        if not unknown.any():
            return None
        found = (
            self._read(strip.first_row, strip.end)
            if strip.end <= self._unread
            else self._kept.of(strip.first_row, strip.end)
        )
        found[unknown & (found == OBSERVED)] = UNMAPPED
        found[~unknown] = OBSERVED
        return found

    def _read(self, first: int, last: int) -> NDArray[np.uint8]:
        found = np.full((last - first, self._scene.grid.width), OBSERVED, dtype=np.uint8)
        for top in range(first, last, BLOCK_ROWS):
            end = min(top + BLOCK_ROWS, last)
            reasons = self._scene.read(self._scene.grid.rows(top, end)).reasons
            if reasons is not None:
                found[top - first : end - first] = reasons
        return found
