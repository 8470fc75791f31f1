"""The output folder: results are made in a hidden folder inside it and moved to their names when all are complete.

The hidden folder belongs to one run at a time, by a lock that the system drops when the run ends, however it ends. What
an unfinished run has left in it stays there for another one to go on from.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from landslip.runtime.access.location import exists, is_folder, is_text
from landslip.runtime.errors import LandslipError, OutputError, UsageError
from landslip.runtime.system.drafts import LOCK, PARTIAL, put_in_place, sync, sync_names
from landslip.runtime.system.endings import Will, bequeath, standing, undisturbed
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import is_filled, is_real_folder

if TYPE_CHECKING:
    from typing_extensions import Self

RECORD = "run.json"
"""The run record is moved last: where it is, the rest is complete and belongs to it."""

CONFIDENCE = "confidence.tif"
"""Confidence of each pixel."""

LANDSLIDES = "landslides.gpkg"
"""Polygons."""

QUICKLOOK = "quicklook.png"
"""Picture of the map beside the images."""

PRODUCTS = (CONFIDENCE, LANDSLIDES, QUICKLOOK, RECORD)
"""Final names, in the order they are put in place."""

ROWS = "rows.raw"
"""Rows of the map that are finished, in the hidden folder."""

PICTURES = "images.raw"
"""Small pictures of the images in these rows."""

JOURNAL = "journal.jsonl"
"""Journal of what is made there, and how much of it is finished."""

_ATTEMPTS = 100
"""Attempts at making the folders anew for a run, while others remove them. On some file systems they never stay."""

_RESUME_FILES = (LOCK, ROWS, PICTURES, JOURNAL)
"""Files that a run needs to go on. Drafts of the one before would only be in its way, and might be planted links."""

_SIDE_FILES = tuple(f"{LANDSLIDES}-{kind}" for kind in ("wal", "shm", "journal"))


class Workspace:
    """A context in which products are written; leaving it with an error leaves nothing under a final name."""

    def __init__(self, out: Path, *, overwrite: bool, resume: bool = False, keep: bool = True) -> None:
        """Claim a folder.

        Args:
            out: made if needed.
            overwrite: replace the results of an earlier run once the new ones are complete, and start anew.
            resume: go on with what an unfinished run has left.
            keep: leave what a later run can go on with, if this one ends early.

        Raises:
            UsageError: results are there already, or an unfinished run, or a run is under way; or ``out`` is a file.
            OutputError: the folder cannot be made or written.
        """
        self.out, self._overwrite, self._may_resume = out, overwrite, keep
        self._hidden = out / PARTIAL
        check_folder(out)
        self._made = not exists(out)
        self._lock = self._locked()
        self.is_resumable = False
        """True if the hidden folder stays when the context is left with an error."""
        self.is_published = False
        """True if the results have their names."""
        self.complete = False
        """True if a run is to go on that is complete already."""
        try:
            self.unfinished = self._taken_over(overwrite=overwrite, resume=resume)
        except BaseException:
            self._lock.close()
            raise
        self._will_before = standing().will
        if not self.is_resumable:
            bequeath(Will(clear=f"{__name__}:{abandoned.__name__}", arguments=(str(out.absolute()), self._made)))

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
            raise OutputError(
                f"output: {self.out} cannot be written ({error.strerror}).",
                "Choose another folder.",
                where=self.out,
                option="out",
            ) from error

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

    def _taken_over(self, *, overwrite: bool, resume: bool) -> bool:
        """Tell whether there is an unfinished run to go on with."""
        left = is_filled(self._hidden / ROWS)
        if left and not (overwrite or resume):
            raise UsageError(
                f"output: {self.out} holds a run that is not finished.",
                "Add resume=True to go on with it, or overwrite=True to start anew.",
                where=self.out,
                option="out",
            )
        self.is_resumable = left and not overwrite
        self.complete = resume and not left and all((self.out / name).is_file() for name in PRODUCTS)
        self._empty(_RESUME_FILES if self.is_resumable else (LOCK,))
        if not (self.is_resumable or self.complete):
            try:
                self.check_free()
            except UsageError:
                self._clear()
                raise
        return self.is_resumable

    def check_free(self) -> None:
        """Make sure that no results are there that may not be replaced.

        Raises:
            UsageError: there are.
        """
        found = [name for name in PRODUCTS if (self.out / name).exists()]
        folders = [name for name in found if (self.out / name).is_dir()]
        if folders:
            raise UsageError(
                f"output: {self.out / folders[0]} is a folder.",
                "Choose another folder for the results.",
                where=self.out,
                option="out",
            )
        if found and not self._overwrite:
            raise UsageError(
                f"output: {self.out} holds results already ({', '.join(found)}).",
                "Choose another folder, or add overwrite=True to replace them.",
                where=self.out,
                option="out",
            )

    def path(self, name: str) -> Path:
        """Path to write what will be called ``name``."""
        return self._hidden / name

    def allow_resume(self) -> None:
        """Note that something is there from now on that a later run can go on with."""
        self.is_resumable = self._may_resume

    def sync_names(self) -> None:
        """Wait until the disk knows of the files that were made here, so that a power cut does not lose them whole."""
        sync_names(self._hidden)
        sync_names(self.out)

    def publish(self) -> None:
        """Put every product under its final name, undisturbed by signals, and wait until the disk has them.

        What they were made from is still there until then, so that a power cut loses nothing.

        Raises:
            OutputError: a file cannot be moved.
        """
        try:
            products = [self.path(name) for name in PRODUCTS]
            for product in products:  # which may take its time, and signals need not wait for it
                sync(product)
            with undisturbed():
                # SQLite would play side files of an earlier map into the new one.
                put_in_place(products, self.out, stale=_SIDE_FILES)
                self.is_resumable, self.is_published = False, True
        except OSError as error:
            raise OutputError(
                f"output: results cannot be put into {self.out} ({error}).", where=self.out, option="out"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_resumable:
            self._lock.close()
        else:
            self._clear()
        if error is not None and self._made:
            # Somebody else may have put something there meanwhile; then it stays.
            with contextlib.suppress(OSError):
                self.out.rmdir()
        bequeath(self._will_before)

    def _empty(self, spared: Sequence[str] = (LOCK,)) -> None:
        # The rows first: without them the rest says nothing, and they would say something wrong without the rest.
        for entry in sorted(self._hidden.iterdir(), key=lambda entry: entry.name != ROWS):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.name not in spared:
                entry.unlink(missing_ok=True)

    def _clear(self) -> None:
        """Remove the hidden folder, and the lock as the last thing in it: another run may be waiting for it."""
        with contextlib.suppress(OSError):
            self._empty()
        if os.name == "nt":
            self._lock.close()  # Windows removes no open files
        with contextlib.suppress(OSError):
            (self._hidden / LOCK).unlink()
        self._lock.close()
        with contextlib.suppress(OSError):
            self._hidden.rmdir()


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


def abandoned(out: str, made: bool) -> None:
    """Clear away what a run has left in a folder that was killed before it had finished anything; for its supervisor.

    Args:
        out: the folder of results.
        made: whether the run has made it.
    """
    if not (Path(out) / PARTIAL).is_dir():
        return
    with Workspace(Path(out), overwrite=True):  # which has the lock, so no other run is in there
        pass
    if made:
        with contextlib.suppress(OSError):
            Path(out).rmdir()
