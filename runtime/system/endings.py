"""Endings of a command before its work is done: what a signal does to it, and what is left to say by someone else.

A process that sits in a library may hear nothing, and one that is killed says nothing. So while it works it leaves a
:class:`Will` with :mod:`landslip.runtime.system.supervisor`: what it keeps, and what is to be cleared away after it.
Where no supervisor was installed, as in a program that embeds landslip, all of this does nothing.
"""

from __future__ import annotations

import _thread
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any, TypeAlias

from landslip.runtime.system.log_fields import LogFields, current_fields, tell_fields
from landslip.runtime.system.shortage import shortage

ENDING: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Signals that ask a process to end; SIGHUP comes when its terminal is closed."""

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""

TERMINATED = 143
"""Exit code when the system asked the process to end: 128 + SIGTERM. A closed terminal is no other matter."""

NO_MEMORY = 4
"""Exit code when memory ran out where nothing can be raised, and that of a ``ResourceError``."""

NO_MEMORY_SENTENCE = "there is not enough memory. Raise the limit (ulimit -v, memory of a container)."
"""Sentence for that."""

_NO_MEMORY = f"landslip: {NO_MEMORY_SENTENCE}\n".encode()


@dataclass(frozen=True)
class Will:
    """Will of a process: what is said and done when it ends and cannot do it any more."""

    say: str = ""
    """Sentence on what it keeps and how to go on; empty where there is nothing to say."""
    clear: str = ""
    """Function that clears away what it leaves, as ``module:name``; called in another process, where it takes locks."""
    arguments: tuple[str | bool, ...] = ()
    """Arguments for that function."""


class LibraryGivesUpError(MemoryError):
    """SIGINT while a library is loaded: OpenBLAS raises it when it cannot have its threads or their memory."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, which end everything as orderly as Ctrl-C does."""


@dataclass(frozen=True)
class Standing:
    """State of a process, as far as its supervisor knows it."""

    will: Will = Will()
    """Will that was left last."""
    held: bool = False
    """True if it is in a block that is :func:`undisturbed`."""
    code: int | None = None
    """Exit code of the process, once it has said what there was to say."""
    fields: LogFields = field(default_factory=LogFields)
    """Fields of its log lines."""


Heir = Callable[[Standing], None]
"""Function that is told whenever the state changes."""


class _State:
    heir: Heir | None = None
    passed_on: Callable[[], int] = int
    no_memory: Callable[[], str] | None = None
    no_memory_code = NO_MEMORY
    standing = Standing()
    end_requested: int | None = None
    gave_up = False


_state = _State()
_telling = threading.RLock()


def install(heir: Heir, passed_on: Callable[[], int] = int) -> None:
    """Have the first signal raise KeyboardInterrupt on the main thread, and later ones do nothing.

    Signals that are ignored, as ``nohup`` has it, stay so.

    Args:
        heir: is told what to do should the process end without a word.
        passed_on: the signal that another process was sent and passed on to this one, maybe as another; 0 for none.
    """
    _state.passed_on = passed_on
    _state.heir, _state.end_requested, _state.standing = heir, None, Standing(fields=current_fields())
    tell_fields(lambda fields: _tell(fields=fields))
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    _hear_of_lost_exceptions()


def end_requested() -> bool:
    """Tell whether a signal has asked this process to end."""
    return _state.end_requested is not None


def give_way() -> None:
    """End here if a signal has asked for it: its exception may have been swallowed by a library.

    Raises:
        KeyboardInterrupt: it has.
    """
    if _state.end_requested is not None:
        raise interruption(_state.end_requested)


def interruption(number: int) -> KeyboardInterrupt:
    """The exception that stands for a signal."""
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated()


def code_of(number: int) -> int:
    """The exit code after a signal."""
    return INTERRUPTED if number == signal.SIGINT else TERMINATED


def code_after(error: BaseException | None) -> int:
    """The exit code after an exception that stands for a signal."""
    if _state.end_requested is not None:
        return code_of(_state.passed_on() or _state.end_requested)
    return TERMINATED if isinstance(error, Terminated) else INTERRUPTED


def set_no_memory(line: Callable[[], str] | None, code: int = NO_MEMORY) -> None:
    """Have memory that ran out said by a line that is made then.

    Args:
        line: makes it; where it cannot, or None is given, the words are taken that are there.
        code: exit code of the process after it.
    """
    _state.no_memory, _state.no_memory_code = line, code


def say_no_memory() -> None:
    """Say that memory ran out."""
    line = _NO_MEMORY
    if _state.no_memory is not None:
        with suppress(MemoryError):
            line = f"{_state.no_memory()}\n".encode()
    os.write(2, line)


def bequeath(will: Will | None = None) -> None:
    """Leave a will in the place of the one before; without one there is nothing to say or do any more."""
    _tell(will=will or Will())


def announced(code: int) -> None:
    """The process has said what there was to say, and ends with this code, whatever a library does at its exit."""
    _tell(code=code)


def standing() -> Standing:
    """State of the process."""
    return _state.standing


@contextmanager
def undisturbed() -> Iterator[None]:
    """A block that no signal cuts short: what came meanwhile takes effect at its end."""
    if threading.current_thread() is not threading.main_thread():  # elsewhere they raise nothing
        yield
        return
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in ENDING}
    noted = {number: handler for number, handler in before.items() if callable(handler) or handler == signal.SIG_DFL}
    for number in noted:
        signal.signal(number, lambda number, _: came.append(number))
    _tell(held=True)
    try:
        yield
    finally:
        for number, handler in noted.items():
            signal.signal(number, handler)
        _tell(held=False)
        for late in came[:1]:
            signal.raise_signal(late)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT and not _state.gave_up and _is_loading(frame):
        _state.gave_up = True
        raise LibraryGivesUpError
    if _state.end_requested is None and _state.standing.code is None:
        _state.end_requested = number
        raise interruption(number)


def _is_loading(frame: FrameType | None) -> bool:
    """Tell whether Python is just loading a library."""
    while frame is not None:
        if frame.f_code.co_name == "create_module" and "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _tell(**changes: Any) -> None:
    with _telling:  # stages may begin on another thread than the one that has its exit code
        _state.standing = replace(_state.standing, **changes)
        if _state.heir is not None:
            _state.heir(_state.standing)


_Lost: TypeAlias = "sys.UnraisableHookArgs | threading.ExceptHookArgs"
"""An exception that is raised to nobody: in a thread, in its start, in a callback of a library."""


def _hear_of_lost_exceptions() -> None:
    """Have a thread of its own hear of the exceptions that are raised to nobody.

    The hooks take no memory for a frame: a thread that gets none for its first frame can call no function of Python's,
    and whoever started it would wait for it without end (``Thread.start`` of CPython 3.10 to 3.14 waits for a flag that
    only the new thread sets).
    """
    lost: queue.SimpleQueue[_Lost] = queue.SimpleQueue()
    try:
        _thread.start_new_thread(_hear, (lost,))  # which waits for nothing
    except RuntimeError:  # no thread can be started: then none will be waited for
        return
    sys.unraisablehook = threading.excepthook = lost.put


def _hear(lost: queue.SimpleQueue[_Lost]) -> None:
    while True:
        exception = lost.get()
        try:
            lacked_memory = _lacked_memory(exception)
            if not lacked_memory:
                _tell_python(exception)
        except MemoryError:
            lacked_memory = True
        except Exception:  # noqa: S112 - standard error may be gone, and this thread has to go on hearing
            continue
        if lacked_memory:
            say_no_memory()
            os._exit(_state.no_memory_code)


def _lacked_memory(exception: _Lost) -> bool:
    if issubclass(exception.exc_type, MemoryError):
        return True
    if not isinstance(exception, threading.ExceptHookArgs) and _is_start_of_thread(exception.object):
        return True  # clearing up after a lack of memory fails in ways of its own
    return exception.exc_value is not None and shortage(exception.exc_value) is not None


def _is_start_of_thread(place: object) -> bool:
    return getattr(place, "__func__", None) is getattr(threading.Thread, "_bootstrap", threading)


def _tell_python(exception: _Lost) -> None:
    if isinstance(exception, threading.ExceptHookArgs):
        threading.__excepthook__(exception)
    # An interruption raised within a callback of GDAL's, say, is remembered, and the supervisor sees to the rest.
    elif not (_state.end_requested is not None and issubclass(exception.exc_type, KeyboardInterrupt)):
        sys.__unraisablehook__(exception)
