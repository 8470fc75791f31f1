"""Watchers of a spool, and whether one that owns a job still lives.

Each watcher has a file in ``work/.watchers/``, whose name is its id: twelve digits for the machine since its start, and
eight of its own. It holds the file locked, and gives it a new time again and again. A watcher of the same machine lives
as long as it holds its lock, which the system drops when the process ends, however it ends. One of another machine, or
where the file system has no locks, lives as long as its file has a new time; what is new is told by the clock of the
file system, as clocks of machines differ.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
import secrets
import sys
import time
from io import FileIO
from pathlib import Path

from landslip.runtime.errors import OutputError
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.safe_writing import open_safely
from landslip.runtime.watch.spool_folders import Spool

_ID = re.compile(r"[0-9a-f]{12}-[0-9a-f]{8}")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_BEATS = 5
"""Heartbeats in the time after which a watcher counts as dead."""


class Watcher(Closing):
    """Watcher of this process, as others see it; closing it ends its life there."""

    def __init__(self, spool: Spool, lease: float) -> None:
        """Make and lock the file of a new watcher.

        Args:
            spool: the spool.
            lease: seconds without a heartbeat after which one counts as dead.

        Raises:
            OutputError: the file cannot be made.
        """
        self.id = f"{this_machine()}-{secrets.token_hex(4)}"
        """Id of this watcher."""
        self._spool, self._lease = spool, lease
        self._path = spool.watchers / self.id
        try:
            self._file = _made_and_locked(self._path)
        except OSError as error:
            raise OutputError(
                f"{spool.watchers} cannot be written ({error.strerror}).", "Check the folder.", where=spool.watchers
            ) from error
        self._last = time.monotonic()

    def beat(self) -> None:
        """Show that this watcher lives, where that is due; to be called more often than the lease lasts.

        A file that somebody has removed is made anew.
        """
        if time.monotonic() - self._last < self._lease / _BEATS:
            return
        self._last = time.monotonic()
        try:
            os.utime(self._path)
        except FileNotFoundError:
            with contextlib.suppress(OSError):
                self._file.close()
                self._file = _made_and_locked(self._path)
        except OSError:  # a network that is gone comes back, or the lease ends
            pass

    def is_alive(self, other: str, now: float) -> bool:
        """Tell whether another watcher lives, as far as can be told from here.

        Args:
            other: its id.
            now: time by the clock of the file system.
        """
        if other == self.id:
            return True
        path = self._spool.watchers / other
        try:
            age = now - path.stat().st_mtime
            file = open_safely(path, "r+b")
        except FileNotFoundError:
            return False
        except OSError:
            return True
        with file:
            held = _try_lock(file)
        if held is True:
            return True
        if held is False and other.partition("-")[0] == this_machine():
            return False
        return age < self._lease

    def forget_dead(self, owners: set[str], now: float) -> None:
        """Remove files of dead watchers that own nothing any more.

        Args:
            owners: ids of all that own a job.
            now: time by the clock of the file system.
        """
        with contextlib.suppress(OSError):
            for entry in list(os.scandir(self._spool.watchers)):
                stale = entry.name.startswith(".") and now - entry.stat().st_mtime > self._lease
                dead = is_id(entry.name) and entry.name not in owners and not self.is_alive(entry.name, now)
                if stale or dead:
                    with contextlib.suppress(OSError):
                        os.unlink(entry.path)  # noqa: PTH108 - entries of scandir are texts

    def close(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._file.close()


def _made_and_locked(path: Path) -> FileIO:
    """Make a file that is locked before it has its name, so that nobody ever finds it free."""
    hidden = path.with_name(f".new-{path.name}")
    file = open_safely(hidden, "x+b")
    _try_lock(file)
    hidden.replace(path)
    return file


def is_id(text: str) -> bool:
    """Tell whether a text is the id of a watcher."""
    return _ID.fullmatch(text) is not None


def this_machine() -> str:
    """Digits that name this machine since it was started."""
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        boot = platform.node()
    return hashlib.sha256(boot.encode()).hexdigest()[:12]


if sys.platform == "win32":

    def _try_lock(file: FileIO) -> bool | None:
        """Lock a file, or tell that another process holds it; None where that cannot be told."""
        import msvcrt  # noqa: PLC0415 - of Windows alone

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return True
        return False

else:
    import fcntl

    def _try_lock(file: FileIO) -> bool | None:
        """Lock a file, or tell that another process holds it; None where that cannot be told."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        return False
