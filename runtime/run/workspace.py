"""The output folder: results are made in a hidden folder inside it and moved to their names when all are complete.

The hidden folder belongs to one run at a time, by a lock that the system drops when the run ends, however it ends. What
an unfinished run has left in it stays there for another one to go on from.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from landslip.runtime.errors import LandslipError, OutputError, UsageError
from landslip.runtime.run.hidden_folder import HiddenFolder
from landslip.runtime.run.product_names import (
    EARLIER,
    LANDSLIDES,
    PRODUCTS,
    RECORD,
    RESUME_FILES,
    ROWS,
    SHARDS,
    products_of,
)
from landslip.runtime.system import stopping
from landslip.runtime.system.drafts import LOCK, PARTIAL, put_in_place, sync
from landslip.runtime.system.endings import Will, bequeath, standing, undisturbed
from landslip.runtime.system.safe_writing import is_filled

if TYPE_CHECKING:
    from typing_extensions import Self

_SIDE_FILES = tuple(f"{LANDSLIDES}-{kind}" for kind in ("wal", "shm", "journal"))


class Workspace:
    """A context in which products are written; leaving it with an error leaves nothing under a final name."""

    def __init__(
        self, out: Path, *, overwrite: bool, resume: bool = False, keep: bool = True, further: Sequence[str] = ()
    ) -> None:
        """Claim a folder.

        Args:
            out: made if needed.
            overwrite: replace the results of an earlier run once the new ones are complete, and start anew.
            resume: go on with what an unfinished run has left.
            keep: leave what a later run can go on with, if this one ends early.
            further: names of products that the run makes on demand.

        Raises:
            UsageError: results are there already, or an unfinished run, or a run is under way; or ``out`` is a file.
            OutputError: the folder cannot be made or written.
        """
        self.out, self._overwrite, self._may_resume = out, overwrite, keep
        self._names = (*PRODUCTS, *further)
        self.hidden = HiddenFolder(out)
        """Folder of drafts, locked."""
        self._made = self.hidden.is_new
        self.is_resumable = False
        """True if the hidden folder stays when the context is left with an error."""
        self.is_published = False
        """True if the results have their names."""
        self.complete = False
        """True if a run is to go on that is complete already."""
        try:
            self.unfinished = self._taken_over(overwrite=overwrite, resume=resume)
        except BaseException:
            self.hidden.let_go()
            raise
        self._will_before = standing().will
        if not self.is_resumable:
            bequeath(Will(clear=f"{__name__}:{abandoned.__name__}", arguments=(str(out.absolute()), self._made)))

    def _taken_over(self, *, overwrite: bool, resume: bool) -> bool:
        """Tell whether there is an unfinished run to go on with."""
        left = is_filled(self.path(ROWS))
        if left and not (overwrite or resume):
            raise UsageError(
                f"output: {self.out} holds a run that is not finished.",
                "Add resume=True to go on with it, or overwrite=True to start anew.",
                where=self.out,
                option="out",
            )
        self.is_resumable = left and not overwrite
        self.complete = resume and not left and all((self.out / name).is_file() for name in PRODUCTS)
        self.hidden.empty(ROWS, RESUME_FILES if self.is_resumable else (LOCK, EARLIER))
        if not (self.is_resumable or self.complete):
            try:
                self.check_free()
            except UsageError:
                self.hidden.clear(ROWS)
                raise
        return self.is_resumable

    def check_free(self) -> None:
        """Make sure that no results are there that may not be replaced.

        Raises:
            UsageError: there are.
        """
        found = [name for name in self._names if (self.out / name).exists()]
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

    def claim(self, names: Sequence[str]) -> None:
        """Claim names of further products, which were not known before.

        Raises:
            UsageError: something has one that may not be replaced.
        """
        self._names = (*self._names, *names)
        if not (self.is_resumable or self.complete):
            self.check_free()

    def path(self, name: str) -> Path:
        """Path to write what will be called ``name``."""
        return self.hidden.path(name)

    def allow_resume(self) -> None:
        """Note that something is there from now on that a later run can go on with."""
        self.is_resumable = self._may_resume

    def publish(self, names: Iterable[str]) -> None:
        """Put every product under its final name, undisturbed by signals, and wait until the disk has them.

        Nor does a call stop once it has begun. What they were made from is still there until then, so that a power cut
        loses nothing. Products of the run that was there before go, as its record lists them; files of others stay.

        Args:
            names: of all products; the record, which every run has, comes last.

        Raises:
            OutputError: a file cannot be moved.
        """
        products = [self.path(name) for name in (*names, RECORD)]
        try:
            for product in products:  # which may take its time, and signals need not wait for it
                stopping.check()
                sync(product)
            stopping.commit()
            with undisturbed():
                self._set_earlier_record_aside()
                old = products_of(self.path(EARLIER)) - {product.name for product in products}
                # SQLite would play side files of an earlier map into the new one.
                put_in_place(products, self.out, stale=(*sorted(old), *_SIDE_FILES))
                self.is_resumable, self.is_published = False, True
            shutil.rmtree(self.out / SHARDS, ignore_errors=True)  # of a run that had begun with workers
        except LandslipError:
            raise
        except OSError as error:
            raise OutputError(
                f"output: results cannot be put into {self.out} ({error}).", where=self.out, option="out"
            ) from error

    def _set_earlier_record_aside(self) -> None:
        """Move the record of the run before into the hidden folder.

        There a run that is killed meanwhile leaves it for the one that goes on, to know what belonged to it.
        """
        with contextlib.suppress(FileNotFoundError):
            (self.out / RECORD).replace(self.path(EARLIER))
            self.hidden.sync_names()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_resumable:
            self.hidden.let_go()
        else:
            self.hidden.clear(ROWS)
        if error is not None and self._made:
            # Somebody else may have put something there meanwhile; then it stays.
            with contextlib.suppress(OSError):
                self.out.rmdir()
        bequeath(self._will_before)


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
