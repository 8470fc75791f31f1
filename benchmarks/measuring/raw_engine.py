"""The engine alone: fed from memory, again and again, with batches of noise. What a map can reach at the most."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.benchmarks.measuring.timing import Timing
from landslip.runtime.engines import Engine
from landslip.runtime.system.stages import Line

_DISTINCT = 4
"""Batches that take turns, so that no cache of the processor holds the next one."""


class RawEngine:
    """Calls an engine, as many calls at once as it has lanes, and keeps what each call took."""

    def __init__(self, engine: Engine, batch: int, tile: int) -> None:
        """Make the batches, and call once for warm-up.

        Args:
            engine: an open engine; it stays open.
            batch: tiles per call.
            tile: edge of a tile in pixels.
        """
        rng = np.random.default_rng(0)
        self._engine, self._batch = engine, batch
        self._batches = [noise(engine, batch, tile, rng) for _ in range(_DISTINCT)]
        self._seconds: list[float] = []
        self._rate: float | None = None
        engine.infer(self._batches[0])

    def run(self, calls: int) -> int:
        """Call that often, and give the number of tiles."""
        with Line() as line:
            batches = islice(cycle(self._batches), calls)
            self._seconds.extend(line.side_by_side(self._timed, batches, self._engine.lanes))
        return calls * self._batch

    def rate(self) -> float:
        """About how many tiles a second it does; found once, by calling some times, which do not count."""
        if self._rate is None:
            calls, began = 3 * self._engine.lanes, time.perf_counter()
            self.run(calls)
            self._seconds.clear()
            self._rate = calls * self._batch / (time.perf_counter() - began)
        return self._rate

    def calls_in(self, seconds: float) -> int:
        """Number of calls that take about so long: as many in each lane, so that none is left to run alone."""
        rounds = round(seconds * self.rate() / (self._batch * self._engine.lanes))
        return self._engine.lanes * max(1, rounds)

    @property
    def timing(self) -> Timing:
        """Durations of the calls of :meth:`run`, each with its tiles; calls at the same time shared the machine."""
        return Timing(tuple(self._seconds), self._batch)

    def _timed(self, arrays: Mapping[str, NDArray[Any]]) -> float:
        began = time.perf_counter()
        self._engine.infer(arrays)
        return time.perf_counter() - began


def noise(engine: Engine, batch: int, tile: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """A batch of noise in the range of every input."""
    return {
        entry.name: rng.integers(0, 60, (batch, entry.bands, tile, tile)).astype(entry.dtype)
        for entry in engine.spec.inputs
    }
