"""The worker process of a watching service: keeps the engine open, and maps one job after the other.

Jobs come as messages on standard input, and what becomes of them goes to standard output. The process ends with its
parent: when its standard input ends, and at the latest when the system says that the parent is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from landslip.runtime.errors import LandslipError, ResourceError
from landslip.runtime.system.endings import ENDING
from landslip.runtime.system.lean_process import be_lean
from landslip.runtime.system.log_fields import current_fields
from landslip.runtime.system.shortage import shortage
from landslip.runtime.watch.outcomes import fields_of
from landslip.runtime.watch.worker_messages import Message, encoded, messages

_EVERY = 0.2
"""Seconds between two messages on progress."""

Send = Callable[[bytes], None]


def main() -> None:
    """Work until the parent says that there is nothing more, or is gone."""
    for number in ENDING:  # the parent decides what they mean, and says so
        signal.signal(number, signal.SIG_IGN)
    be_lean()
    send = _taken_output()
    _die_with_parent()
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    cancel = threading.Event()
    threading.Thread(target=_listen, args=(inbox, cancel), daemon=True).start()
    setup = inbox.get()
    _log_to(send, setup["level"])
    code = 0
    try:
        _serve(setup, inbox, cancel, send)
    except Exception as error:
        send(encoded("unusable", error=_told_error(error)))
        code = LandslipError.exit_code
    sys.stderr.flush()
    os._exit(code)  # libraries may take seconds to come down, for nothing


def _serve(setup: Message, inbox: queue.SimpleQueue[Message], cancel: threading.Event, send: Send) -> None:
    from landslip.runtime.mapping.mapper import open_mapper  # noqa: PLC0415 - GDAL, numba and the engine
    from landslip.runtime.watch.job_mapping import map_job, told  # noqa: PLC0415

    with open_mapper(setup["model"], **setup["engine"]) as mapper:
        send(encoded("ready", engine=mapper.model.name))
        while (order := inbox.get())["kind"] != "end":
            if order["kind"] == "forecast":
                send(encoded("forecast", needed=_room_needed(mapper.model, setup["engine"], order)))
                continue
            try:
                result = map_job(mapper, dict(order), _ToldProgress(send), cancel)
                send(encoded("done", result=told(result)))
            except Exception as error:
                if not isinstance(error, LandslipError):
                    logging.getLogger("landslip").debug("", exc_info=error)
                send(encoded("failed", error=_told_error(error)))


def _room_needed(model: Path, engine: dict[str, Any], order: Message) -> dict[str, int] | None:
    """Room that a job takes; None where that cannot be told, which its map then says better."""
    from landslip.runtime.watch.job_mapping import room_of_job  # noqa: PLC0415

    logging.disable(logging.CRITICAL)  # the map says all of it
    try:
        return asdict(room_of_job(model, engine, order))
    except Exception:
        return None
    finally:
        logging.disable(logging.NOTSET)


def _told_error(error: BaseException) -> dict[str, Any]:
    """Fields of an error, whatever it is."""
    if isinstance(error, LandslipError):
        return fields_of(error)
    found = shortage(error)
    if found is not None:
        return fields_of(ResourceError(found))
    return {**fields_of(LandslipError(f"{type(error).__name__}: {error}")), "kind": "LandslipError"}


class _ToldProgress:
    """Progress that goes to the parent, seldom enough."""

    def __init__(self, send: Send) -> None:
        self._send, self._done, self._total, self._last = send, 0, 0, 0.0

    def start(self, what: str, total: int, unit: str) -> None:
        """See :class:`~landslip.runtime.system.progress.Progress`."""
        del what
        self._done, self._total = 0, total if unit == "tile" else 0
        self._tell()

    def advance(self, count: int) -> None:
        """See :class:`~landslip.runtime.system.progress.Progress`."""
        self._done += count
        if time.monotonic() - self._last >= _EVERY:
            self._tell()

    def finish(self) -> None:
        """See :class:`~landslip.runtime.system.progress.Progress`."""
        self._tell()

    def _tell(self) -> None:
        self._last = time.monotonic()
        self._send(encoded("progress", done=self._done if self._total else 0, total=self._total))


class _ToldLogs(logging.Handler):
    """Log that goes to the parent, which knows how to write it."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        with contextlib.suppress(Exception):
            text = record.getMessage()
            if record.exc_info:
                text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}".strip()
            stage = current_fields().stage
            self._send(encoded("log", logger=record.name, level=record.levelno, text=text[:20_000], stage=stage))


def _log_to(send: Send, level: int) -> None:
    logging.basicConfig(level=logging.WARNING, handlers=[_ToldLogs(send)])
    logging.getLogger("landslip").setLevel(level)
    if level > logging.DEBUG:
        for library in ("rasterio", "pyogrio"):  # what GDAL says of a file is in our own sentences
            logging.getLogger(library).setLevel(logging.CRITICAL)


def _taken_output() -> Send:
    """Take standard output for messages; what libraries print goes to standard error."""
    file, lock = os.dup(1), threading.Lock()
    os.dup2(2, 1)

    def send(message: bytes) -> None:
        with lock:
            rest = memoryview(message)
            while rest:
                try:
                    rest = rest[os.write(file, rest) :]
                except OSError:  # the parent is gone, and so is this process in a moment
                    return

    return send


def _listen(inbox: queue.SimpleQueue[Message], cancel: threading.Event) -> None:
    for message in messages(sys.stdin.buffer):
        if message["kind"] == "cancel":
            cancel.set()
        else:
            cancel.clear()
            inbox.put(message)
    os._exit(LandslipError.exit_code)  # nobody would know of what goes on


def _die_with_parent() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG, see prctl(2)


if __name__ == "__main__":
    main()
