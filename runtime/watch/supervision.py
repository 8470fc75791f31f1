"""Supervision of one map: the worker is heard, its progress handed on, and it is ended where that has to be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from landslip.runtime.watch.service_events import ServiceEvents
from landslip.runtime.watch.worker_process import Gone, Said, WorkerProcess

log = logging.getLogger(__name__)

GRACE = 2.0
"""Seconds that a map has to end in order when the service is asked to stop."""

_LATE = 30.0
"""Seconds after its deadline at which a worker that has not given up by itself is killed."""


@dataclass(frozen=True)
class Mapped:
    """The results are there."""

    result: dict[str, Any]
    """Facts of the map."""


@dataclass(frozen=True)
class Refused:
    """An error ended the map."""

    error: dict[str, Any]
    """Fields of the error."""


@dataclass(frozen=True)
class Crashed:
    """The worker process ended."""

    how: str
    """Words on how."""


@dataclass(frozen=True)
class Stopped:
    """The service was asked to stop, and the map has ended."""


@dataclass(frozen=True)
class TakenOver:
    """Another watcher has taken the job, thinking this one dead."""


Attempted: TypeAlias = Mapped | Refused | Crashed | Stopped | TakenOver
"""End of an attempt."""


def supervised_map(
    worker: WorkerProcess,
    order: dict[str, Any],
    events: ServiceEvents,
    is_held: Callable[[], bool],
    tell: Callable[[int, int], None],
) -> Attempted:
    """Have a worker map, and wait for its end.

    Args:
        worker: with its engine open.
        order: what to map.
        events: of the service.
        is_held: whether the job still belongs to this watcher.
        tell: hears of progress, in tiles done and in all.
    """
    worker.jobs += 1
    worker.send("map", **order)
    began, cancelled, late = time.monotonic(), 0.0, ""
    deadline = order["deadline"]
    while True:
        event = events.wait()
        now = time.monotonic()
        if isinstance(event, Said) and event.worker is worker:
            if (end := _end(event, is_cancelled=cancelled > 0)) is not None:
                return end
            if event.message["kind"] == "progress":
                tell(_whole(event.message.get("done")), _whole(event.message.get("total")))
        elif isinstance(event, Gone) and event.worker is worker:
            return Stopped() if cancelled else Crashed(late or event.how)
        if not is_held():
            worker.kill()
            return TakenOver()
        if events.stop_asked and not cancelled:
            cancelled = now
            worker.send("cancel")
        if (cancelled and now - cancelled > GRACE) or events.stop_asked > 1:
            worker.kill()
        if deadline is not None and not late and now - began > deadline + _LATE:
            late = f"it had not ended {_LATE:.0f} seconds after the deadline of {deadline:g} seconds"
            worker.kill()


def _end(event: Said, *, is_cancelled: bool) -> Attempted | None:
    message = event.message
    if message["kind"] == "done" and isinstance(message.get("result"), dict):
        return Mapped(message["result"])
    if message["kind"] == "failed" and isinstance(message.get("error"), dict):
        error: dict[str, Any] = message["error"]
        return Stopped() if is_cancelled and error.get("kind") == "CancelledError" else Refused(error)
    return None


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
