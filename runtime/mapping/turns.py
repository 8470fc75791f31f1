"""Turns of threads that share a mapper."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from landslip.runtime.errors import UsageError
from landslip.runtime.system import stopping

if TYPE_CHECKING:
    from typing_extensions import Self

_LOOK = 0.1
"""Seconds between two looks at whether a thread that waits for its turn is to stop."""


class Turn:
    """Turn of one map at a time, as a context; a thread that waits for its turn heeds its stop.

    All threads that work for the map heed the same stop, by which they are known.
    """

    def __init__(self) -> None:
        """Begin with nobody's turn."""
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._stop: stopping.Stop | None = None
        self._heeding = ExitStack()

    @property
    def is_mine(self) -> bool:
        """True if it is the turn of the thread that asks, or of the map that it works for."""
        stop = self._stop
        return self._owner == threading.get_ident() or (stop is not None and stop is stopping.current())

    def check_not_mine(self) -> None:
        """Make sure that a thread that is going to wait for the turn, or for one that does, does not have it.

        Raises:
            UsageError: it does, and would wait for itself.
        """
        if self.is_mine:
            raise UsageError(
                "The mapper is making a map, and this call comes out of it, where it tells a caller how far it is.",
                "Make the call after that map, or open another mapper.",
            )

    def __enter__(self) -> Self:
        """Wait for the turn.

        Raises:
            UsageError: the thread has it already, and would wait for itself.
            LandslipError: the thread is to stop.
        """
        self.check_not_mine()
        stop = stopping.current()
        while not self._lock.acquire(timeout=-1 if stop is None else _LOOK):
            stopping.check()
        self._stop = stop or stopping.Stop()
        self._heeding.enter_context(stopping.heeding(self._stop))
        self._owner = threading.get_ident()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner = self._stop = None
        self._heeding.close()
        self._lock.release()
