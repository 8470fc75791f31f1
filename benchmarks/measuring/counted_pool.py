"""Worker processes, with a count of the bytes that pass between them and the process that hands work out."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.reduction import ForkingPickler
from typing import Any


class CountedPool(ProcessPoolExecutor):
    """Processes that are started anew, as those of ``landslip map --on processes:N``."""

    def __init__(self, workers: int) -> None:
        """Start none yet."""
        super().__init__(workers, multiprocessing.get_context("spawn"))
        self.sent: list[int] = []
        """Bytes of each call: the name of the function, and its arguments."""
        self.received: list[int] = []
        """Bytes of each result."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """See :class:`concurrent.futures.Executor`."""
        self.sent.append(len(ForkingPickler.dumps((fn, args, kwargs))))
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._count)
        return future

    def _count(self, future: Future[Any]) -> None:
        if not future.cancelled() and future.exception() is None:
            self.received.append(len(ForkingPickler.dumps(future.result())))
