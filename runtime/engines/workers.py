"""Threads that compute the tiles of batches side by side.

On a CPU a core that has a tile of its own needs to wait for nobody, where all cores together wait for each other after
every layer; and what a layer hands to the next one is still in the cache more often, as it is that of one tile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.system.closing import Closing
from landslip.runtime.system.machine import physical_cores

LANES = 2
"""Calls at once that keep an engine busy: when one ends, or copies its data, the tiles of the next one are there."""

_FIRST = threading.Lock()
"""Held by the first part that an engine's workers compute, until it is done: what libraries set up with their first
call does not always stand a second one beside it. OpenVINO's binding lets go of Python's lock while it holds one of
C++'s that the second call then waits for with Python's lock in its hands, for ever."""

Job = Callable[..., None]
"""Computes tiles: from inputs by name, contiguous, into arrays of results, such as their confidence, likewise."""


@dataclass(frozen=True)
class Shares:
    """Shares of the tiles of a batch, and of the threads of a CPU."""

    part: int
    """Tiles a worker takes at a time: what the model is opened for."""
    workers: int
    """Parts that are computed side by side."""
    helpers: int | None = None
    """Threads besides the workers, at the service of all of them; None leaves the threads to the engine."""

    @property
    def tiles(self) -> int:
        """Tiles that are computed side by side, and need memory at once."""
        return self.part * self.workers

    @classmethod
    def of(cls, device: str, batch: int, threads: int, *, single: bool = False) -> Shares:
        """Shares for an engine on some device.

        A CPU computes as many tiles side by side as can have equal shares of its cores, but no more than make a batch:
        that bounds the memory. A GPU spreads the tiles of a batch over itself.

        Args:
            device: as in :class:`~landslip.runtime.engines.Engine`.
            batch: tiles per call.
            threads: as in :class:`~landslip.runtime.engines.EngineOptions`: 0 for as many as there are cores.
            single: the model takes one tile at a time.
        """
        if device != "cpu":
            return cls(1 if single else batch, LANES)
        threads = threads or physical_cores()
        workers = threads // -(-threads // batch)
        return cls(1, workers, threads - workers if workers > 1 else None)


class Workers(Closing):
    """Threads that share the batches of all calls that are under way."""

    def __init__(self, shares: Shares, bands: int = 1) -> None:
        """Start with no threads; they come with the work.

        Args:
            shares: what a worker takes at a time, and how many there are.
            bands: of the confidence.
        """
        self._part, self._bands, self._begun = shares.part, bands, False
        self._pool = ThreadPoolExecutor(shares.workers, "landslip-engine")

    def confidence_of(self, batch: Mapping[str, NDArray[Any]], job: Job) -> NDArray[np.float32]:
        """Confidence that ``job`` gives to all tiles of a batch, when every part is done.

        Args:
            batch: inputs by name: (n, bands, tile, tile), n a multiple of the part a worker takes.
            job: computes some tiles.

        Returns:
            Confidence (n, bands, tile, tile).

        Raises:
            Exception: what ``job`` raised; then nothing of the batch is under way any more.
            RuntimeError: the workers are closed.
        """
        (confidence,) = self.results_of(batch, job, [(self._bands, "float32")])
        return confidence

    def results_of(
        self, batch: Mapping[str, NDArray[Any]], job: Job, wanted: Sequence[tuple[int, str]]
    ) -> list[NDArray[Any]]:
        """Results that ``job`` gives of all tiles of a batch; see :meth:`confidence_of`.

        Args:
            batch: inputs by name.
            job: computes some tiles into as many arrays as are wanted.
            wanted: bands and type of each result.

        Returns:
            Each result (n, bands, tile, tile).

        Raises:
            Exception: what ``job`` raised.
            RuntimeError: the workers are closed.
        """
        inputs = {name: np.ascontiguousarray(values) for name, values in batch.items()}
        count, _, *edges = next(iter(inputs.values())).shape
        results: list[NDArray[Any]] = [np.empty((count, bands, *edges), dtype) for bands, dtype in wanted]
        under_way: list[Future[None]] = []
        stopped = threading.Event()
        try:
            for start in range(0, count, self._part):
                part = slice(start, start + self._part)
                taken = {name: values[part] for name, values in inputs.items()}
                places = [values[part] for values in results]
                under_way.append(self._pool.submit(self._compute, stopped, job, taken, *places))
            wait(under_way, return_when=FIRST_EXCEPTION)
        finally:
            stopped.set()
            # What has been started reads and writes what is the caller's.
            wait([part for part in under_way if not part.cancel()])
        _raise_first(under_way)
        return results

    def _compute(self, stopped: threading.Event, job: Job, *arrays: Any) -> None:
        """Compute a part, unless its call has ended; alone until one part of these workers has been computed."""
        if not self._begun:
            with _FIRST:
                if not self._begun:
                    _run(stopped, job, *arrays)
                    self._begun = not stopped.is_set()
                    return
        _run(stopped, job, *arrays)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown()


def _run(stopped: threading.Event, job: Job, inputs: dict[str, NDArray[Any]], *results: NDArray[Any]) -> None:
    """Compute a part; where that fails, its worker starts no other of the same call."""
    if stopped.is_set():
        return
    try:
        job(inputs, *results)
    except BaseException:
        stopped.set()
        raise


def _raise_first(ended: list[Future[None]]) -> None:
    """Raise the error of the first part that has one; the list is empty afterwards.

    A future holds its error, and an error the frames it came through. Were one of these to hold the future, what the
    engine had in hand would live on, and its memory with it.
    """
    started = [part for part in ended if not part.cancelled()]
    ended.clear()
    try:
        while started:
            started.pop(0).result()
    finally:
        started.clear()
