"""Workers as the driver sees them: an executor, how many there are, and how to get others when they are lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, Protocol

from landslip.runtime.system.closing import Closing


class Crew(Protocol):
    """Workers that compute shards."""

    @property
    def name(self) -> str:
        """Kind of the workers, for the run record."""
        ...

    @property
    def workers(self) -> int:
        """Shards that are computed at a time."""
        ...

    @property
    def share(self) -> int:
        """Workers that share the cores of a machine."""
        ...

    def submit(self, function: Callable[[Any], Any], order: Any) -> Future[Any]:
        """Have a worker call a function of this package.

        Raises:
            BrokenExecutor: the workers were lost.
        """
        ...

    def renew(self) -> bool:
        """Get other workers after some were lost; False where that is not ours to do."""
        ...

    def check(self) -> None:
        """Make sure that the workers can still be reached.

        Raises:
            ResourceError: they cannot.
        """
        ...

    def close(self) -> None:
        """Let the workers go; those that are ours end at once."""
        ...


class GivenExecutor(Closing):
    """Workers of an executor that a program gives; it stays open."""

    def __init__(self, executor: Executor, workers: int = 0) -> None:
        """Take an executor.

        Args:
            executor: as in :mod:`concurrent.futures`; its workers reach the spool and the files of the scene.
            workers: shards that it computes at a time; 0 for what the executors of Python say, else 4.
        """
        self._executor = executor
        self.workers = workers or getattr(executor, "_max_workers", None) or 4
        self.share = self.workers if isinstance(executor, ProcessPoolExecutor) else 1
        self.name = type(executor).__name__

    def submit(self, function: Callable[[Any], Any], order: Any) -> Future[Any]:
        """See :class:`Crew`."""
        return self._executor.submit(function, order)

    def renew(self) -> bool:
        """See :class:`Crew`."""
        return False

    def check(self) -> None:
        """See :class:`Crew`."""
