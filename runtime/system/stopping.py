"""Stops: a caller gives its call up, or its time is over, and the work ends at the next place where it looks.

The work looks where :func:`check` stands: at every block, batch, strip, file and product. Each thread that works for a
call heeds the same :class:`Stop`, which it is told by :func:`heeding`; a thread that heeds none is never stopped.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from landslip.runtime.errors import CancelledError, DeadlineError, LandslipError, UsageError


class Flag(Protocol):
    """Flag that somebody may set, such as ``threading.Event``."""

    def is_set(self) -> bool:
        """Tell whether it is set."""
        ...


class Stop:
    """Wish of a caller that its call ends before it is done. Safe to use from several threads.

    Once it has come it stays, even if the caller's flag is cleared again. After :meth:`commit` it comes no more.
    """

    def __init__(self, cancel: Flag | None = None, deadline: Any = None) -> None:
        """Begin to wait for it.

        Args:
            cancel: comes when this flag is set.
            deadline: comes after so many seconds from now, a float.

        Raises:
            UsageError: the deadline is no number.
        """
        if deadline is not None and (not isinstance(deadline, int | float) or math.isnan(deadline)):
            raise UsageError(f"A deadline of {deadline!r} makes no sense.", "Give seconds from now.", option="deadline")
        self._cancel, self._deadline = cancel, deadline
        self._until = math.inf if deadline is None else time.monotonic() + deadline
        self._lock = threading.Lock()
        self._asked = self._committed = False
        self._kind: type[LandslipError] | None = None

    def ask(self) -> None:
        """Let it come, as if the caller's flag were set."""
        self._asked = True

    @property
    def error(self) -> LandslipError | None:
        """Error to raise where it has come, a new one each time; None where it has not."""
        with self._lock:
            return self._error()

    def check(self) -> None:
        """End here where it has come.

        Raises:
            CancelledError: the caller gave the call up.
            DeadlineError: the time that the caller gave is over.
        """
        error = self.error
        if error is not None:
            raise error

    def commit(self) -> None:
        """End here where it has come; otherwise it comes no more, as what is done now has to be done to its end.

        Raises:
            LandslipError: as :meth:`check` does.
        """
        with self._lock:
            error = self._error()
            if error is not None:
                raise error
            self._committed = True

    def _error(self) -> LandslipError | None:
        if self._committed:
            return None
        if self._kind is None and (self._asked or (self._cancel is not None and self._cancel.is_set())):
            self._kind = CancelledError
        if self._kind is None and time.monotonic() >= self._until:
            self._kind = DeadlineError
        if self._kind is None:
            return None
        if self._kind is CancelledError:
            return CancelledError("The call was cancelled before it was done.", option="cancel")
        return DeadlineError(
            f"The call was not done within its deadline of {self._deadline:g} seconds.",
            "Give it more time.",
            option="deadline",
        )


class _Heeded(threading.local):
    stop: Stop | None = None


_heeded = _Heeded()


def current() -> Stop | None:
    """The stop that this thread heeds; None where it heeds none."""
    return _heeded.stop


def heed(stop: Stop | None) -> None:
    """Let this thread heed a stop from now on; for threads that work for one call alone."""
    _heeded.stop = stop


@contextmanager
def heeding(stop: Stop | None) -> Iterator[None]:
    """A block in which this thread heeds a stop."""
    before = _heeded.stop
    _heeded.stop = stop
    try:
        yield
    finally:
        _heeded.stop = before


def check() -> None:
    """End here where this thread's stop has come.

    Raises:
        CancelledError: the caller gave the call up.
        DeadlineError: the time that the caller gave is over.
    """
    stop = _heeded.stop
    if stop is not None:
        stop.check()


def commit() -> None:
    """End here where this thread's stop has come; otherwise what follows is not stopped any more.

    Raises:
        LandslipError: as :func:`check` does.
    """
    stop = _heeded.stop
    if stop is not None:
        stop.commit()


def pause(seconds: float) -> None:
    """Wait, unless this thread's stop comes meanwhile.

    Raises:
        LandslipError: as :func:`check` does.
    """
    end = time.monotonic() + seconds
    while _heeded.stop is not None and (left := end - time.monotonic()) > 0:
        check()
        time.sleep(min(left, 0.1))
    time.sleep(max(0.0, end - time.monotonic()))
