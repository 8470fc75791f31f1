"""The worker process as its service sees it: started anew, told what to map, heard, and ended."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import landslip
from landslip.runtime.errors import ResourceError
from landslip.runtime.watch.spool_toml import SpoolConfig
from landslip.runtime.watch.worker_messages import Message, encoded, messages

_MODULE = "landslip.runtime.watch.job_worker"


_LINE = 2000
"""Most bytes of a line that a library prints."""

_LAST_WORDS = 1.0
"""Seconds that are waited for what a process that is gone has printed: a process of its own may hold the pipe."""


@dataclass(frozen=True)
class Said:
    """A message of a worker."""

    worker: WorkerProcess
    """Process that said it."""
    message: Message
    """Message, with its ``kind``."""


@dataclass(frozen=True)
class Gone:
    """End of a worker."""

    worker: WorkerProcess
    """Process that has ended."""
    how: str
    """Words on how it ended: its exit code, or the signal."""


@dataclass(frozen=True)
class Asked:
    """Signal that asks the service to stop."""

    number: int
    """Number of the signal."""


Event: TypeAlias = "Said | Gone | Asked"
"""Event that a service waits for."""

Inbox: TypeAlias = "queue.SimpleQueue[Event]"
"""Queue that it comes in by."""


class WorkerProcess:
    """A process that keeps the engine open."""

    def __init__(self, config: SpoolConfig, inbox: Inbox) -> None:
        """Start it; it says ``ready`` when the engine is open, or ``unusable``.

        Args:
            config: model and engine.
            inbox: takes what it says.

        Raises:
            ResourceError: the system starts no more processes.
        """
        self.jobs = 0
        """Jobs that it was given."""
        self.is_ready = False
        """True if it has opened its engine."""
        self.described = ""
        """Words on its engine, once it is open."""
        self._inbox = inbox
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
            )
        except OSError as error:
            raise ResourceError(
                f"The worker process cannot be started ({error.strerror}).",
                "Raise the limit on processes or memory (ulimit, a container).",
            ) from error
        self._printing = threading.Thread(target=self._hear_printed, daemon=True)
        self._printing.start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        level = logging.getLogger("landslip").getEffectiveLevel()
        self.send("setup", model=str(config.model_path), engine=config.engine.given, level=level)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, kind: str, **values: Any) -> None:
        """Send a message; a process that is gone gets none, and its end comes in by itself."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(encoded(kind, **values))
                self._process.stdin.flush()

    def kill(self) -> None:
        """End it at once; what it has saved of a map stays."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def end(self, seconds: float) -> None:
        """End it, and wait until it has ended.

        Args:
            seconds: time that it may take before it is killed: a library may have it in hand.
        """
        self.send("end")
        with contextlib.suppress(OSError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._listener.join()

    def _listen(self) -> None:
        if self._process.stdout is not None:
            with contextlib.suppress(OSError, ValueError):
                for message in messages(self._process.stdout):
                    self._inbox.put(Said(self, message))
        code = self._process.wait()
        self._printing.join(_LAST_WORDS)
        for stream in (self._process.stdout, self._process.stdin):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()
        self._inbox.put(Gone(self, ending_in_words(code)))

    def _hear_printed(self) -> None:
        """Take what libraries print for lines of the log, so that the log has one form."""
        if self._process.stderr is None:
            return
        with contextlib.suppress(OSError, ValueError), self._process.stderr as stream:
            while line := stream.readline(_LINE):
                if text := line.decode(errors="replace").strip():
                    said = {"kind": "log", "logger": "landslip.worker", "level": logging.WARNING, "text": text}
                    self._inbox.put(Said(self, said))


def ending_in_words(code: int) -> str:
    """Words on how a process ended.

    Args:
        code: its exit code; negative for a signal.
    """
    if code == -getattr(signal, "SIGKILL", 9):
        return "it was killed (SIGKILL), which the system does when memory runs out"
    if code < 0:
        known = -code in set(signal.Signals)
        return f"a library ended it ({signal.Signals(-code).name if known else f'signal {-code}'})"
    return f"it ended with exit code {code}"


def _environment() -> Mapping[str, str]:
    """Environment in which the process finds the landslip that its parent runs, and nothing of the working folder."""
    own = str(Path(landslip.__file__).parents[1])
    paths = [path for path in (os.environ.get("PYTHONPATH"), own) if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
