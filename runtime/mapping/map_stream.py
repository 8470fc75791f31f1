"""Landslides or rows of a map as an iterator: a thread of its own makes the map, no faster than they are taken."""

from __future__ import annotations

import os
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from landslip.runtime.errors import UsageError
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.map_totals import MapTotals
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.stoppable_work import GRACE, StoppableWork, begun
from landslip.runtime.system.stopping import Stop

G = TypeVar("G")
T = TypeVar("T")

Outcome = tuple[MapResult | None, MapTotals]
"""Files of a map, where any were written, and its areas and numbers."""

_LOOK = 0.05
"""Seconds between two looks at whether the other side has given up."""


class _Feed(Generic[T]):
    """Bounded queue between the thread that makes a map and the one that takes what comes of it."""

    def __init__(self, depth: int, stop: Stop) -> None:
        self._waiting: queue.Queue[T] = queue.Queue(depth)
        self._stop = stop

    def put(self, item: T) -> None:
        """Hand over; wait while enough waits to be taken.

        Raises:
            LandslipError: the map is given up.
        """
        while True:
            self._stop.check()
            if not threading.main_thread().is_alive():
                self._stop.ask()  # the process ends, and nobody takes anything any more
            try:
                self._waiting.put(item, timeout=_LOOK)
            except queue.Full:
                continue
            return

    def take(self, work: StoppableWork[Outcome]) -> T | None:
        """The next item; None where the work is to stop, or has ended and everything was taken."""
        while True:
            is_over = work.ended.is_set() or self._stop.error is not None
            try:
                return self._waiting.get(timeout=0 if is_over else _LOOK)
            except queue.Empty:
                if is_over:
                    return None


class MapStream(Closing, Generic[T]):
    """Iterator over landslides (:class:`Landslide`) or rows (:class:`ConfidenceBlock`) of a map that is being made.

    :meth:`Mapper.landslides` and :meth:`Mapper.blocks` make it. Some items wait to be taken; then the map waits, so
    that memory stays flat however slow the consumer is. An error of the map comes after the items that came before it.
    Use it as a context, or take all: leaving its ``with`` block early, :meth:`close` and letting go of it give the map
    up.
    """

    def __init__(
        self,
        make: Callable[[G, Callable[[T], None]], Outcome],
        given: AbstractContextManager[G],
        stop: Stop,
        depth: int,
    ) -> None:
        """Begin the map.

        Args:
            make: makes it of what is given, and hands over what comes of it.
            given: entered here, and left when the map has ended.
            stop: gives it up.
            depth: items that may wait to be taken.

        Raises:
            ResourceError: the system starts no more threads.
        """
        feed: _Feed[T] = _Feed(depth, stop)
        self._feed, self._is_open, self._process = feed, True, os.getpid()
        self._work: StoppableWork[Outcome] = begun(lambda held: make(held, feed.put), given, stop)
        self._taker = threading.current_thread()  # not its number, which the next thread may get
        self._outcome: Outcome | None = None
        self._let_go = weakref.finalize(self, stop.ask)  # the work does not hold it

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        """The next item, as soon as it is there.

        Raises:
            CancelledError: the map was cancelled.
            DeadlineError: the time is over.
            UsageError: the process was forked meanwhile, and the map is made in the other one.
            LandslipError: another of its children, as :meth:`Mapper.map` raises it.
        """
        if self._is_open and self._process != os.getpid():
            raise UsageError(
                "The iterator was made before the process was forked, and its map is made in the other one.",
                "Take its items there.",
            )
        self._taker = threading.current_thread()
        item = self._feed.take(self._work) if self._is_open else None
        if item is not None:
            return item
        if self._is_open:
            self._is_open = False
            self._outcome = self._work.result()
        raise StopIteration

    @property
    def totals(self) -> MapTotals | None:
        """Areas and numbers of the map; None until all items are taken."""
        return None if self._outcome is None else self._outcome[1]

    @property
    def result(self) -> MapResult | None:
        """Files of the map and its record; None until all items are taken, and where no files were asked for."""
        return None if self._outcome is None else self._outcome[0]

    def keeps(self, thread: threading.Thread) -> bool:
        """Tell whether the map waits for a thread to take items, which would wait for the map.

        That is the one that took the last item, or the one that began the map where none was taken.
        """
        return self._is_open and self._taker is thread

    def close(self) -> None:
        """Give the map up where it is not complete; what was finished is kept as :meth:`Mapper.map` keeps it.

        A library that is in the middle of a call is not waited for: the mapper is busy until it has come back.
        """
        if self._is_open:
            self._is_open = False
            if self._process == os.getpid():
                self._work.stop.ask()
                self._work.ended.wait(GRACE)
