"""Printing of libraries: what one prints of its own accord goes to the log, as standard output is for results.

``contextlib.redirect_stdout`` would do so for the whole process: it takes what other threads print meanwhile, and where
two threads overlap, the second puts the first one's stand-in back, so that ``sys.stdout`` is lost for good. Here the
library's modules get a ``print`` of their own, for good, which asks the thread that calls it where its words should go.
"""

from __future__ import annotations

import builtins
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

_log: ContextVar[logging.Logger | None] = ContextVar("log", default=None)


@contextmanager
def prints_logged(log: logging.Logger, *modules: ModuleType) -> Iterator[None]:
    """Log what functions of these modules print in the block and in this thread; elsewhere they print as ever."""
    for module in modules:
        vars(module)["print"] = _print  # a module's own names come before the built-in ones
    before = _log.set(log)
    try:
        yield
    finally:
        _log.reset(before)


def _print(*values: object, sep: str | None = None, file: Any = None, **options: Any) -> None:
    log = _log.get()
    if log is None or file is not None:
        builtins.print(*values, sep=sep, file=file, **options)
    else:
        log.debug("%s", (" " if sep is None else sep).join(map(str, values)))
