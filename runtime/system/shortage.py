"""Errors that mean that the system gives no more memory or threads, whichever library it comes from."""

from __future__ import annotations

import contextlib
import errno
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landslip.runtime.untrusted.printable import printable

_limits: Any = None
with contextlib.suppress(ImportError):  # Windows has none
    _limits = importlib.import_module("resource")  # now: it may not be loaded any more when it is asked

_WORDS = re.compile(
    r"failed to map segment|cannot allocate memory|cannot enable executable stack|can't start new thread|"
    r"can't allocate lock|bad_alloc|out of memory|not enough memory|unable to allocate",
    re.IGNORECASE,
)
"""Words of the dynamic loader, the system, Python's threads, C++, GDAL and numpy."""

_THREADS = "can't start new thread"

_MOST = 200
"""Characters that are taken over."""

_ROOM = 80 << 20
"""Bytes that a thread asks for at once, and may not get: its stack, and what the C library sets aside for it."""

_DEPTH = 10
"""Errors that are followed to what caused them."""


def shortage(error: BaseException) -> str | None:
    """A sentence for an error that is a shortage of the system's; None for any other."""
    found = [cause for cause in _causes(error) if _is_shortage(cause)]
    if not found:
        return None
    # What led to the others says most exactly what was wanted.
    said = printable(" ".join(str(found[-1]).split()).rstrip("."), _MOST)
    if _THREADS in said:
        return (
            "the system starts no more threads. Raise the limit on processes (ulimit -u, pids of a container) or on "
            "memory, or end what else runs."
        )
    return (
        f"there is not enough memory{f' ({said})' if said else ''}. Raise the limit (ulimit -v, memory of a "
        "container), end what else runs, or take a smaller `batch` or `tile`."
    )


def beside_limit(sentence: str) -> str | None:
    """A sentence with what may be behind it, where the process came near a limit of its address space; None elsewhere.

    Libraries that get no memory may say something else: of a file that it has no coordinate system.
    """
    limit, peak = address_space(), _peak()
    if limit is None or peak is None or peak < limit - max(limit // 8, _ROOM):
        return None
    return (
        f"{sentence} But the address space is limited to {limit >> 20} MB, of which {peak >> 20} were in use, so that "
        "may be why: raise the limit (ulimit -v), and try again."
    )


def within_limit(error: BaseException) -> str | None:
    """A sentence for any other error where the address space is limited; None where it is not.

    Python's own parts and those of libraries may then fail in ways that say nothing of memory.
    """
    limit = address_space()
    if limit is None:
        return None
    said = printable(f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(". "), _MOST)
    return (
        f"a part of the program failed ({said}), and its address space is limited to {limit >> 20} MB, which may be "
        "why. Raise the limit (ulimit -v), and try again."
    )


def address_space() -> int | None:
    """Limit of the address space in bytes; None where there is none."""
    if _limits is None:
        return None
    limit: int = _limits.getrlimit(_limits.RLIMIT_AS)[0]
    return None if limit == _limits.RLIM_INFINITY else limit


def _peak() -> int | None:
    """Most address space that this process has had, in bytes; None where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"VmPeak:\s*(\d+) kB", status)
    return None if found is None else int(found[1]) << 10


def _is_shortage(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return _WORDS.search(str(error)) is not None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    for _ in range(_DEPTH):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
