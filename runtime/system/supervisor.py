"""Runs a command in a child process, and sees to it that it ends: in time, with its exit code and a sentence.

A process cannot promise that of itself. Python hears a signal between two of its own instructions on the main thread;
until then it may sit for minutes in GDAL, in an engine or in a build, some of which keep Python's lock, so that no
other thread can step in. And a library that runs out of memory may abort the process. The parent here waits and does
nothing else, has no heavy import, and knows from its child's :class:`~landslip.runtime.system.endings.Will` what is to
be said. The reasons are in ``docs/decisions/endings.md``.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import mmap
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from types import FrameType

from landslip.runtime.system import endings
from landslip.runtime.system.endings import ENDING, Standing, Will, code_of
from landslip.runtime.system.last_words import Line, crash_sentence, plain_line, write_line
from landslip.runtime.system.log_fields import LogFields, begin_stage, log_fields

GRACE = 1.6
"""Seconds for an orderly end; a busy machine may take one more to end the process."""

HELD = 2.0
"""Seconds more for results that are just being given their names."""

FAREWELL = 10.0
"""Seconds that libraries may take to come down once the exit code is known: some never do, above all without memory."""

SAME = 0.1
"""Seconds within which signals are one: ``timeout``, service managers and closing terminals send several at once."""

CRASHED = 1
"""Exit code when the child was ended by a signal that nobody sent to us."""

Work = Callable[[], int]
"""Runs the command, and gives its exit code."""

_Say = Callable[[str, int], None]


def supervised(work: Work, line: Line = plain_line, *, failing: Callable[[int], int] = int) -> int:
    """Run ``work`` in a child process and give its exit code; in the child this returns as well, with the same code.

    The first SIGINT, SIGTERM or SIGHUP is passed on, and what has not ended after :data:`GRACE` seconds is killed; so
    it is at once with the next signal. Then the exit code is 130 or 143, unless the work was done by then. A child that
    has said its exit code and does not end within :data:`FAREWELL` seconds is killed, too, and its code stands. Where
    there can be no child (Windows, a limit on processes, threads that run already), the work is done here, and the same
    is tried by a thread.

    Args:
        work: the command.
        line: makes a line of what the parent says of its own.
        failing: exit code by that of a failure which the work did not live to give: a crash, a lack of memory.
    """
    say = partial(write_line, line)
    crashed = failing(CRASHED)
    if threading.current_thread() is not threading.main_thread():  # which alone may say what signals do
        return work()
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return _run_without_parent(work, say, crashed)
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDING, signal.SIGCHLD})
    parent, passed_on = os.getpid(), mmap.mmap(-1, 1)  # which both processes see
    try:
        child = os.fork()
    except OSError:
        child = -1
    if child > 0:
        os.close(writing)
        return _Watch(child, reading, before, say, failing, passed_on).until_it_ends()
    os.close(reading)
    if child < 0:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return _run_without_parent(work, say, crashed)
    _die_with(parent)
    endings.install(partial(_send, writing), lambda: passed_on[0])
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return _announced(work, say, crashed)


class _Watch:
    """Watch of the parent over the child."""

    def __init__(
        self,
        child: int,
        messages: int,
        mask: set[int | signal.Signals],
        say: _Say,
        failing: Callable[[int], int],
        passed_on: mmap.mmap,
    ) -> None:
        self._child, self._messages, self._mask, self._note_for_child = child, messages, mask, passed_on
        self._say, self._failing = say, failing
        self._standing = Standing()
        self._came: list[tuple[int, float]] = []
        self._heard = b""
        self._known_since: float | None = None

    def until_it_ends(self) -> int:
        """Wait for the child; its exit code, or the one that says how it ended."""
        wake = self._listening()
        killed = passed_on = False
        while (status := self._status()) is None:
            self._pause(wake)
            if self._came and not passed_on:
                passed_on = True
                self._note_for_child[0] = self._came[0][0]
                os.kill(self._child, self._to_pass_on())
            if not killed and self._is_due(time.monotonic()):
                killed = True
                os.kill(self._child, signal.SIGKILL)
        self._hear()
        return self._outcome(status)

    def _listening(self) -> int:
        """Have signals wake a ``select``; the file to wait for."""
        wake, woken = os.pipe()
        for file in (wake, woken):
            os.set_blocking(file, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
        return wake

    def _to_pass_on(self) -> int:
        """SIGTERM: a SIGINT in the child that came without it was raised by a library."""
        ignored = signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        return self._came[0][0] if ignored else signal.SIGTERM

    def _note(self, number: int, _: FrameType | None) -> None:
        now = time.monotonic()
        if not self._came or now - self._came[0][1] >= SAME:
            self._came.append((number, now))

    def _status(self) -> int | None:
        ended, status = os.waitpid(self._child, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None

    def _pause(self, wake: int) -> None:
        """Wait until something happens."""
        files = [wake] if self._messages < 0 else [wake, self._messages]
        soon = None if self._known_since is None else 0.5
        ready, _, _ = select.select(files, [], [], 0.05 if self._came else soon)
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if self._messages in ready:
            self._hear()

    def _hear(self) -> None:
        """Take what the child has left as its will."""
        with contextlib.suppress(BlockingIOError):
            while self._messages >= 0:
                data = os.read(self._messages, 1 << 16)
                if not data:
                    os.close(self._messages)
                    self._messages = -1
                self._heard += data
        *lines, self._heard = self._heard.split(b"\n")
        if lines:
            told = json.loads(lines[-1])
            fields = LogFields(**told["fields"])
            self._standing = Standing(**(told | {"will": Will(**told["will"]), "fields": fields}))
        if self._known_since is None and self._standing.code is not None:
            self._known_since = time.monotonic()

    def _is_due(self, now: float) -> bool:
        if self._known_since is not None and now - self._known_since >= FAREWELL:
            return True
        if not self._came:
            return False
        first, last = self._came[0][1], self._came[-1][1]
        asked_again = len(self._came) > 1
        if self._standing.held:
            return now - (last if asked_again else first + GRACE) >= HELD
        return asked_again or now - first >= GRACE

    def _outcome(self, status: int) -> int:
        code = self._standing.code
        if self._came and status and code != 0:
            ending = code_of(self._came[0][0])
            if code is None:
                self._end("interrupted.", ending)
            return ending
        if code is not None:  # whatever a library did to the process at its exit
            return status if status >= 0 else code
        if -status in ENDING:
            self._end("interrupted.", code_of(-status))
            return code_of(-status)
        if status == self._failing(endings.NO_MEMORY):  # which it could still say
            self._end("", status)
            return status
        ending = self._failing(CRASHED)
        self._end(crash_sentence(status), ending)
        return ending

    def _end(self, sentence: str, code: int) -> None:
        """Do and say what the child cannot any more."""
        will = self._standing.will
        if will.clear:
            module, name = will.clear.split(":")
            with contextlib.suppress(Exception):  # nothing is lost if it stays
                getattr(importlib.import_module(module), name)(*will.arguments)
        if last := f"{sentence} {will.say}".strip():
            fields = asdict(self._standing.fields)
            begin_stage(fields.pop("stage"))
            with log_fields(**fields):
                self._say(last, code)


def _run_without_parent(work: Work, say: _Say, crashed: int) -> int:
    """Run without a parent: a thread steps in, as far as Python's lock lets it."""
    endings.install(lambda _: None)
    before = {number: signal.getsignal(number) for number in ENDING}
    first: list[tuple[int, float]] = []

    def step_in(number: int, patience: float = GRACE) -> None:
        time.sleep(patience)
        if endings.standing().held:
            time.sleep(HELD)
        if endings.standing().code is None:
            say(_interrupted(), code_of(number))
        os._exit(code_of(number))

    def on_signal(number: int, frame: FrameType | None) -> None:
        if first and time.monotonic() - first[0][1] >= SAME:
            step_in(first[0][0], 0.0)
        if not first:
            first.append((number, time.monotonic()))
            with contextlib.suppress(RuntimeError):  # no thread can be started
                threading.Thread(target=step_in, args=(number,), daemon=True).start()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number, handler in before.items():
        if callable(handler):
            signal.signal(number, on_signal)
    return _announced(work, say, crashed)


def _announced(work: Work, say: _Say, crashed: int) -> int:
    """Do the work, and let it be known that nobody else has to say anything."""
    code = crashed
    try:
        code = work()
    except KeyboardInterrupt as interruption:  # just before it could hear of it
        code = endings.code_after(interruption)
        say(_interrupted(), code)
    finally:
        with contextlib.suppress(AttributeError, OSError, ValueError):  # Python tells of it again at its exit
            sys.stdout.flush()
            sys.stderr.flush()
        endings.announced(code)
    if endings.end_requested():  # libraries may take seconds to come down, for nothing
        os._exit(code)
    return code


def _interrupted() -> str:
    return f"interrupted. {endings.standing().will.say}".rstrip()


def _send(file: int, standing: Standing) -> None:
    line = json.dumps(asdict(standing)) + "\n"
    with contextlib.suppress(OSError):  # the parent is gone
        os.write(file, line.encode("ascii"))


def _die_with(parent: int) -> None:
    """End when the parent is killed: nobody would know of what goes on."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))  # PR_SET_PDEATHSIG, see prctl(2)
        if os.getppid() != parent:
            os._exit(CRASHED)
