"""Files opened to be written in folders that others may write to, too: a link that somebody planted is never followed.

Who may write to a folder can put a link under a name that is known beforehand, such as that of a lock or a draft, and
have it lead to any file of the user's. So names are opened without following links, or made anew.
"""

from __future__ import annotations

import os
import stat
from io import FileIO
from pathlib import Path
from typing import Literal

_SAFELY = (
    getattr(os, "O_NOFOLLOW", 0)  # Windows has none, and lets only administrators make links
    | getattr(os, "O_NONBLOCK", 0)  # a pipe would be waited for, before it can be seen that it is one
)


def open_safely(path: Path, mode: Literal["a+b", "r+b", "x+b"]) -> FileIO:
    """Open a regular file, unbuffered, to be read and written; links and anything else are refused.

    Args:
        path: where it lies.
        mode: as for ``open``: ``a+b`` appends, and makes the file if needed.

    Raises:
        OSError: it cannot be opened, or is a link or no regular file.
    """
    return open(path, mode, buffering=0, opener=_opened)


def open_or_make(path: Path) -> FileIO:
    """Open a regular file as :func:`open_safely` does, from its first byte on; it is made if it is not there.

    Raises:
        OSError: it cannot be opened, or is a link or no regular file.
    """
    return open_safely(path, "r+b" if os.path.lexists(path) else "x+b")


def clear_name(path: Path) -> None:
    """Remove the file or link of that name, so that what is written under it by others' code is a new file.

    Raises:
        OSError: it cannot be removed.
    """
    path.unlink(missing_ok=True)


def write_anew(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a new file of that name; a file or link that has it is removed first. Texts are in UTF-8.

    Meanwhile the name is that of a part of it: final names are given by :mod:`landslip.runtime.system.drafts`.

    Args:
        path: where it lies.
        content: all of it.
        private: whether only the user may read and write it.

    Raises:
        OSError: it cannot be written.
    """
    clear_name(path)
    with open(path, "xb", opener=_opened_privately if private else _opened) as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)


def is_real_folder(path: Path) -> bool:
    """Tell whether a name is that of a folder, and not of a link to one.

    Raises:
        OSError: there is nothing, or it cannot be looked at.
    """
    return stat.S_ISDIR(path.lstat().st_mode)


def is_filled(path: Path) -> bool:
    """Tell whether a name is that of a regular file, no link, with something in it."""
    try:
        entry = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(entry.st_mode) and entry.st_size > 0


def _opened_privately(path: str, flags: int) -> int:
    return _opened(path, flags, 0o600)


def _opened(path: str, flags: int, mode: int = 0o666) -> int:
    try:
        descriptor = os.open(path, flags | _SAFELY, mode)
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114 - what open hands on is a text
            raise OSError(error.errno, "it is a link, and links are not followed there", path) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(None, "it is no regular file", path)
    return descriptor
