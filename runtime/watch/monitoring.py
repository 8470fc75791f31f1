"""Monitoring of a service: what it tells the service manager that started it, and Prometheus.

A sign of life goes out only when something was done: the spool was looked at, or a map got on. So a map that hangs is
silent, and the service manager's watchdog ends it.
"""

from __future__ import annotations

from landslip.runtime.system.closing import Closing
from landslip.runtime.watch.metrics import Metrics
from landslip.runtime.watch.notify import Notifier
from landslip.runtime.watch.observer import JobEnd, SilentObserver
from landslip.runtime.watch.spool_job import SpoolJob


class Monitoring(SilentObserver, Closing):
    """Observer that tells how the service gets on."""

    def __init__(self, notifier: Notifier, metrics: Metrics | None) -> None:
        """Tell nobody yet.

        Args:
            notifier: speaks to the service manager.
            metrics: counts; None where nobody asks for figures. They are closed with this.
        """
        self._notifier, self._metrics = notifier, metrics
        self._waiting = 0
        self._status = ""

    def started(self) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._say("waits for jobs")
        self._notifier.ready()
        self._notifier.alive()

    def queue(self, length: int) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._waiting = length
        self._notifier.alive()
        if self._metrics:
            self._metrics.queue(length)

    def held_back(self, job: SpoolJob | None, resource: str) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        if job is not None:
            self._say(f"{job.name} waits for {resource}")
        if self._metrics:
            self._metrics.held_back(resource)

    def job_started(self, job: SpoolJob) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._say(f"maps {job.name}")
        self._notifier.alive()
        if self._metrics:
            self._metrics.job_started()

    def job_progress(self, job: SpoolJob, done: int, total: int) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._notifier.alive()
        self._say(f"maps {job.name}: {done} of {total} tiles" if total else f"maps {job.name}")
        if self._metrics:
            self._metrics.job_progress(job.name, done)

    def job_ended(self, job: SpoolJob, outcome: JobEnd, seconds: float, km2: float, tiles_per_second: float) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._notifier.alive()
        self._say(f"{job.name} {outcome}; {self._waiting} wait")
        if self._metrics:
            self._metrics.job_ended(outcome, seconds, km2, tiles_per_second)

    def idle(self) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._notifier.alive()
        if not self._waiting:
            self._say("waits for jobs")
        if self._metrics:
            self._metrics.idle()

    def stopping(self) -> None:
        """See :class:`~landslip.runtime.watch.observer.Observer`."""
        self._notifier.stopping()
        self._say("stops")

    def close(self) -> None:
        """Write the figures for the last time."""
        if self._metrics:
            self._metrics.close()

    def _say(self, status: str) -> None:
        if status != self._status and self._notifier.status(status):
            self._status = status
