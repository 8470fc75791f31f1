"""Progress on long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, Protocol

from tqdm import tqdm

log = logging.getLogger(__name__)

_EVERY = 10.0
"""Seconds between two plain lines."""


class Progress(Protocol):
    """Something that is told how far the work is."""

    def start(self, what: str, total: int, unit: str) -> None:
        """Begin a piece of work of ``total`` units."""
        ...

    def advance(self, count: int) -> None:
        """``count`` more units are done."""
        ...

    def finish(self) -> None:
        """The piece of work is over."""
        ...


class NoProgress:
    """Says nothing."""

    def start(self, what: str, total: int, unit: str) -> None:
        """See :class:`Progress`."""

    def advance(self, count: int) -> None:
        """See :class:`Progress`."""

    def finish(self) -> None:
        """See :class:`Progress`."""


class BarProgress:
    """A bar with rate and remaining time on stderr."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def start(self, what: str, total: int, unit: str) -> None:
        """See :class:`Progress`."""
        # Bytes are too many to be read one by one.
        name, many = ("B", True) if unit == "byte" else (unit, False)
        self._bar = tqdm(
            desc=what, total=total, unit=name, unit_scale=many, file=sys.stderr, dynamic_ncols=True, smoothing=0.1
        )

    def advance(self, count: int) -> None:
        """See :class:`Progress`."""
        if self._bar is not None:
            self._bar.update(count)

    def finish(self) -> None:
        """See :class:`Progress`."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class LineProgress:
    """A line every few seconds through :mod:`logging`, for log files and pipes."""

    def start(self, what: str, total: int, unit: str) -> None:
        """See :class:`Progress`."""
        self._what, self._total, self._unit, self._done = what, total, unit, 0
        self._began = self._said = time.monotonic()

    def advance(self, count: int) -> None:
        """See :class:`Progress`."""
        self._done += count
        now = time.monotonic()
        if now - self._said >= _EVERY:
            self._said = now
            rate = self._done / (now - self._began)
            left = (self._total - self._done) / rate if rate else float("inf")
            share = self._done / max(1, self._total)
            log.info(
                "%s: %d of %d %ss (%.0f %%), %.1f/s, %.0f s left",
                self._what, self._done, self._total, self._unit, 100 * share, rate, left,
            )  # fmt: skip

    def finish(self) -> None:
        """See :class:`Progress`."""


def progress_for(stream: object) -> Progress:
    """A bar when ``stream`` is a terminal, lines otherwise."""
    isatty = getattr(stream, "isatty", lambda: False)
    return BarProgress() if isatty() else LineProgress()
