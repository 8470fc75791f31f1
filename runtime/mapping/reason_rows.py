"""Reasons why map rows are not observed, on their way from the stage that reads them to the tracer, past the engine."""

from __future__ import annotations

from collections import deque
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import OBSERVED


class ReasonRows:
    """Keeps reasons from when their rows are read until the strip they belong to is traced.

    Only blocks are kept that have any. What is kept is bounded by the queues between reading and tracing. Safe to use
    from several threads.
    """

    def __init__(self, width: int) -> None:
        """Begin with nothing, for a map of ``width`` columns."""
        self._width = width
        self._lock = Lock()
        self._blocks: deque[tuple[int, NDArray[np.uint8]]] = deque()

    def add(self, first_row: int, reasons: NDArray[np.uint8]) -> None:
        """Keep codes (rows, width) of map rows that lie below those kept last."""
        with self._lock:
            self._blocks.append((first_row, reasons))

    def of(self, first: int, last: int) -> NDArray[np.uint8]:
        """Codes (rows, width) of the map rows ``first`` to ``last`` (exclusive); 0 in rows of which none are kept."""
        with self._lock:
            kept = list(self._blocks)
        found = np.full((last - first, self._width), OBSERVED, dtype=np.uint8)
        for top, reasons in kept:
            start, stop = max(first, top), min(last, top + len(reasons))
            if start < stop:
                found[start - first : stop - first] = reasons[start - top : stop - top]
        return found

    def drop_before(self, row: int) -> None:
        """Let go of blocks that end before a map row."""
        with self._lock:
            while self._blocks and self._blocks[0][0] + len(self._blocks[0][1]) <= row:
                self._blocks.popleft()
