"""Observers of a watching service: they are told what happens, and may hold back the next claim.

The service calls them on its one thread, between its own steps: a call that takes long holds up the heartbeat by which
other watchers know that this one lives. None of the methods may raise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from landslip.runtime.watch.spool_job import SpoolJob

JobEnd: TypeAlias = Literal["done", "failed", "retried"]
"""End of an attempt at a job: its results are there, it lies in ``failed/``, or it is tried again later."""


class Observer(Protocol):
    """Something that is told how a service of ``landslip watch`` gets on."""

    def started(self) -> None:
        """Hear that the engine is open and that jobs are claimed from now on."""

    def queue(self, length: int) -> None:
        """Hear how many jobs can be claimed now; after each look at the folders."""

    def may_claim(self, job: SpoolJob) -> str | None:
        """Give a reason not to claim a job now, as a sentence; None to let it be claimed."""

    def held_back(self, job: SpoolJob | None, resource: str) -> None:
        """Hear what the first job that could be claimed waits for.

        Args:
            job: the job; None where nothing is waited for any more.
            resource: ``disk`` or ``memory``; empty where nothing is waited for any more.
        """

    def job_started(self, job: SpoolJob) -> None:
        """Hear that a job was claimed, and its map begins or goes on."""

    def job_progress(self, job: SpoolJob, done: int, total: int) -> None:
        """Hear how far a map is, in tiles; at each batch, and with ``total`` 0 while nobody knows how far it is."""

    def job_ended(self, job: SpoolJob, outcome: JobEnd, seconds: float, km2: float, tiles_per_second: float) -> None:
        """Hear how an attempt ended.

        Args:
            job: the job.
            outcome: what became of it.
            seconds: time of this attempt.
            km2: area observed, square kilometres; 0 where there is no map.
            tiles_per_second: speed; 0 where there is no map.
        """

    def idle(self) -> None:
        """Hear that the service lives and waits, between two looks at the folders."""

    def stopping(self) -> None:
        """Hear that no more jobs are claimed, and the service ends as soon as it can."""


class SilentObserver:
    """Observer that does nothing; others may start from it."""

    def started(self) -> None:
        """See :class:`Observer`."""

    def queue(self, length: int) -> None:
        """See :class:`Observer`."""

    def may_claim(self, job: SpoolJob) -> str | None:
        """See :class:`Observer`."""

    def held_back(self, job: SpoolJob | None, resource: str) -> None:
        """See :class:`Observer`."""

    def job_started(self, job: SpoolJob) -> None:
        """See :class:`Observer`."""

    def job_progress(self, job: SpoolJob, done: int, total: int) -> None:
        """See :class:`Observer`."""

    def job_ended(self, job: SpoolJob, outcome: JobEnd, seconds: float, km2: float, tiles_per_second: float) -> None:
        """See :class:`Observer`."""

    def idle(self) -> None:
        """See :class:`Observer`."""

    def stopping(self) -> None:
        """See :class:`Observer`."""


class Observers:
    """Several observers as one; the first reason not to claim a job counts."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = tuple(observers)

    def started(self) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.started()

    def queue(self, length: int) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.queue(length)

    def may_claim(self, job: SpoolJob) -> str | None:
        """See :class:`Observer`."""
        return next((reason for each in self._observers if (reason := each.may_claim(job)) is not None), None)

    def held_back(self, job: SpoolJob | None, resource: str) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.held_back(job, resource)

    def job_started(self, job: SpoolJob) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.job_started(job)

    def job_progress(self, job: SpoolJob, done: int, total: int) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.job_progress(job, done, total)

    def job_ended(self, job: SpoolJob, outcome: JobEnd, seconds: float, km2: float, tiles_per_second: float) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.job_ended(job, outcome, seconds, km2, tiles_per_second)

    def idle(self) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.idle()

    def stopping(self) -> None:
        """See :class:`Observer`."""
        for observer in self._observers:
            observer.stopping()
