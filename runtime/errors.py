"""What can go wrong, as a tree; every message says what was found, where, and what to do about it.

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
    └── ParityError      (ArithmeticError) 1  an exported artifact does not say what the reference says

Errors of other libraries are translated where those libraries are called and never reach a user as tracebacks.
"""

from __future__ import annotations


class LandslipError(Exception):
    """Root of every error landslip raises on purpose; ``exit_code`` is what the command line returns for it."""

    exit_code = 1


class UsageError(LandslipError, ValueError):
    """Arguments that are wrong in themselves, whatever the files hold."""

    exit_code = 2


class InputError(LandslipError, ValueError):
    """An input that cannot be used."""

    exit_code = 3


class InputMissingError(InputError, FileNotFoundError):
    """An input that is not there."""

    # FileNotFoundError would print errno tuples; the message alone is wanted.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ConnectionLostError(InputError, ConnectionError):
    """An input that is elsewhere, behind a connection that broke or cannot be made."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InputChangedError(InputError):
    """An input that changed while it was read, so that what was made from it cannot be kept."""


class ModelError(InputError):
    """A model file that is not a landslip model, or one that is damaged."""


class OutputError(LandslipError, OSError):
    """A result that cannot be written."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class FetchError(LandslipError, ConnectionError):
    """A file that cannot be downloaded."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class EngineError(LandslipError, RuntimeError):
    """An inference engine or device that cannot be used here."""

    exit_code = 4


class EngineMemoryError(EngineError, MemoryError):
    """An engine that has not enough memory for a batch; a smaller one may fit."""


class ResourceError(LandslipError, RuntimeError):
    """A system that gives no more memory, threads or processes, for what has to be done at the least."""

    exit_code = 4


class ParityError(LandslipError, ArithmeticError):
    """An exported artifact whose outputs stray from the reference by more than its gate allows."""
