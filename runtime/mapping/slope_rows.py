"""Slopes of map rows on their way from the stage that reads them to the tracer of polygons, past the engine."""

from __future__ import annotations

from collections import deque
from threading import Lock

import numpy as np
from numpy.typing import NDArray


class SlopeRows:
    """Keeps slopes from when their rows are read until the strip they belong to is traced.

    Tracing needs them of few strips, and reading a scene twice would compute its terrain twice. What is kept is bounded
    by the queues between reading and tracing. Safe to use from several threads.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = Lock()
        self._blocks: deque[tuple[int, NDArray[np.float32]]] = deque()

    def add(self, first_row: int, slope: NDArray[np.float32]) -> None:
        """Keep slopes (rows, width) of map rows that follow on those kept last."""
        with self._lock:
            self._blocks.append((first_row, slope))

    def of(self, first: int, last: int) -> NDArray[np.float32]:
        """Slopes (rows, width) of the map rows ``first`` to ``last`` (exclusive), as far as they are kept."""
        with self._lock:
            kept = list(self._blocks)
        rows = [slope[max(0, first - top) : max(0, last - top)] for top, slope in kept]
        return np.concatenate(rows or [np.empty((0, 0), dtype=np.float32)])

    def drop_before(self, row: int) -> None:
        """Let go of blocks that end before a map row."""
        with self._lock:
            while self._blocks and self._blocks[0][0] + len(self._blocks[0][1]) <= row:
                self._blocks.popleft()
