"""An engine whose batches get smaller when memory does not suffice, instead of failing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.feature_cut import SharedFeatures
from landslip.runtime.engines.opening import EngineOptions, open_engine
from landslip.runtime.engines.protocol import Engine, SharingEngine, sharing
from landslip.runtime.engines.workers import Shares
from landslip.runtime.errors import EngineMemoryError
from landslip.runtime.system.closing import Closing

log = logging.getLogger(__name__)

Opener = Callable[[int], Engine]
"""Opens an engine for batches of so many tiles."""

Verb = Callable[[Engine, Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]
"""Computes something of a batch with an engine, by name."""

AtOnce = Callable[[Engine, int], int]
"""Function from an engine and its batch to how many tiles need memory at the same time."""


class ShrinkingEngine(Closing):
    """An :class:`~landslip.runtime.engines.Engine` that is opened again for half the batch when memory runs out.

    Batches keep the size they come in: they are computed in parts, and tiles do not depend on each other. Where several
    calls are under way, the one that meets the shortage first waits for the others to end, and new ones wait for it.
    """

    def __init__(self, opener: Opener, batch: int, at_once: AtOnce | None = None) -> None:
        """Open the engine, for fewer tiles at a time where ``batch`` is too many.

        Args:
            opener: opens the engine.
            batch: tiles per call of :meth:`infer`, at most.
            at_once: how many tiles of a batch need memory at the same time; all of them when not given.

        Raises:
            EngineMemoryError: the memory does not suffice for a single tile.
            LandslipError: as ``opener`` raises.
        """
        self._opener, self._batch, self._at_once = opener, batch, at_once or _all
        self._engine = self._opened()
        self._changed = threading.Condition()
        self._calls, self._replacing = 0, False
        self._failure: Exception | None = None

    @property
    def name(self) -> str:
        """See :class:`~landslip.runtime.engines.Engine`."""
        return self._engine.name

    @property
    def version(self) -> str:
        """See :class:`~landslip.runtime.engines.Engine`."""
        return self._engine.version

    @property
    def device(self) -> str:
        """See :class:`~landslip.runtime.engines.Engine`."""
        return self._engine.device

    @property
    def precision(self) -> str:
        """See :class:`~landslip.runtime.engines.Engine`."""
        return self._engine.precision

    @property
    def lanes(self) -> int:
        """See :class:`~landslip.runtime.engines.Engine`."""
        return self._engine.lanes

    @property
    def spec(self) -> Any:
        """See :class:`~landslip.runtime.engines.Engine`."""
        return self._engine.spec

    @property
    def shared(self) -> SharedFeatures | None:
        """See :class:`~landslip.runtime.engines.protocol.SharingEngine`."""
        engine = sharing(self._engine)
        return None if engine is None else engine.shared

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`~landslip.runtime.engines.Engine`."""
        found: NDArray[np.float32] = self._computed(_confidence, batch)[""]
        return found

    def features(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """See :class:`~landslip.runtime.engines.protocol.SharingEngine`."""
        return self._computed(_features, batch)

    def _computed(self, verb: Verb, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        while True:
            with self._call() as (engine, size):
                try:
                    return _in_parts(engine, verb, size, batch)
                except MemoryError as error:  # an EngineMemoryError is one
                    trouble = str(error)
            # Not before here: the error holds on to what the engine had in hand, and to its memory.
            self._shrink(size, trouble)

    def close(self) -> None:
        """Free the device."""
        self._engine.close()

    @contextmanager
    def _call(self) -> Iterator[tuple[Engine, int]]:
        """The engine, which stays open inside the block, and its batch.

        Raises:
            LandslipError: there is none any more; the reason is what the call that was to replace it has met.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._replacing)
            if self._failure is not None:
                raise self._failure
            self._calls += 1
            current = self._engine, self._batch
        try:
            yield current
        finally:
            with self._changed:
                self._calls -= 1
                self._changed.notify_all()

    def _shrink(self, size: int, trouble: str) -> None:
        """Replace the engine for ``size`` tiles, unless another call did, or is about to."""
        with self._changed:
            if self._replacing or self._batch < size:
                return
            self._replacing = True
            try:
                self._changed.wait_for(lambda: not self._calls)
                self._halve(trouble, self._at_once(self._engine, size))
                self._reopen()
            finally:
                self._replacing = False
                self._changed.notify_all()

    def _reopen(self) -> None:
        """Replace the engine; where that fails, later calls fail alike, and not for an engine that is closed."""
        try:
            self._engine.close()
            self._engine = self._opened()
        except Exception as error:
            self._failure = error
            raise

    def _opened(self) -> Engine:
        while True:
            try:
                return self._opener(self._batch)
            except MemoryError as error:
                trouble = str(error)
            self._halve(trouble, self._batch)

    def _halve(self, trouble: str, tiles: int) -> None:
        """Half as many as were too many."""
        if tiles == 1:
            raise EngineMemoryError(
                f"{trouble or 'There is not enough memory.'} That was for a single tile.",
                "Take a smaller `tile`, another `precision` or `engine`, or close what else uses the memory.",
            )
        self._batch = tiles // 2
        log.warning("The memory does not suffice (%s) Going on with batches of %d.", trouble, self._batch)


def open_shrinking(model: Path, options: EngineOptions | None = None) -> ShrinkingEngine:
    """Open a model as :func:`~landslip.runtime.engines.open_engine` does; batches get smaller where memory is short."""
    chosen = options or EngineOptions()
    return ShrinkingEngine(
        lambda batch: open_engine(model, replace(chosen, batch=batch)),
        chosen.batch,
        lambda engine, batch: min(
            batch, Shares.of(engine.device, batch, chosen.threads, single=engine.spec.single).tiles
        ),
    )


def _all(_: Engine, batch: int) -> int:
    return batch


def _confidence(engine: Engine, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {"": engine.infer(batch)}


def _features(engine: Engine, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return cast(SharingEngine, engine).features(batch)


def _in_parts(engine: Engine, verb: Verb, size: int, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Results of a verb for a batch, of which ``size`` tiles are computed at a time."""
    count = len(next(iter(batch.values())))
    if count <= size:
        return verb(engine, batch)
    parts = [verb(engine, _part(batch, start, size)) for start in range(0, count, size)]
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}


def _part(batch: Mapping[str, NDArray[Any]], start: int, size: int) -> dict[str, NDArray[Any]]:
    """Tiles from ``start`` on; the last one is repeated until there are ``size``, which engines have fixed."""
    count = len(next(iter(batch.values())))
    if start + size <= count:
        return {name: values[start : start + size] for name, values in batch.items()}
    places = np.minimum(np.arange(start, start + size), count - 1)
    return {name: values[places] for name, values in batch.items()}
