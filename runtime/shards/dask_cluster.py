"""Workers of a Dask cluster, by the address of its scheduler: the one module that imports ``distributed``."""

from __future__ import annotations

import inspect
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Any

from landslip.runtime.errors import ResourceError
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.extras import needs_extra

with needs_extra("Mapping on a Dask cluster", "dask"):
    import distributed

    _distributed: Any = distributed  # whose functions have no types

log = logging.getLogger(__name__)

_CONNECT = 10.0
"""Seconds that a scheduler may take to answer."""
_JOIN = 30.0
"""Seconds that the first worker may take to join."""
_RETRIES = 2
GPU = "GPU"
"""Resource that workers with a GPU of their own are started with."""


class DaskCrew(Closing):
    """Workers that a scheduler knows."""

    name = "dask"

    def __init__(self, address: str) -> None:
        """Connect.

        Args:
            address: of the scheduler, such as ``tcp://host:8786``.

        Raises:
            ResourceError: it does not answer, or has no workers.
        """
        self._address, self._stack = address, ExitStack()
        self._stack.enter_context(_quiet())
        try:
            self._client = _distributed.Client(address, timeout=_CONNECT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self._stack.close()
            raise ResourceError(
                f"no Dask scheduler answers at {address}. Start one with: dask scheduler, and workers with: dask "
                "worker --nthreads 1."
            ) from error
        try:
            found = self._waited_for()
        except BaseException:
            self.close()
            raise
        with_gpu = [worker for worker in found if worker.get("resources", {}).get(GPU)]
        chosen = with_gpu or found
        self.workers = len(chosen)
        self.share = max(Counter(str(worker["host"]) for worker in chosen).values())
        self._executor = self._client.get_executor(
            pure=False, retries=_RETRIES, **({"resources": {GPU: 1}} if with_gpu else {})
        )

    def submit(self, function: Callable[[Any], Any], order: Any) -> Future[Any]:
        """See :class:`~.crew.Crew`."""
        future: Future[Any] = self._executor.submit(function, order)
        return future

    def renew(self) -> bool:
        """See :class:`~.crew.Crew`: the scheduler looks for other workers itself."""
        return False

    def check(self) -> None:
        """See :class:`~.crew.Crew`.

        Raises:
            ResourceError: the scheduler is gone.
        """
        if self._client.status != "running":
            raise ResourceError(
                f"the Dask scheduler at {self._address} is gone. Start it and its workers again; what is finished is "
                "kept in the spool, and resume=True goes on with it."
            )

    def close(self) -> None:
        """See :class:`~.crew.Crew`."""
        with self._stack:
            self._client.close(timeout=1)

    def _told(self) -> dict[str, Any]:
        """Facts of all workers, as the scheduler knows them: versions of before 2025 take no number of them."""
        limited = "n_workers" in inspect.signature(self._client.scheduler_info).parameters
        told: dict[str, Any] = self._client.scheduler_info(**({"n_workers": -1} if limited else {}))
        return told

    def _waited_for(self) -> list[dict[str, Any]]:
        until = time.monotonic() + _JOIN
        while True:
            found = list(self._told()["workers"].values())
            if found:
                return found
            if time.monotonic() > until:
                raise ResourceError(
                    f"the Dask scheduler at {self._address} has no workers. Start them with: dask worker "
                    f"{self._address} --nthreads 1."
                )
            time.sleep(0.2)


@contextmanager
def _quiet() -> Iterator[None]:
    """A block in which the library says nothing: what there is to say of lost connections is said by us."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
