"""Locks on files, held by the system: they end with the process, however it ends."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from io import FileIO
from pathlib import Path

from landslip.runtime.system.safe_writing import open_safely

log = logging.getLogger(__name__)

if sys.platform == "win32":
    import msvcrt

    def _lock(file: FileIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: FileIO) -> None:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError as error:
            # A file system without locks, as over some networks: better to go on than to refuse it.
            log.warning("no locks here (%s): make sure that no other run writes to the same place", error.strerror)


def open_locked(path: Path) -> FileIO | None:
    """Open a file to append to, made if needed, and hold it against other processes until it is closed.

    Returns:
        The file, unbuffered; None if another process holds it.

    Raises:
        OSError: it cannot be opened, or is a link or no regular file.
    """
    while True:
        file = open_safely(path, "a+b")
        try:
            _lock(file)
        except (BlockingIOError, PermissionError):
            file.close()
            return None
        if _is_still(file, path):
            return file
        file.close()


def _is_still(file: FileIO, path: Path) -> bool:
    """Tell whether the file that was locked still has that name: who held it may have renamed or removed it."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    return False
