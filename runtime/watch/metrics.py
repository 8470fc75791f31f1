"""Metrics of the service in a file that Prometheus' node exporter reads.

Counters begin at 0 whenever the service starts, as Prometheus expects: ``rate`` and ``increase`` know restarts. The
time of the last success outlives a restart, as an alert looks at it by itself. Units are the base units of Prometheus,
so areas are in square metres and times in seconds.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.drafts import PARTIAL, draft_name
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.versions import landslip_version
from landslip.runtime.watch.meters import REASONS, Meters, last_success
from landslip.runtime.watch.observer import JobEnd

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two writings of the file while nothing ends: what scrapes it comes every 15 or more."""


class Metrics(Closing):
    """Figures of one service, and the file they are in; nobody else may write to that file."""

    def __init__(self, path: Path, out: Path, clock: Callable[[], float] = time.time) -> None:
        """Take the file, and write it for the first time.

        Args:
            path: the file, with the ending ``.prom``, which the node exporter goes by.
            out: folder of the results, whose free space is told.
            clock: seconds since 1970.

        Raises:
            UsageError: prometheus_client is not installed, the name is no name for metrics, or another service
                writes the file.
            OutputError: the file cannot be written.
        """
        if path.suffix != ".prom":
            raise UsageError(
                f"The metrics file {path.name} does not end in .prom, so that nothing would read it.",
                "Give it such a name.", option="metrics", where=path,
            )  # fmt: skip
        self.path = path
        """The file."""
        self._out, self._clock = out, clock
        self._meters = Meters(landslip_version())
        self._lock = _locked(path)
        self._tiles: tuple[str, int] = ("", 0)
        self._written = 0.0
        self._is_failing = False
        before = last_success(path)
        if before is not None:
            self._meters.last_success.set(before)
        try:
            self._write()
        except OSError as error:
            self._lock.close()
            raise OutputError(
                f"The metrics file {path} cannot be written ({error.strerror or error}).",
                "Make its folder, and let the service write there.", where=path,
            ) from error  # fmt: skip

    def queue(self, length: int) -> None:
        """Take down how many jobs wait."""
        self._meters.queue.set(length)
        self.sign()

    def job_started(self) -> None:
        """Take down that an attempt at a job begins."""
        self._meters.attempts.inc()
        self._meters.running.set(1)
        self.sign(now=True)

    def job_progress(self, job: str, done: int) -> None:
        """Take down how far a job is.

        Args:
            job: its name.
            done: tiles of it that are made.
        """
        before = self._tiles[1] if self._tiles[0] == job else 0
        self._meters.tiles.inc(max(0, done - before))
        self._tiles = job, done
        self.sign()

    def job_ended(self, outcome: JobEnd, seconds: float, km2: float, tiles_per_second: float) -> None:
        """Take down how an attempt ended.

        Args:
            outcome: how.
            seconds: how long it took.
            km2: square kilometres that were observed.
            tiles_per_second: tiles that the network made in a second; 0 where nobody knows.
        """
        self._tiles = "", 0
        self._meters.running.set(0)
        self._meters.jobs.labels(outcome).inc()
        if outcome == "done":
            self._meters.seconds.observe(seconds)
            self._meters.square_metres.inc(km2 * 1e6)
            self._meters.last_success.set(self._clock())
            if tiles_per_second > 0:
                self._meters.tiles_per_second.set(tiles_per_second)
        self.sign(now=True)

    def idle(self) -> None:
        """Take down that no job is mapped: the last one may have been given back, which is no end."""
        self._meters.running.set(0)
        self.sign()

    def held_back(self, reason: str) -> None:
        """Take down what the next job waits for.

        Args:
            reason: one of :data:`landslip.runtime.watch.meters.REASONS`; empty where it waits for nothing.
        """
        for known in REASONS:
            self._meters.held_back.labels(known).set(known == reason)

    def sign(self, *, now: bool = False) -> None:
        """Write the file if the last time was a while ago; a disk that is full does not end the service."""
        if not now and 0 <= self._clock() - self._written < EVERY:
            return
        try:
            self._write()
        except OSError as error:
            if not self._is_failing:
                log.warning("the metrics file %s cannot be written (%s)", self.path, error.strerror or error)
            self._is_failing = True
        else:
            self._is_failing = False

    def close(self) -> None:
        """Write the file for the last time, and let go of it; it stays, as it is what is known last."""
        self._meters.running.set(0)
        self.sign(now=True)
        self._lock.close()

    def _write(self) -> None:
        self._written = self._clock()
        self._meters.heartbeat.set(self._written)
        with contextlib.suppress(OSError):
            self._meters.disk_free.set(shutil.disk_usage(self._out).free)
        # The draft of prometheus_client has a name that is known beforehand; a name of ours that is not comes first.
        draft = draft_name(self.path.with_name(f"{self.path.name}.new"))
        try:
            self._meters.write(draft)
            draft.replace(self.path)
        finally:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


def _locked(path: Path) -> FileIO:
    """The lock of a metrics file; what a killed service left beside it is removed."""
    try:
        lock = open_locked(path.with_name(f".{path.name}.lock"))
    except OSError as error:
        raise OutputError(
            f"The metrics file {path} cannot be written ({error.strerror or error}).",
            "Make its folder, and let the service write there.", where=path,
        ) from error  # fmt: skip
    if lock is None:
        raise UsageError(
            f"Another service writes the metrics file {path}.", "Give each its own.", option="metrics", where=path
        )
    for left in path.parent.glob(f"{PARTIAL}-????????-{path.name}.new*"):
        with contextlib.suppress(OSError):
            left.unlink()
    return lock
