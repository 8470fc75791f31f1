"""Turns the phases of a TensorRT build, which lie inside each other, into one progress."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from landslip.runtime.system.progress import Progress

T = TypeVar("T")

_PARTS = 1000
"""Parts a whole build is shown in."""


@dataclass
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class Phases:
    """Follows a build that reports its phases from any of its threads.

    A phase has steps; another one inside it counts as a part of the step under way. Only outermost phases are shown.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = Lock()
        self._phases: dict[str, _Phase] = {}
        self._shown: str | None = None
        self._said = 0
        self._cancelled = False

    def start(self, name: str, parent: str | None, steps: int) -> None:
        """A phase of ``steps`` steps begins, inside ``parent`` or by itself."""
        with self._lock:
            self._phases[name] = _Phase(parent, max(1, steps))
            if parent is None and self._shown is None:
                self._shown, self._said = name, 0
                self._tell(lambda: self._progress.start(f"TensorRT: {name}", _PARTS, "step"))

    def complete(self, name: str, step: int) -> bool:
        """Step number ``step`` of a phase, from 0, is done. Returns whether to go on."""
        with self._lock:
            if name in self._phases:
                self._phases[name].done = step + 1
                self._advance()
            return not self._cancelled

    def finish(self, name: str) -> None:
        """A phase is over, whether or not all its steps were reported."""
        with self._lock:
            phase = self._phases.pop(name, None)
            if phase is None or name != self._shown:
                return
            if not self._cancelled:
                self._advance_to(_PARTS)
            self._shown = None
            self._tell(self._progress.finish)

    def cancel(self) -> None:
        """Ask the build to stop at its next step."""
        self._cancelled = True

    def _advance(self) -> None:
        if self._shown is not None:
            self._advance_to(int(_PARTS * self._share(self._shown)))

    def _advance_to(self, part: int) -> None:
        # Never back: when an inner phase ends before its outer step is reported, the share falls for a moment.
        if part > self._said:
            count, self._said = part - self._said, part
            self._tell(lambda: self._progress.advance(count))

    def _share(self, name: str) -> float:
        phase = self._phases[name]
        inner = [self._share(other) for other, entry in self._phases.items() if entry.parent == name]
        return min(1.0, (phase.done + (sum(inner) / len(inner) if inner else 0.0)) / phase.steps)

    @staticmethod
    def _tell(say: Callable[[], None]) -> None:
        # TensorRT calls from C++: an error that a closed terminal causes has nowhere to go.
        with suppress(OSError, ValueError):
            say()


def interruptible(work: Callable[[], T], cancel: Callable[[], None]) -> T:
    """Do one long foreign call in a thread of its own, so that Ctrl-C is heard.

    Python hears it between two of its own instructions on the main thread, and would not come to one for minutes.

    Args:
        work: the call.
        cancel: makes it return soon.
    """
    with ThreadPoolExecutor(1, "landslip-tensorrt") as pool:
        future = pool.submit(work)
        try:
            return future.result()
        except BaseException:
            cancel()
            raise
