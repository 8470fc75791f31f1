"""Work that its caller can give up: it runs in a thread of its own, and the caller's thread waits and watches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Generic, TypeVar

from landslip.runtime.errors import CancelledError, DeadlineError
from landslip.runtime.system.stages import threads_start
from landslip.runtime.system.stopping import Flag, Stop, heeding

R = TypeVar("R")
G = TypeVar("G")

_LOOK = 0.05
"""Seconds between two looks at whether the caller's stop has come."""

GRACE = 0.4
"""Seconds that work may take to end by itself once it is to stop, before its caller goes on without it."""


class StoppableWork(Generic[R]):
    """Work in a thread of its own, which heeds a stop.

    A library may have the thread in hand when the stop comes. Then the caller goes on, and the thread ends when the
    library gives it back. A process that ends waits for it.
    """

    def __init__(self, work: Callable[[], R], stop: Stop) -> None:
        """Begin.

        Args:
            work: looks at the stop by :func:`landslip.runtime.system.stopping.check`.
            stop: what it heeds.

        Raises:
            ResourceError: the system starts no more threads.
        """
        self.stop = stop
        """The stop that it heeds."""
        self.ended = threading.Event()
        """Set when the work has ended, whether well or not."""
        self._work: Callable[[], R] | None = work
        self._results: list[R] = []
        self._error: BaseException | None = None
        thread = threading.Thread(target=self._run, name="landslip-map")
        with threads_start():
            thread.start()

    def result(self) -> R:
        """Wait for the work; what it gives, or raises.

        Raises:
            LandslipError: the stop came; the work ends as soon as it can, and raises no more than this.
            BaseException: what the work raises.
        """
        try:
            self._wait()
        except BaseException:  # Ctrl-C among them
            self.stop.ask()
            raise
        error, self._error = self._error, None
        if error is None:
            return self._results.pop()
        if isinstance(error, CancelledError | DeadlineError) or (late := self.stop.error) is None:
            raise error
        raise late from error  # which the stop may have led to

    def _wait(self) -> None:
        while not self.ended.wait(_LOOK):
            error = self.stop.error
            if error is not None and not self.ended.wait(GRACE):
                raise error

    def _run(self) -> None:
        work, self._work = self._work, None
        try:
            with heeding(self.stop):
                self._results.append(work())  # type: ignore[misc]
        except BaseException as error:
            self._error = error
        finally:
            del work
            self.ended.set()


def run_stoppable(
    work: Callable[[G], R], given: AbstractContextManager[G], cancel: Flag | None, deadline: float | None
) -> R:
    """Do work that its caller may give up; without ``cancel`` and ``deadline`` in the caller's own thread.

    Args:
        work: looks at the stop by :func:`landslip.runtime.system.stopping.check`.
        given: what it works with; entered in the caller's own thread, and left when the work has ended.
        cancel: a flag that gives it up.
        deadline: seconds from now after which it is given up.

    Raises:
        CancelledError: the flag was set.
        DeadlineError: the seconds are over.
        BaseException: what the work raises.
    """
    if cancel is None and deadline is None:
        with given as held:
            return work(held)
    stop = Stop(cancel, deadline)
    stop.check()
    return begun(work, given, stop).result()


def begun(work: Callable[[G], R], given: AbstractContextManager[G], stop: Stop) -> StoppableWork[R]:
    """Begin work in a thread of its own.

    Args:
        work: looks at the stop.
        given: what it works with; entered in this thread, and left in that of the work, when nothing uses it any more.
        stop: what it heeds.

    Raises:
        ResourceError: the system starts no more threads.
        LandslipError: as entering ``given`` raises, or its stop.
    """
    stack = ExitStack()
    with heeding(stop):
        held = stack.enter_context(given)

    def whole() -> R:
        with stack:
            return work(held)

    try:
        return StoppableWork(whole, stop)
    except BaseException:
        stack.close()
        raise
