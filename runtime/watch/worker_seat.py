"""The place of the one worker process of a service: filled when it is needed, and again when it has become empty."""

from __future__ import annotations

import logging

from landslip.runtime import errors
from landslip.runtime.errors import EngineError, LandslipError
from landslip.runtime.system.closing import Closing
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.watch.service_events import ServiceEvents
from landslip.runtime.watch.spool_toml import SpoolConfig
from landslip.runtime.watch.worker_process import Gone, Said, WorkerProcess

log = logging.getLogger(__name__)

_SOON, _IN_ORDER = 0.5, 10.0
"""Seconds that a worker without a job has to end before it is killed."""

_STARTS = 3
"""Workers that may end one after the other before their engine is open."""


class WorkerSeat(Closing):
    """Place of the worker."""

    def __init__(self, config: SpoolConfig, events: ServiceEvents) -> None:
        self._config, self._events = config, events
        self._worker: WorkerProcess | None = None

    def ready(self) -> WorkerProcess | None:
        """A worker whose engine is open; None where the service was asked to stop meanwhile.

        Raises:
            LandslipError: the model or the engine cannot be used.
            ResourceError: the system starts no more processes.
        """
        if self._worker is not None and self._worker.jobs >= self._config.worker.renew_after:
            self.close()
        ended = 0
        while not self._events.stop_asked:
            if self._worker is None:
                self._worker = WorkerProcess(self._config, self._events.inbox)
            if self._worker.is_ready:
                return self._worker
            event = self._events.wait()
            if isinstance(event, Said) and event.worker is self._worker:
                _hear(event)
            elif isinstance(event, Gone) and event.worker is self._worker:
                self._worker, ended = None, ended + 1
                if ended >= _STARTS:
                    raise EngineError(
                        f"The worker process ended {ended} times before its engine was open: {event.how}.",
                        "Try the model with landslip map on this machine.",
                        where=self._config.model_path,
                    )
        return None

    def empty(self) -> None:
        """Forget a worker that is gone."""
        self._worker = None

    def renew(self) -> None:
        """End the worker at once, as a library may have it in hand; the next job gets another one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end(0.0)

    def close(self) -> None:
        """End the worker; soon where the service was asked to stop."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end(_SOON if self._events.stop_asked else _IN_ORDER)


def _hear(event: Said) -> None:
    kind = event.message["kind"]
    if kind == "ready":
        event.worker.is_ready = True
        event.worker.described = printable(str(event.message.get("engine")), 200)
        log.info("the engine is open: %s", event.worker.described)
    elif kind == "unusable":
        raise told_error(event.message.get("error"))


def told_error(fields: object) -> LandslipError:
    """The error that a worker told of, as it was raised there."""
    told = fields if isinstance(fields, dict) else {}
    kind = getattr(errors, str(told.get("kind")), LandslipError)
    if not (isinstance(kind, type) and issubclass(kind, LandslipError)):
        kind = LandslipError
    what, remedy, where, option = (str(told.get(key, "")) for key in ("what", "remedy", "where", "option"))
    return kind(what, remedy, where=where, option=option, retryable=bool(told.get("retryable")))
