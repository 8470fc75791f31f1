"""Memory that a process does without. The figures are in ``docs/decisions/lean-process.md``.

What holds for a whole process is for those alone that are landslip's own, such as its commands: who embeds landslip
decides that, and so nothing happens here on import.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping

_M_ARENA_MAX = -8
"""``M_ARENA_MAX`` of glibc's ``malloc.h``."""

_ASKED = ("MALLOC_ARENA_MAX", "arena_max")
"""Setting of a user who has decided: a variable of its own, or a word in ``GLIBC_TUNABLES``."""

_UNASKED = ("geopandas", "pandas", "pyarrow", "scipy", "cffi", "coverage")
"""Packages that pyogrio (the first three) and numba import wherever they are installed, and landslip has no use for: it
asks for arrays, and its loops have no linear algebra and call nothing foreign."""


def be_lean() -> None:
    """Make this process, which is landslip's own, take no more memory than maps need; to be called first of all."""
    share_heap()
    for package in _UNASKED:
        sys.modules.setdefault(package, None)  # type: ignore[arg-type]  # to import it is an ImportError then


def share_heap(environ: Mapping[str, str] = os.environ) -> bool:
    """Make all threads of this process take memory from one heap; to be called before they are started.

    glibc gives each thread a heap, up to eight for each core, and what one thread frees another does not get. That is
    for programs that allocate all the time; the stages of a map allocate seldom, and hand on what they allocated.

    Args:
        environ: settings of the environment, which come first.

    Returns:
        True if it is so now; False if the environment says otherwise, or the C library is not glibc.
    """
    if _ASKED[0] in environ or _ASKED[1] in environ.get("GLIBC_TUNABLES", ""):
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - others have a mallopt that does nothing
        return bool(library.mallopt(_M_ARENA_MAX, 1))
    except (AttributeError, OSError, TypeError):  # the last on Windows
        return False
