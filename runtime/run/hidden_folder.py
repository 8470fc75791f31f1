"""The hidden folder inside a folder of results, where one process at a time makes what is to lie there.

It belongs to that process by a lock that the system drops when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from io import FileIO
from pathlib import Path

from landslip.runtime.access.location import exists, is_folder, is_text
from landslip.runtime.errors import LandslipError, OutputError, UsageError
from landslip.runtime.run.product_names import is_ours
from landslip.runtime.system import stopping
from landslip.runtime.system.drafts import LOCK, PARTIAL, sync, sync_names, write_file
from landslip.runtime.system.endings import undisturbed
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import is_filled, is_real_folder
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json

COMMITTED = "publish.json"
"""Names of drafts that are complete and get their final names, whatever happens: in the order they are moved."""

_ATTEMPTS = 100
"""Attempts at making the folders anew for a run, while others remove them. On some file systems they never stay."""


class HiddenFolder:
    """The hidden folder, made and locked."""

    def __init__(self, out: Path) -> None:
        """Make a folder of results if needed, and claim the hidden folder in it.

        Raises:
            UsageError: a run is under way there; or ``out`` is a file.
            OutputError: a folder cannot be made or written.
        """
        self.out = out
        self._hidden = out / PARTIAL
        check_folder(out)
        self.is_new = not exists(out)
        """True if ``out`` was not there before."""
        self._lock = self._locked()
        try:
            self._finish_publishing()
        except OSError as error:
            self._lock.close()
            raise _unwritable(out, error) from error

    def path(self, name: str) -> Path:
        """Path to write what will be called ``name``."""
        return self._hidden / name

    def sync_names(self) -> None:
        """Wait until the disk knows of the files that were made here, so that a power cut does not lose them whole."""
        sync_names(self._hidden)
        sync_names(self.out)

    def publish(self, names: Iterable[str]) -> None:
        """Put drafts under their final names, all or none, whatever ends the process meanwhile.

        Which drafts are to be moved is written down first. From then on whoever claims the folder next moves what is
        left to move; before, it drops the drafts.

        Args:
            names: of the drafts, in the order they are moved; the record last.

        Raises:
            OutputError: a file cannot be moved.
        """
        names = list(names)
        try:
            for name in names:
                stopping.check()
                sync(self.path(name))
            stopping.commit()
            with undisturbed():
                write_file(self.path(COMMITTED), json.dumps(names))
                self._finish_publishing()
        except LandslipError:
            raise
        except OSError as error:
            raise _unwritable(self.out, error) from error

    def _finish_publishing(self) -> None:
        """Move what an earlier process, or this one, has committed itself to.

        Raises:
            OSError: a file cannot be moved.
        """
        committed = self.path(COMMITTED)
        if not is_filled(committed):
            return
        for name in _committed_names(committed):
            # What is not there any more was moved already.
            with contextlib.suppress(FileNotFoundError):
                self.path(name).replace(self.out / name)
        sync_names(self.out)
        committed.unlink()

    def empty(self, first: str = "", spared: Sequence[str] = (LOCK,)) -> None:
        """Remove all that lies in it.

        Args:
            first: name of the file that goes first, as the rest says nothing without it.
            spared: names of files that stay.

        Raises:
            OSError: something cannot be removed.
        """
        for entry in sorted(self._hidden.iterdir(), key=lambda entry: entry.name != first):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name not in spared:
                entry.unlink(missing_ok=True)

    def clear(self, first: str = "") -> None:
        """Remove the hidden folder, and the lock as the last thing in it: another run may be waiting for it."""
        with contextlib.suppress(OSError):
            self.empty(first)
        if os.name == "nt":
            self._lock.close()  # Windows removes no open files
        with contextlib.suppress(OSError):
            (self._hidden / LOCK).unlink()
        self._lock.close()
        with contextlib.suppress(OSError):
            self._hidden.rmdir()

    def release(self) -> None:
        """Clear it away, unless something committed is left to be moved: then the lock alone is given back."""
        if is_filled(self.path(COMMITTED)):
            self.let_go()
        else:
            self.clear()

    def let_go(self) -> None:
        """Give the lock back; what lies there stays."""
        self._lock.close()

    def _locked(self) -> FileIO:
        try:
            for _ in range(_ATTEMPTS - 1):
                # Another run may remove the folders between one step and the next.
                with contextlib.suppress(FileNotFoundError):
                    return self._lock_in_folder()
            return self._lock_in_folder()
        except LandslipError:
            raise
        except OSError as error:
            raise _unwritable(self.out, error) from error

    def _lock_in_folder(self) -> FileIO:
        """Have both folders, and the lock in the hidden one.

        Raises:
            UsageError: another run holds it.
            OutputError: the name of the hidden folder is that of something else.
            OSError: something cannot be made.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self._hidden.mkdir()
        check_hidden(self._hidden)
        lock = open_locked(self._hidden / LOCK)
        if lock is None:
            raise UsageError(
                f"output: {self._holder()} is writing to {self.out}.",
                "Wait, or choose another.",
                where=self.out,
                option="out",
                retryable=True,
            )
        with contextlib.suppress(OSError):  # who holds it is a nicety, for which a full disk may have no room
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
        return lock

    def _holder(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return f"another run (process {int((self._hidden / LOCK).read_text(encoding='ascii'))})"
        return "another run"


def settle(out: Path) -> None:
    """Finish what a process that was killed had committed itself to in a folder of results, and drop its drafts.

    Args:
        out: the folder; where nothing was committed, it is left alone.

    Raises:
        UsageError: another run is at work there.
        OutputError: a file cannot be moved.
    """
    if is_filled(out / PARTIAL / COMMITTED):
        HiddenFolder(out).clear()


def drop_drafts(out: str) -> None:
    """Settle a folder, and remove drafts that a killed process has left in it; for its supervisor.

    Args:
        out: the folder of results.
    """
    if (Path(out) / PARTIAL).is_dir():
        HiddenFolder(Path(out)).clear()


def _committed_names(path: Path) -> list[str]:
    """Names of drafts, as they were written down; others than those of products were not written by landslip."""
    with contextlib.suppress(ValueError, RecursionError), path.open("rb") as stream:
        found = parse_json(stream.read(MOST_BYTES))
        return [name for name in found if isinstance(name, str) and is_ours(name)] if isinstance(found, list) else []
    return []


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(
        f"output: {out} cannot be written ({error.strerror or error}).",
        "Choose another folder.",
        where=out,
        option="out",
    )


def check_folder(out: Path) -> None:
    """Make sure, before anything is done, that results could lie under a name.

    Raises:
        UsageError: it is that of a file, or of a link into nothing, or no text.
    """
    if not is_text(out):
        raise UsageError(
            f"output: the name {out} is not in UTF-8, which GDAL needs.",
            "Choose another folder.",
            where=out,
            option="out",
        )
    if os.path.exists(out) and not is_folder(out):  # noqa: PTH110 - Path.exists may raise
        raise UsageError(f"output: {out} is a file.", "Give the name of a folder.", where=out, option="out")
    if os.path.islink(out) and not exists(out):  # noqa: PTH114 - so may Path.is_symlink
        raise UsageError(
            f"output: {out} is a link to {out.readlink()}, which is not there.",
            "Connect its disk, or choose another folder.",
            where=out,
            option="out",
        )


def check_hidden(folder: Path) -> None:
    """Make sure that what is there under the name of a hidden folder is one.

    Raises:
        OutputError: it is a file, or a link.
        OSError: there is nothing.
    """
    if not is_real_folder(folder):
        raise OutputError(
            f"output: {folder} is a file or a link, and landslip needs that name for a folder of its own.",
            "Remove it, or choose another folder.",
            where=folder,
            option="out",
        )
