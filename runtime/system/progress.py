"""Progress on long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from tqdm import tqdm

from landslip.runtime.system import stopping
from landslip.runtime.system.log_fields import begin_stage, is_machine_readable, stage

log = logging.getLogger(__name__)

_FIRST, _EVERY = 2.0, 10.0
"""Seconds before the first plain line, and between two of them."""

_TICK = 1.0
"""Seconds between two looks at the clock: a bar moves while no unit ends."""


class Progress(Protocol):
    """Something that is told how far the work is.

    It may have a method ``waiting(what)`` too, a context for work of which nobody knows how long it takes; see
    :func:`waiting`.
    """

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
        self._ticker = _Ticker(self._refresh)

    def start(self, what: str, total: int, unit: str) -> None:
        """See :class:`Progress`."""
        # Bytes are too many to be read one by one.
        name, many = ("B", True) if unit == "byte" else (unit, False)
        self._show(desc=what, total=total, unit=name, unit_scale=many, smoothing=0.1)

    def advance(self, count: int) -> None:
        """See :class:`Progress`."""
        if self._bar is not None:
            with _without_terminal():
                self._bar.update(count)

    def finish(self) -> None:
        """See :class:`Progress`."""
        self._ticker.stop()
        if self._bar is not None:
            with _without_terminal():
                self._bar.close()
            self._bar = None

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show the time that passes; nothing stays on the screen. See :func:`waiting`."""
        self._show(desc=what, bar_format="{desc}: {elapsed}", leave=False)
        try:
            yield
        finally:
            self.finish()

    def _show(self, **options: Any) -> None:
        self.finish()
        with _without_terminal():
            self._bar = tqdm(file=sys.stderr, dynamic_ncols=True, **options)
        self._ticker.start()

    def _refresh(self) -> None:
        bar = self._bar
        if bar is not None:
            with _without_terminal():
                bar.refresh()


class LineProgress:
    """A line every few seconds through :mod:`logging`, for log files and pipes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ticker = _Ticker(self._say_if_due)

    def start(self, what: str, total: int, unit: str) -> None:
        """See :class:`Progress`."""
        begin_stage(what)
        self._begin(what, total, unit)
        self._ticker.start()

    def advance(self, count: int) -> None:
        """See :class:`Progress`."""
        with self._lock:
            self._done += count
        self._say_if_due()

    def finish(self) -> None:
        """See :class:`Progress`."""
        self._ticker.stop()
        begin_stage("")

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Say now and then that it still goes on. See :func:`waiting`."""
        self.start(what, 0, "")
        try:
            yield
        finally:
            self.finish()

    def _begin(self, what: str, total: int, unit: str) -> None:
        with self._lock:
            self._what, self._total, self._unit, self._done = what, total, unit, 0
            self._began = time.monotonic()
            self._due = self._began + _FIRST

    def _say_if_due(self) -> None:
        with self._lock:
            now = time.monotonic()
            if now < self._due:
                return
            self._due = now + _EVERY
            text, counts = self._text(now - self._began), {"done": self._done, "total": self._total}
        log.info("%s", text, extra=counts if self._total else None)

    def _text(self, seconds: float) -> str:
        if not self._total:
            return f"{self._what}: {seconds:.0f} s"
        share = f"{self._done} of {self._total} {self._unit}s ({100 * self._done / self._total:.0f} %)"
        if not self._done:
            return f"{self._what}: {share}, {seconds:.0f} s"
        rate = self._done / seconds
        return f"{self._what}: {share}, {rate:.1f}/s, {(self._total - self._done) / rate:.0f} s left"


@contextmanager
def waiting(progress: Progress, what: str) -> Iterator[None]:
    """A block that takes a while, nobody knows how long: it is shown that it goes on.

    Args:
        progress: is told, where it has a method of that name.
        what: what is done, as a participle: "measuring the images".

    Raises:
        LandslipError: the call is to stop here; see :mod:`landslip.runtime.system.stopping`.
    """
    stopping.check()
    method: Callable[[str], AbstractContextManager[None]] | None = getattr(progress, "waiting", None)
    with stage(what), contextlib.nullcontext() if method is None else method(what):
        yield


@contextmanager
def counting(progress: Progress, what: str, total: int, unit: str, *, done: int = 0) -> Iterator[None]:
    """A piece of work whose units are counted: progress is told of its beginning and its end, and log lines name it.

    Args:
        progress: is told.
        what: what is done, as a participle: "mapping".
        total: units that there are.
        unit: one of them.
        done: units that are done already.
    """
    with stage(what):
        progress.start(what, total, unit)
        progress.advance(done)
        try:
            yield
        finally:
            progress.finish()


def progress_for(stream: object) -> Progress:
    """A bar when ``stream`` is a terminal that a person reads, lines otherwise."""
    isatty = getattr(stream, "isatty", lambda: False)
    return BarProgress() if isatty() and not is_machine_readable() else LineProgress()


class _Ticker:
    """Calls something every second from a thread of its own."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._over: threading.Event | None = None

    def start(self) -> None:
        self.stop()
        self._over = over = threading.Event()
        with contextlib.suppress(RuntimeError):  # no thread to be had: then it moves with the work alone
            threading.Thread(target=self._run, args=(over,), name="landslip-progress", daemon=True).start()

    def stop(self) -> None:
        if self._over is not None:
            self._over.set()

    def _run(self, over: threading.Event) -> None:
        while not over.wait(_TICK):
            self._call()


@contextmanager
def _without_terminal() -> Iterator[None]:
    """Lets the work go on when its terminal is closed."""
    with contextlib.suppress(OSError, ValueError):
        yield
