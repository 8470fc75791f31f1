"""Events that a watching service waits for: its worker, signals that ask it to stop, and the time."""

from __future__ import annotations

import logging
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from landslip.runtime.system.endings import ENDING
from landslip.runtime.system.log_fields import stage
from landslip.runtime.watch.watchers import Watcher
from landslip.runtime.watch.worker_process import Asked, Event, Inbox, Said

_TICK = 0.5
"""Seconds between two looks at the clock at the most."""

_SAME = 0.2
"""Seconds within which signals are one: service managers and closing terminals send several at once."""


class ServiceEvents:
    """Events as they come in; meanwhile others are shown that this watcher lives."""

    def __init__(self, watcher: Watcher) -> None:
        self.inbox: Inbox = queue.SimpleQueue()
        """Queue that workers and signals report to."""
        self.stop_asked = 0
        """Number of times that the service was asked to stop."""
        self._watcher, self._asked_at = watcher, 0.0

    def wait(self, seconds: float = _TICK) -> Event | None:
        """The next event; None where none came in some time, which is half a second at the most."""
        self._watcher.beat()
        try:
            event = self.inbox.get(timeout=max(0.0, min(seconds, _TICK)))
        except queue.Empty:
            return None
        if isinstance(event, Asked):
            if not self.stop_asked or time.monotonic() - self._asked_at > _SAME:
                self.stop_asked, self._asked_at = self.stop_asked + 1, time.monotonic()
        elif isinstance(event, Said) and event.message["kind"] == "log":
            _log(event)
        return event

    def sleep(self, seconds: float) -> None:
        """Wait some time, or until the service is asked to stop."""
        end = time.monotonic() + seconds
        while not self.stop_asked and (left := end - time.monotonic()) > 0:
            self.wait(left)


def _log(event: Said) -> None:
    name, level, text = (event.message.get(key) for key in ("logger", "level", "text"))
    if isinstance(name, str) and isinstance(level, int) and isinstance(text, str):
        with stage(str(event.message.get("stage") or "")):
            logging.getLogger(name).log(level, "%s", text)


@contextmanager
def stop_signals(inbox: Inbox) -> Iterator[None]:
    """A block in which SIGTERM, SIGINT and SIGHUP are events; signals that are ignored stay so.

    Args:
        inbox: takes them.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone may say what signals do
        yield
        return

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        inbox.put(Asked(number))

    before = {number: signal.getsignal(number) for number in ENDING}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])
