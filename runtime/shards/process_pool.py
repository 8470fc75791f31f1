"""Worker processes on this machine, which end with the process that has started them, however that ends."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from landslip.runtime.errors import ResourceError
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.lean_process import be_lean

_ENDED = 3
"""Exit code of a worker whose driver has ended."""


class ProcessCrew(Closing):
    """Some processes of this machine, started anew: nothing is inherited that threads may hold."""

    name = "processes"

    def __init__(self, workers: int) -> None:
        """Prepare; the processes start with the work.

        Args:
            workers: number of them.
        """
        self.workers = self.share = workers
        self._start()

    def submit(self, function: Callable[[Any], Any], order: Any) -> Future[Any]:
        """See :class:`~.crew.Crew`.

        Raises:
            ResourceError: the system starts no more processes.
        """
        try:
            return self._pool.submit(function, order)
        except OSError as error:
            raise ResourceError(
                f"the system starts no more processes ({error.strerror}). Take fewer workers, or raise the limit "
                "(ulimit -u, pids of a container)."
            ) from error

    def renew(self) -> bool:
        """See :class:`~.crew.Crew`."""
        self.close()
        self._start()
        return True

    def check(self) -> None:
        """See :class:`~.crew.Crew`."""

    def close(self) -> None:
        """See :class:`~.crew.Crew`."""
        self._life.close()  # which ends them within a blink
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        pipe: tuple[Any, Any] = context.Pipe(duplex=False)  # whose ends have other types on Windows
        lifeline, self._life = pipe
        level = logging.getLogger("landslip").getEffectiveLevel()
        self._pool = ProcessPoolExecutor(
            self.workers, context, initializer=_begin, initargs=(lifeline, max(level, logging.ERROR))
        )
        self._lifeline = lifeline  # until the processes have it


def _begin(lifeline: Any, level: int) -> None:
    """Set a worker up: it leaves signals to the driver, and ends as soon as the driver does."""
    be_lean()
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_driver, args=(lifeline,), name="landslip-lifeline", daemon=True).start()
    logging.getLogger("landslip").setLevel(level)  # what there is to say the driver has said


def _end_with_driver(lifeline: Any) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()
    os._exit(_ENDED)
