"""Threads that compute the tiles of batches side by side.

On a CPU a core that has a tile of its own needs to wait for nobody, where all cores together wait for each other after
every layer; and what a layer hands to the next one is still in the cache more often, as it is that of one tile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.closing import Closing
from landslip.runtime.environment import physical_cores

LANES = 2
"""Calls at once that keep the workers of an engine busy: when one ends, the next one is there."""

Job = Callable[[dict[str, NDArray[Any]], NDArray[np.float32]], None]
"""Computes tiles: from inputs by name, contiguous, into their confidence, which is contiguous as well."""


@dataclass(frozen=True)
class Shares:
    """How the tiles of a batch, and the threads of a CPU, are shared out."""

    workers: int
    """Tiles that are computed side by side."""
    threads: int
    """Threads in all."""

    @classmethod
    def of(cls, batch: int, threads: int) -> Shares:
        """As many tiles side by side as there are cores for, and no more than make a batch: that bounds the memory.

        Args:
            batch: tiles per call.
            threads: as in :class:`~landslip.runtime.engines.EngineOptions`, so 0 for as many as there are cores.
        """
        threads = threads or physical_cores()
        return cls(min(batch, threads), threads)


class Workers(Closing):
    """Threads that share the batches of all calls that are under way."""

    def __init__(self, count: int, part: int) -> None:
        """Start with no threads; they come with the work.

        Args:
            count: threads.
            part: tiles that one of them takes at a time.
        """
        self._part = part
        self._pool = ThreadPoolExecutor(count, "landslip-engine")

    def confidence_of(self, batch: Mapping[str, NDArray[Any]], job: Job) -> NDArray[np.float32]:
        """What ``job`` makes of all tiles of a batch, when every part is done.

        Args:
            batch: inputs by name: (n, bands, tile, tile), n a multiple of ``part``.
            job: computes some tiles.

        Returns:
            Confidence (n, 1, tile, tile).

        Raises:
            Exception: what ``job`` raised first, in the order of the tiles.
            RuntimeError: the workers are closed.
        """
        inputs = {name: np.ascontiguousarray(values) for name, values in batch.items()}
        count, _, *edges = next(iter(inputs.values())).shape
        confidence = np.empty((count, 1, *edges), np.float32)
        parts = [slice(start, start + self._part) for start in range(0, count, self._part)]
        under_way = [
            self._pool.submit(job, {name: values[part] for name, values in inputs.items()}, confidence[part])
            for part in parts
        ]
        wait(under_way)  # for all of them, as they read and write what is the caller's
        try:
            while under_way:
                under_way.pop(0).result()
        finally:
            # A future holds its error, and the error this frame: what the engine had in hand would live on in a circle.
            under_way.clear()
        return confidence

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown()
