"""Retention: jobs that have ended, and their results, are removed once they are old, many, or in the way of new ones.

Nothing is removed without a rule that asks for it. A result is removed as a whole, by renaming its folder out of sight
first, so that nobody finds half of it. What is not published, what a job in hand has the name of, and a folder with
anything in it that landslip has not made, stay. Inputs are never looked at.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from landslip.runtime.watch.ended_jobs import Ended, ended_in_done, ended_in_failed, results
from landslip.runtime.watch.observer import SilentObserver
from landslip.runtime.watch.result_removal import is_untouched, remove_left, remove_result
from landslip.runtime.watch.spool_folders import Spool
from landslip.runtime.watch.spool_toml import RetentionRule

log = logging.getLogger(__name__)

_DAY = 86400.0

EVERY = 60.0
"""Seconds between two sweeps."""

_LONGEST = 5.0
"""Seconds of a sweep after which the rest waits for the next one: meanwhile nothing else is done."""


@dataclass(frozen=True)
class Expired:
    """A job that has ended, or its result, that a rule does not keep."""

    ended: Ended
    """Files of it."""
    reason: str
    """Words on the rule."""


def expired(spool: Spool, rule: RetentionRule, now: float, free: Callable[[], int]) -> Iterator[Expired]:
    """Find what the rules do not keep, the oldest first; nothing is removed.

    Results that go for want of space come last, one at a time, for as long as ``free`` tells that it is short.

    Args:
        spool: the spool.
        rule: how long what is kept.
        now: seconds since 1970.
        free: tells how many bytes are free where results lie.

    Raises:
        OSError: a folder cannot be read.
    """
    yield from _too_old_or_many(ended_in_done(spool), rule.done_days, rule.done_count, now)
    yield from _too_old_or_many(ended_in_failed(spool), rule.failed_days, rule.failed_count, now)
    gone = set()
    for each in _too_old_or_many(results(spool), rule.out_days, rule.out_count, now):
        gone.add(each.ended.name)
        yield each
    if rule.out_least_free_gb is None:
        return
    for ended in sorted(results(spool), key=lambda each: each.since):
        if free() >= rule.out_least_free_gb * 1e9:
            return
        if ended.name not in gone:
            yield Expired(ended, f"less than {rule.out_least_free_gb:g} GB are free")


def _too_old_or_many(found: Iterable[Ended], days: float | None, count: int | None, now: float) -> Iterator[Expired]:
    newest_first = sorted(found, key=lambda each: each.since, reverse=True)
    for number, ended in reversed(list(enumerate(newest_first))):
        if days is not None and now - ended.since > days * _DAY:
            yield Expired(ended, f"older than {days:g} days")
        elif count is not None and number >= count:
            yield Expired(ended, f"{count} newer ones are kept")


class Retention(SilentObserver):
    """Sweeps a spool now and then."""

    def __init__(
        self, spool: Spool, rule: RetentionRule, clock: Callable[[], float] = time.time, every: float = EVERY
    ) -> None:
        """Begin; nothing is swept yet.

        Args:
            spool: the spool.
            rule: how long what is kept.
            clock: seconds since 1970.
            every: seconds between two sweeps.
        """
        self._spool, self._rule, self._clock, self._every = spool, rule, clock, every
        self._next = float("-inf")
        self._kept: set[str] = set()

    def queue(self, length: int) -> None:
        """Sweep at a look at the folders, before anything is claimed."""
        del length
        self.sweep()

    def sweep(self) -> None:
        """Remove what the rules do not keep, if the last sweep was a while ago; what cannot be removed stays."""
        now = self._clock()
        if self._rule == RetentionRule() or now < self._next:
            return
        self._next = now + self._every
        began = time.monotonic()
        try:
            remove_left(self._spool.out)
            for each in expired(self._spool, self._rule, now, self._free):
                self._remove(each)
                if time.monotonic() - began > _LONGEST:
                    self._next = now
                    break
        except OSError as error:
            log.warning("old jobs cannot be looked for now: %s", error)

    def listed(self) -> Iterator[str]:
        """Lines on what a sweep would remove now; nothing is removed.

        Raises:
            OSError: a folder cannot be read.
        """
        would_be_free = self._free()

        def free() -> int:
            return would_be_free

        for each in expired(self._spool, self._rule, self._clock(), free):
            ended = each.ended
            if ended.folder is not None and not is_untouched(ended.folder, ended.since):
                continue
            would_be_free += _size(ended)
            yield f"{ended.paths[0]}: would be removed, {each.reason}"

    def _free(self) -> int:
        return shutil.disk_usage(self._spool.out).free

    def _remove(self, each: Expired) -> None:
        ended = each.ended
        try:
            if ended.folder is None:
                for path in ended.paths:
                    path.unlink(missing_ok=True)
            elif not remove_result(self._spool, ended):
                if ended.name not in self._kept:
                    self._kept.add(ended.name)
                    log.info("%s is kept: it is in use, or holds files that are not as its map left them", ended.folder)
                return
        except OSError as error:
            log.warning("%s cannot be removed: %s", ended.paths[0], error.strerror or error)
            return
        log.info("%s is removed: %s", ended.paths[0], each.reason)


def _size(ended: Ended) -> int:
    size = 0
    if ended.folder is not None:
        with contextlib.suppress(OSError):
            size = sum(entry.stat(follow_symlinks=False).st_size for entry in list(os.scandir(ended.folder)))
    return size
