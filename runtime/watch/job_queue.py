"""The queue of a spool: which jobs can be claimed now, in their order."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from landslip.runtime.watch.claims import Held, adopt, attempts_of, forget_unborn, held_jobs, markers_of
from landslip.runtime.watch.job_file import JobReader
from landslip.runtime.watch.job_names import is_job_file, job_name
from landslip.runtime.watch.job_options import JobOptions
from landslip.runtime.watch.spool_folders import Spool
from landslip.runtime.watch.spool_job import SpoolJob
from landslip.runtime.watch.watchers import Watcher

_ORPHAN = 60.0
"""Seconds after which a folder of which no file says whose it is can be claimed."""

CompleteRule = Literal["rename", "marker", "stable"]


@dataclass(frozen=True)
class ClaimableJob:
    """A job that can be claimed."""

    job: SpoolJob
    """The job."""
    held: Held | None = None
    """State of its folder in ``work/``; None where it still lies in ``in/``."""


@dataclass(frozen=True)
class Look:
    """Result of a look at the folders."""

    candidates: tuple[ClaimableJob, ...]
    """Jobs that can be claimed, in their order."""
    arriving: int
    """Job files that are not known to be complete, but will be if nobody writes to them any more."""
    paused: int
    """Jobs that are tried again, but not yet."""


class JobQueue:
    """Looks at the folders of a spool, again and again; what is remembered in between is which files were seen."""

    def __init__(self, spool: Spool, watcher: Watcher, rule: CompleteRule, stable: float) -> None:
        """Begin to watch.

        Args:
            spool: the spool.
            watcher: this watcher.
            rule: which job files are complete.
            stable: seconds for which they have to stay the same by the rule ``stable``.
        """
        self._spool, self._watcher, self._rule, self._stable = spool, watcher, rule, stable
        self._reader = JobReader()
        self._seen: dict[str, tuple[tuple[int, int], float]] = {}

    def look(self) -> Look:
        """Look at the folders.

        Raises:
            OSError: they cannot be read.
        """
        self._reader.look_again()
        held, paused, taken = self._held()
        arrived, arriving = self._arrived()
        candidates = [*held, *(each for each in arrived if each.job.name not in taken)]
        return Look(tuple(sorted(candidates, key=lambda each: each.job.order)), arriving, paused)

    def tidy(self) -> None:
        """Remove what dead watchers have left besides jobs; to be called now and then.

        Raises:
            OSError: the folders cannot be read.
        """
        now = self._spool.file_system_now()
        forget_unborn(self._spool, lambda owner: self._watcher.is_alive(owner, now))
        owners = {held.owner for held in held_jobs(self._spool) if held.owner is not None}
        self._watcher.forget_dead(owners, now)

    def _held(self) -> tuple[list[ClaimableJob], int, set[str]]:
        """Jobs in ``work/`` that nobody living owns, how many of them have to wait, and the names of all."""
        found: list[ClaimableJob] = []
        now, paused, names, alive = None, 0, set[str](), {self._watcher.id: True}
        for held in held_jobs(self._spool):
            names.add(held.name)
            owner = held.owner
            if owner not in alive and (owner is not None or not held.token):
                now = self._spool.file_system_now() if now is None else now
            if owner is not None and alive.setdefault(owner, now is None or self._watcher.is_alive(owner, now)):
                continue
            if not held.token:
                self._adopt_if_old(held, now or 0.0)
                continue
            attempts = attempts_of(held)
            if held.file is not None and attempts.is_paused(time.time()):
                paused += 1
                continue
            options = self._reader.options(held.file) if held.file is not None else JobOptions()
            found.append(ClaimableJob(SpoolJob(held.name, held.file or held.folder, attempts.arrived, options), held))
        return found, paused, names

    @staticmethod
    def _adopt_if_old(held: Held, now: float) -> None:
        with contextlib.suppress(OSError):
            if now - held.folder.stat().st_mtime > _ORPHAN:
                adopt(held)

    def _arrived(self) -> tuple[list[ClaimableJob], int]:
        """Jobs in ``in/`` that are complete, and how many may be soon."""
        found, arriving, seen = [], 0, {}
        for entry in list(os.scandir(self._spool.incoming)):
            if not is_job_file(entry.name):
                continue
            with contextlib.suppress(FileNotFoundError):
                if not entry.is_file(follow_symlinks=False):
                    continue
                stat = entry.stat(follow_symlinks=False)
                file = Path(entry.path)
                if self._rule == "stable":
                    identity = stat.st_size, stat.st_mtime_ns
                    before, since = self._seen.get(entry.name, (identity, time.monotonic()))
                    since = since if before == identity else time.monotonic()
                    seen[entry.name] = identity, since
                    if time.monotonic() - since < self._stable:
                        arriving += 1
                        continue
                elif self._rule == "marker" and not markers_of(file):
                    continue
                options = self._reader.options(file)
                found.append(ClaimableJob(SpoolJob(job_name(entry.name), file, stat.st_ctime, options)))
        self._seen = seen
        return found, arriving
