"""Files whose content is executed: only the user's own are read, and only if nobody else could have written them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class UntrustedError(Exception):
    """Reason why a file or folder is not trusted, as the end of a sentence about it."""


def make_private_folder(folder: Path) -> None:
    """Have a folder that only the user can write into.

    Raises:
        UntrustedError: it is there, and others can.
        OSError: it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    check_folder(folder)


def check_folder(folder: Path) -> None:
    """Make sure that only the user can put files into a folder.

    Raises:
        UntrustedError: others can.
        OSError: it cannot be looked at.
    """
    entry = folder.lstat()
    if not stat.S_ISDIR(entry.st_mode):
        raise UntrustedError("is no folder")
    _check_owner(entry)


def read_private_file(path: Path) -> bytes:
    """Read a file that only the user could have written.

    What is checked is the open file, so that it cannot be exchanged between the check and the reading.

    Raises:
        FileNotFoundError: there is none.
        UntrustedError: it is a link or no file, belongs to somebody else, can be written by others, or cannot be read.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise UntrustedError("is no regular file")
    try:
        with path.open("rb") as stream:
            _check_owner(os.fstat(stream.fileno()))
            return stream.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UntrustedError(f"cannot be read ({error.strerror})") from error


def _check_owner(entry: os.stat_result) -> None:
    # Windows has other rights, and keeps others out of a user's cache folder by itself.
    if not hasattr(os, "geteuid"):
        return
    if entry.st_uid != os.geteuid():
        raise UntrustedError(f"belongs to user {entry.st_uid} and not to you (user {os.geteuid()})")
    if entry.st_mode & _OTHERS:
        raise UntrustedError("can be written by others")
