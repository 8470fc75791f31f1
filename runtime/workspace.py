"""The output folder: results are made in a hidden folder inside it and moved to their names when all are complete.

The hidden folder belongs to one run at a time, by a lock that the system drops when the run ends, however it ends. What
an unfinished run has left in it stays there for another one to go on from.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.locks import open_locked

if TYPE_CHECKING:
    from typing_extensions import Self

RECORD = "run.json"
"""The run record is moved last: where it is, the rest is complete and belongs to it."""

PRODUCTS = ("confidence.tif", "landslides.gpkg", "quicklook.png", RECORD)
"""Final names, in the order they are put in place."""

PARTIAL = ".landslip-partial"
"""Name of the hidden folder."""

ROWS = "rows.raw"
"""What is finished of the map, in the hidden folder."""

_LOCK = "lock"

_SIDE_FILES = tuple(f"landslides.gpkg-{kind}" for kind in ("wal", "shm", "journal"))


class Workspace:
    """A context in which products are written; leaving it with an error leaves nothing under a final name."""

    def __init__(self, out: Path, *, overwrite: bool, resume: bool = False) -> None:
        """Claim a folder.

        Args:
            out: made if needed.
            overwrite: replace the results of an earlier run once the new ones are complete, and start anew.
            resume: go on with what an unfinished run has left.

        Raises:
            UsageError: results are there already, or an unfinished run, or a run is under way; or ``out`` is a file.
            OutputError: the folder cannot be made or written.
        """
        self.out, self._overwrite = out, overwrite
        self._partial = out / PARTIAL
        if out.exists() and not out.is_dir():
            raise UsageError(f"output: {out} is a file. Give the name of a folder.")
        self._made = not out.exists()
        self._lock = self._locked()
        self.is_kept = False
        """Whether the hidden folder stays when the context is left with an error."""
        self.is_published = False
        """Whether the results have their names."""
        self.complete = False
        """Whether a run is to go on that is complete already."""
        try:
            self.unfinished = self._taken_over(overwrite=overwrite, resume=resume)
        except BaseException:
            self._lock.close()
            raise

    def _locked(self) -> FileIO:
        try:
            lock = None
            while lock is None:
                # Another run may just be removing the folder.
                with contextlib.suppress(FileNotFoundError, FileExistsError):
                    self._partial.mkdir(parents=True, exist_ok=True)
                    lock = open_locked(self._partial / _LOCK)
                    if lock is None:
                        raise UsageError(f"output: {self._holder()} is writing to {self.out}. Wait, or choose another.")
            with contextlib.suppress(OSError):  # who holds it is a nicety, for which a full disk may have no room
                lock.truncate(0)
                lock.write(str(os.getpid()).encode())
        except OSError as error:
            raise OutputError(
                f"output: {self.out} cannot be written ({error.strerror}). Choose another folder."
            ) from error
        return lock

    def _holder(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return f"another run (process {int((self._partial / _LOCK).read_text(encoding='ascii'))})"
        return "another run"

    def _taken_over(self, *, overwrite: bool, resume: bool) -> bool:
        """Whether there is an unfinished run to go on with."""
        rows = self._partial / ROWS
        left = rows.exists() and rows.stat().st_size > 0
        if left and not (overwrite or resume):
            raise UsageError(
                f"output: {self.out} holds a run that is not finished. Add --resume to go on with it, or --overwrite "
                "to start anew."
            )
        self.is_kept = left and not overwrite
        self.complete = resume and not left and all((self.out / name).is_file() for name in PRODUCTS)
        if not self.is_kept:
            self._empty()
        if not (self.is_kept or self.complete):
            try:
                self.check_free()
            except UsageError:
                self._clear()
                raise
        return self.is_kept

    def check_free(self) -> None:
        """Make sure that no results are there that may not be replaced.

        Raises:
            UsageError: there are.
        """
        found = [name for name in PRODUCTS if (self.out / name).exists()]
        folders = [name for name in found if (self.out / name).is_dir()]
        if folders:
            raise UsageError(f"output: {self.out / folders[0]} is a folder. Choose another folder for the results.")
        if found and not self._overwrite:
            raise UsageError(
                f"output: {self.out} holds results already ({', '.join(found)}). "
                "Choose another folder, or add --overwrite to replace them."
            )

    def path(self, name: str) -> Path:
        """Where to write what will be called ``name``."""
        return self._partial / name

    def keep(self) -> None:
        """From now on something is there that a later run can go on with."""
        self.is_kept = True

    def sync_names(self) -> None:
        """Wait until the disk knows of the files that were made here, so that a power cut does not lose them whole."""
        _sync_names(self._partial)
        _sync_names(self.out)

    def publish(self) -> None:
        """Put every product under its final name, undisturbed by signals, and wait until the disk has them.

        What they were made from is still there until then, so that a power cut loses nothing.

        Raises:
            OutputError: a file cannot be moved.
        """
        try:
            for name in PRODUCTS:
                _sync(self.path(name))
            with _undisturbed():
                # The record of an earlier run goes first, and so do side files that SQLite would play into the new map.
                for stale in (RECORD, *_SIDE_FILES):
                    (self.out / stale).unlink(missing_ok=True)
                for name in PRODUCTS:
                    self.path(name).replace(self.out / name)
                _sync_names(self.out)
                self.is_kept, self.is_published = False, True
        except OSError as error:
            raise OutputError(f"output: results cannot be put into {self.out} ({error}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_kept:
            self._lock.close()
        else:
            self._clear()
        if error is not None and self._made:
            # Somebody else may have put something there meanwhile; then it stays.
            with contextlib.suppress(OSError):
                self.out.rmdir()

    def _empty(self) -> None:
        # The rows first: without them the rest says nothing, and they would say something wrong without the rest.
        (self._partial / ROWS).unlink(missing_ok=True)
        for entry in self._partial.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name != _LOCK:
                entry.unlink(missing_ok=True)

    def _clear(self) -> None:
        """Remove the hidden folder, and the lock as the last thing in it: another run may be waiting for it."""
        with contextlib.suppress(OSError):
            self._empty()
        if os.name == "nt":
            self._lock.close()  # Windows removes no open files
        with contextlib.suppress(OSError):
            (self._partial / _LOCK).unlink()
        self._lock.close()
        with contextlib.suppress(OSError):
            self._partial.rmdir()


def _sync_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where the system can do that: Windows and some networks cannot."""
    with contextlib.suppress(OSError):
        _sync(folder)


def _sync(path: Path) -> None:
    """Wait until the disk has a file."""
    file = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A block in which Ctrl-C and SIGTERM wait for its end."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
