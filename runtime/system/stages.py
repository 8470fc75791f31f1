"""Stages that run side by side: a generator moved to a thread of its own, joined by a bounded queue."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from landslip.runtime.errors import CancelledError, DeadlineError, LandslipError, ResourceError
from landslip.runtime.system import stopping
from landslip.runtime.system.shortage import shortage

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
R = TypeVar("R")

_POLL = 0.1
"""Seconds between looks at whether the other side has given up."""


class _AbandonedError(Exception):
    """The line is coming down: stop here, quietly."""


_GIVEN_UP = (GeneratorExit, _AbandonedError, CancelledError, DeadlineError)
"""Ends of a generator whose values nobody wants any more."""


class _End:
    """Last thing in a queue: the stage is done, or failed with ``error``."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Stage(threading.Thread):
    """A thread that says itself when it has ended.

    An interrupted ``join`` does not: before Python 3.13 the next one takes the thread for ended while it goes on.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(target=work, name="landslip-stage", daemon=True)
        self.ended = threading.Event()

    def run(self) -> None:
        try:
            super().run()  # lets go of ``work``, and so closes its generator
        finally:
            self.ended.set()


class _Within(threading.local):
    line: Line | None = None


_within = _Within()
"""Line whose stage a thread runs."""


class Line:
    """A line of stages, each a generator running in a thread of its own, joined by bounded queues.

    Use it as a context. An error in a stage comes out at its consumer, after the values that came before it, and so
    travels down the line to the caller. Leaving the context, whether with an error, by Ctrl-C or regularly, stops every
    stage at its next value and returns when all threads have ended; a further Ctrl-C does not cut that short.

    The stages heed the stop that the thread heeds which makes the line (:mod:`landslip.runtime.system.stopping`). A
    line that is made in a stage of another one comes down with it, whatever it waits for.
    """

    def __init__(self) -> None:
        self._above, self._abandoned = _within.line, threading.Event()
        self._stop = stopping.current()
        self._stages: list[_Stage] = []

    def background(self, items: Iterable[T], depth: int = 2) -> Iterator[T]:
        """Run ``items`` in a thread and give its values in order.

        Args:
            items: what to run.
            depth: values that may wait to be taken; the thread pauses when they do.

        Raises:
            ResourceError: the system starts no more threads.
        """
        waiting: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
        stage = _Stage(partial(self._work, items, waiting))
        with threads_start():
            stage.start()
        self._stages.append(stage)  # one that has not started would never end
        return self._values(waiting)

    def side_by_side(self, function: Callable[[T], R], items: Iterable[T], lanes: int) -> Iterator[R]:
        """The results of ``function`` in the order of the items, with up to ``lanes`` calls under way at once.

        Each result is given as soon as it and those before it are there, whatever the items to come wait for.

        Args:
            function: called from ``lanes`` threads; on the one that takes the results where that is 1.
            items: taken one by one, no more than ``lanes`` and one ahead of the results. An error of theirs comes
                after the results of those before it.
            lanes: at least 1.

        Raises:
            ResourceError: the system starts no more threads.
        """
        if lanes == 1:
            return map(function, items)
        # One call is waited for and one waits for room in the queue: one more than there are lanes, so none is idle.
        return map(Future.result, self.background(_calls(function, items, lanes), depth=lanes - 1))

    @property
    def is_left(self) -> bool:
        """True if the line is coming down, or one in whose stage it was made."""
        return self._abandoned.is_set() or (self._above is not None and self._above.is_left)

    def _work(self, items: Iterable[T], waiting: queue.Queue[T | _End]) -> None:
        _within.line = self
        stopping.heed(self._stop)
        try:
            for item in items:
                self._put(waiting, item)
            self._put(waiting, _End(None))
        except _AbandonedError:
            pass
        except BaseException as error:
            with suppress(_AbandonedError):
                self._put(waiting, _End(error))

    def _put(self, waiting: queue.Queue[T | _End], value: T | _End) -> None:
        while not (self.is_left or (self._stop is not None and self._stop.error is not None)):
            try:
                waiting.put(value, timeout=_POLL)
            except queue.Full:
                continue
            return
        raise _AbandonedError

    def _values(self, waiting: queue.Queue[T | _End]) -> Iterator[T]:
        while not self.is_left:
            if self._stop is not None:
                self._stop.check()
            # With a timeout, because a plain get cannot be interrupted by Ctrl-C on Windows.
            try:
                value = waiting.get(timeout=_POLL)
            except queue.Empty:
                continue
            if not isinstance(value, _End):
                yield value
            elif value.error is not None:
                raise value.error
            else:
                return
        raise _AbandonedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._abandoned.set()
        if (interruption := self._joined()) is not None:
            raise interruption

    def _joined(self) -> KeyboardInterrupt | None:
        """Wait for all threads whatever happens, as what they use is closed next; the last Ctrl-C meanwhile, if any."""
        interruption = None
        while True:
            try:
                for stage in self._stages:
                    stage.ended.wait()
                    stage.join()
            except KeyboardInterrupt as error:
                interruption = error
            else:
                return interruption


def _calls(function: Callable[[T], R], items: Iterable[T], lanes: int) -> Iterator[Future[R]]:
    """Calls of a function with each item, as they are begun; those that wait are dropped once nobody takes calls."""
    with ThreadPoolExecutor(lanes, "landslip-lane", stopping.heed, (stopping.current(),)) as pool:
        try:
            for item in items:
                with threads_start():
                    call = pool.submit(function, item)
                yield call
        except _GIVEN_UP:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def threads_start() -> Iterator[None]:
    """A block that starts threads.

    Raises:
        ResourceError: the system starts no more of them.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, LandslipError) or (found := shortage(error)) is None:
            raise
        raise ResourceError(found) from error


class Stopwatch:
    """Busy seconds of each stage; stages run side by side, so they add up to more than the wall clock shows.

    A stage is busy while any thread is in it: several in one stage at once count once. What each of these threads takes
    of the processor is counted; threads of libraries, which help them, are not seen. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._cpu: defaultdict[str, defaultdict[threading.Thread, float]] = defaultdict(lambda: defaultdict(float))
        self._lock = threading.Lock()
        self._started = time.perf_counter()
        self._busy: defaultdict[str, float] = defaultdict(float)
        self._threads: defaultdict[str, int] = defaultdict(int)
        self._since: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time spent inside to ``stage``."""
        self._turn(stage, 1)
        try:
            yield
        finally:
            self._turn(stage, -1)

    def left_out(self, stage: str, items: Iterable[T]) -> Iterator[T]:
        """Items of an iterator; the time it takes to get them, inside a block of ``stage``, does not count."""
        source = iter(items)
        while True:
            self._turn(stage, -1)
            try:
                item = next(source)
            except StopIteration:
                return
            finally:
                self._turn(stage, 1)
            yield item

    def _turn(self, stage: str, threads: int) -> None:
        """The calling thread comes to a stage (1), or goes (-1)."""
        with self._lock:
            self._cpu[stage][threading.current_thread()] -= threads * time.thread_time()
            now = time.perf_counter()
            self._busy[stage] = self._until(stage, now)
            self._since[stage] = now
            self._threads[stage] += threads

    def _until(self, stage: str, now: float) -> float:
        """Busy seconds of a stage until now."""
        return self._busy[stage] + (now - self._since[stage] if self._threads[stage] else 0.0)

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def seconds(self, *stages: str) -> dict[str, float]:
        """Seconds since the start as ``total``, and the busy seconds of ``stages``."""
        with self._lock:
            now = time.perf_counter()
            busy = {stage: round(self._until(stage, now), 3) for stage in stages}
        return {"total": round(self.elapsed, 3)} | busy

    def busiest_thread(self, *stages: str) -> dict[str, float]:
        """Seconds of CPU that one thread took in each of ``stages``, the one that took most, once all have left."""
        with self._lock:
            return {stage: max(self._cpu[stage].values(), default=0.0) for stage in stages}
