"""Errors, as a tree; every message says what was found, where, and what to do about it.

    LandslipError                       exit code 1
    ├── UsageError       (ValueError)   2   the call itself is wrong: options that exclude each other, or out of range
    ├── InputError       (ValueError)   3   a file or its content cannot be used
    │   ├── InputMissingError (FileNotFoundError)
    │   ├── ConnectionLostError (ConnectionError)  a file lies behind a connection that broke
    │   ├── InputChangedError               a file changed while it was read: what was made of it is no good
    │   └── ModelError                      a model file is not one landslip can run, or fails its checks
    ├── OutputError      (OSError)      1   a result cannot be written
    ├── FetchError       (ConnectionError) 1  a file cannot be downloaded
    ├── EngineError      (RuntimeError) 4   an inference engine or device cannot be used
    │   └── EngineMemoryError (MemoryError)     it has not enough memory for a batch
    ├── ResourceError    (RuntimeError) 4   the system gives no more memory, threads or processes
    ├── CancelledError                   1  the caller gave the call up
    ├── DeadlineError    (TimeoutError)  1  the time that the caller gave is over
    └── ParityError      (ArithmeticError) 1  an exported artifact does not say what the reference says

Errors of other libraries are translated where those libraries are called and never reach a user as tracebacks.

Every error has the fields of :class:`LandslipError`. ``retryable`` follows one policy: the same call may succeed later,
with nothing changed by whoever made it, only after

- a lost connection (:class:`ConnectionLostError`, and those :class:`FetchError` that a server or a line caused),
- a full disk, as far as the system said so (:class:`OutputError`),
- an input that changed while it was read (:class:`InputChangedError`),
- a shortage of memory, threads or processes (:class:`EngineMemoryError`, :class:`ResourceError`),
- a call that its caller gave up, or gave too little time (:class:`CancelledError`, :class:`DeadlineError`), or
- another run that has the same folder or file in hand.

Bad input, wrong usage, a missing engine and an artifact that fails its gate stay what they are, and are not retryable.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unicodedata import category

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_SAID_FULL = ("No space left", "disk is full")
"""Words of GDAL and SQLite for a full disk."""


class LandslipError(Exception):
    """Root of every error landslip raises on purpose; ``str(error)`` is what was found and the remedy."""

    exit_code = 1
    """Exit code of the command line."""
    _later = False
    """True if errors of this class are retryable where nothing else is said."""

    def __init__(
        self,
        what: str = "",
        remedy: str = "",
        *,
        where: str | os.PathLike[str] = "",
        option: str = "",
        retryable: bool | None = None,
    ) -> None:
        """Compose an error.

        Args:
            what: what was found, in a sentence; or all that is to be said, where the parts are not told apart.
            remedy: what to do about it, in a sentence.
            where: file, folder or address it is about, as it is; in sentences ``?`` stands for what a terminal obeys.
            option: name of the argument it is about, as Python calls it: ``dem_unit``.
            retryable: whether the same call may succeed later; by default as the policy above says.
        """
        what, remedy = _without_controls(what), _without_controls(remedy)
        super().__init__(f"{what} {remedy}" if remedy else what)
        self.what = what
        """Sentence on what was found."""
        self.remedy = remedy
        """Sentence on what to do about it; empty where ``what`` says it."""
        self.where = str(where)
        """File, folder or address it is about, as messages show it; empty where there is none."""
        self.option = option
        """Argument it is about, as Python calls it; empty where there is none."""
        self._retryable = retryable

    @property
    def retryable(self) -> bool:
        """Tell whether the same call may succeed later; see the policy of :mod:`landslip.runtime.errors`."""
        return self._later if self._retryable is None else self._retryable

    def __str__(self) -> str:
        # An OSError would print errno tuples, and a KeyError quotes; the sentence alone is wanted.
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        # The cause, which can decide, does not come along to another process.
        return type(self), self.args, {**self.__dict__, "_retryable": self.retryable}


class UsageError(LandslipError, ValueError):
    """Arguments that are wrong in themselves, whatever the files hold."""

    exit_code = 2


class InputError(LandslipError, ValueError):
    """An input that cannot be used."""

    exit_code = 3


class InputMissingError(InputError, FileNotFoundError):
    """An input that is not there."""


class ConnectionLostError(InputError, ConnectionError):
    """An input that is elsewhere, behind a connection that broke or cannot be made."""

    _later = True


class InputChangedError(InputError):
    """An input that changed while it was read, so that what was made from it cannot be kept."""

    _later = True


class ModelError(InputError):
    """A model file that is not a landslip model, or one that is damaged."""


class OutputError(LandslipError, OSError):
    """A result that cannot be written."""

    @property
    def retryable(self) -> bool:
        """Tell whether the disk was full, where nothing else is said."""
        if self._retryable is not None:
            return self._retryable
        cause = self.__cause__
        known = isinstance(cause, OSError) and cause.errno in _FULL
        return known or any(text in str(cause) for text in _SAID_FULL)


class FetchError(LandslipError, ConnectionError):
    """A file that cannot be downloaded."""


class EngineError(LandslipError, RuntimeError):
    """An inference engine or device that cannot be used here."""

    exit_code = 4


class EngineMemoryError(EngineError, MemoryError):
    """An engine that has not enough memory for a batch; a smaller one may fit."""

    _later = True


class ResourceError(LandslipError, RuntimeError):
    """A system that gives no more memory, threads or processes, for what has to be done at the least."""

    exit_code = 4
    _later = True


class CancelledError(LandslipError):
    """A call that its caller gave up before it was done."""

    _later = True


class DeadlineError(LandslipError, TimeoutError):
    """A call that was not done by the time that its caller gave."""

    _later = True


class ParityError(LandslipError, ArithmeticError):
    """An exported artifact whose outputs stray from the reference by more than its gate allows."""


def _without_controls(text: str) -> str:
    """Text with ``?`` for control characters and halves of characters, which names of files may hold; lines stay."""
    if text.isprintable():
        return text
    return "".join("?" if letter != "\n" and category(letter) in {"Cc", "Cs"} else letter for letter in text)


@contextmanager
def located(where: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors of the block that name no place in a field be about this one.

    Args:
        where: file, folder or address that the block is about.
    """
    try:
        yield
    except LandslipError as error:
        error.where = error.where or str(where)
        raise
