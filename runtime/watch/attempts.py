"""Attempts at a job, counted on disk before each one begins, so that they end even where the machine goes down."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from landslip.runtime.system.clock import now
from landslip.runtime.system.drafts import write_file
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.untrusted.typed_values import UnfitError, typed
from landslip.runtime.watch.spool_toml import RetryRule

ATTEMPTS = ".attempts.json"
"""Name of the file in the folder of a job in ``work/``."""

_MOST = 1 << 20
_KEPT = 20
"""Attempts that are told in the end; of more, the last ones."""


@dataclass(frozen=True)
class AttemptEnd:
    """End of one attempt."""

    started: str
    """Time at which it began."""
    ended: str
    """Time at which its end was noted."""
    what: str
    """Sentence on how it ended."""
    exit_code: int | None = None
    """Exit code that ``landslip map`` would have given; None where the process did not say."""


@dataclass(frozen=True)
class Replaced:
    """Results of an earlier job of the same name, by digests; they are no results of this one."""

    marker: str | None = None
    """SHA-256 of ``NAME.done``; None where there was none."""
    record: str | None = None
    """SHA-256 of ``run.json``; None where there was none."""


@dataclass(frozen=True)
class Attempts:
    """Attempts at a job so far."""

    arrived: float = 0.0
    """Seconds since 1970 at which the job came to ``in/``."""
    claimed: str = ""
    """Time at which it was claimed first."""
    starts: int = 0
    """Attempts that have begun."""
    errors: int = 0
    """Attempts that ended in an error that can pass."""
    crashes: int = 0
    """Attempts that ended with the worker process."""
    since: str = ""
    """Time at which the attempt began that has not ended; empty between attempts."""
    not_before: float = 0.0
    """Seconds since 1970 before which the job is not tried again."""
    pause: float = 0.0
    """Seconds of the pause that ends then."""
    replaces: Replaced | None = None
    """Earlier results, noted before the first attempt; None before that."""
    ends: tuple[AttemptEnd, ...] = ()
    """Ends of the last attempts."""

    def is_paused(self, time: float) -> bool:
        """Tell whether the job is not to be tried yet.

        A clock that was set back, or that of another machine, does not hold it up for more than twice its pause.

        Args:
            time: seconds since 1970.
        """
        return 0 < self.not_before - time <= 2 * self.pause

    def begun(self) -> Attempts:
        """Count one more attempt, which begins now; one that was never ended is noted as lost."""
        known = self
        if self.since:
            known = self._with_end("the watcher or its machine ended before the attempt did", None)
        return replace(known, starts=known.starts + 1, since=now())

    def given_up(self) -> Attempts:
        """Take back the attempt under way: the service was asked to stop, which is no fault of the job."""
        return replace(self, starts=max(0, self.starts - 1), since="", not_before=0.0)

    def after_error(self, what: str, exit_code: int, rule: RetryRule) -> Attempts:
        """Count an attempt that ended in an error that can pass."""
        return _paused(replace(self._with_end(what, exit_code), errors=self.errors + 1), rule)

    def after_crash(self, what: str, rule: RetryRule) -> Attempts:
        """Count an attempt that ended with the worker process."""
        return _paused(replace(self._with_end(what, None), crashes=self.crashes + 1), rule)

    def exhausted(self, rule: RetryRule) -> str | None:
        """Reason not to try again, as a sentence; None where there are attempts left."""
        if self.crashes >= rule.crashes:
            return f"{self.crashes} attempts ended with the worker process ({self._last()})."
        if self.errors >= rule.attempts:
            return f"{self.errors} attempts ended in errors; the last: {self._last()}"
        if self.starts >= rule.starts:
            return (
                f"{self.starts} attempts were begun and none came to an end that decides: each time the watcher, its "
                "machine or the map ended first."
            )
        return None

    def _last(self) -> str:
        return self.ends[-1].what if self.ends else "unknown"

    def _with_end(self, what: str, exit_code: int | None) -> Attempts:
        end = AttemptEnd(self.since or now(), now(), what, exit_code)
        return replace(self, since="", ends=(*self.ends, end)[-_KEPT:])


def read_attempts(folder: Path) -> Attempts:
    """Attempts at the job in a folder of ``work/``; none where the file is not there, or damaged."""
    with contextlib.suppress(OSError, ValueError, RecursionError, UnfitError), (folder / ATTEMPTS).open("rb") as stream:
        found: Attempts = typed(parse_json(stream.read(_MOST)), Attempts)
        return found
    return Attempts()


def write_attempts(folder: Path, attempts: Attempts) -> None:
    """Keep the attempts at a job, on disk before this returns.

    Raises:
        OSError: they cannot be written.
    """
    write_file(folder / ATTEMPTS, json.dumps(as_json(attempts), indent=1) + "\n")


def as_json(attempts: Attempts) -> dict[str, Any]:
    """Attempts as plain values."""
    return asdict(attempts)


def _paused(attempts: Attempts, rule: RetryRule) -> Attempts:
    """Attempts before the next pause, which is twice as long as the one before."""
    doubled = min(attempts.errors + attempts.crashes - 1, 30)
    pause = min(rule.longest_pause, rule.pause * 2**doubled)
    return replace(attempts, not_before=time.time() + pause, pause=pause)
