"""Independent work done side by side, by the caller and by threads that help it while there are any."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from landslip.runtime.system import stopping

T = TypeVar("T")
R = TypeVar("R")

MOST_HELPERS = 32
"""Threads that help at the most, however many cores there are."""


class _Crew:
    """Threads of the process that help; they come with the first user, and end with the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self.pool: ThreadPoolExecutor | None = None

    def join(self, count: int) -> None:
        with self._lock:
            self._users += 1
            if self.pool is None and count > 0:
                self.pool = ThreadPoolExecutor(min(count, MOST_HELPERS), "landslip-beside")

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            ended = None
            if not self._users:
                ended, self.pool = self.pool, None
        if ended is not None:
            ended.shutdown()


_CREW = _Crew()


@contextmanager
def helped(count: int) -> Iterator[None]:
    """A block in which :func:`beside` has threads that help; blocks of several threads share them.

    Args:
        count: threads besides the callers; who comes first decides. None are started before there is work for them.
    """
    _CREW.join(count)
    try:
        yield
    finally:
        _CREW.leave()


def beside(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of ``function`` in the order of the items, computed side by side as far as threads are free.

    What no thread has begun by the time its turn comes, the caller does itself. So calls may be nested, and nobody
    waits for work that has not begun.

    Args:
        function: safe to be called from several threads at once; it heeds the stop that the caller heeds, and sees the
            caller's context variables.
        items: each independent of the others.

    Raises:
        Exception: what ``function`` raised for the first item that has an error; then nothing is under way any more.
    """
    pool = _CREW.pool
    if pool is None:
        return [function(item) for item in items]
    errands = [_Errand(function, item) for item in items]
    with suppress(RuntimeError):  # the pool has ended, or the system starts no more threads
        for errand in errands[1:]:
            pool.submit(errand.do_once)
    try:
        return [errand.result() for errand in errands]
    finally:
        for errand in errands:
            errand.give_up()


class _Errand(Generic[T, R]):
    """A piece of work, done by whoever comes first."""

    def __init__(self, function: Callable[[T], R], item: T) -> None:
        self._function, self._item, self._stop = function, item, stopping.current()
        self._context = contextvars.copy_context()
        self._begun, self._ended = threading.Lock(), threading.Event()
        self._results: list[R] = []
        self._error: BaseException | None = None

    def do_once(self) -> None:
        """Do it, unless somebody has begun."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            with stopping.heeding(self._stop):
                self._results.append(self._context.run(self._function, self._item))
        except BaseException as error:  # for the caller
            self._error = error
        finally:
            self._ended.set()

    def result(self) -> R:
        """Result of it, once it is done.

        Raises:
            Exception: what the function raised.
        """
        self.do_once()
        self._ended.wait()
        if self._error is not None:
            error, self._error = self._error, None  # which holds frames that hold this
            raise error
        return self._results[0]

    def give_up(self) -> None:
        """Let nobody begin any more, and wait for who has: what it works on is the caller's."""
        if not self._begun.acquire(blocking=False):
            self._ended.wait()
