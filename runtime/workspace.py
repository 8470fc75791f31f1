"""The output folder: results are made in a hidden folder inside it and moved to their names when all are complete."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from landslip.runtime.errors import OutputError, UsageError

if TYPE_CHECKING:
    from typing_extensions import Self

RECORD = "run.json"
"""The run record is moved last: where it is, the rest is complete and belongs to it."""

PRODUCTS = ("confidence.tif", "landslides.gpkg", "quicklook.png", RECORD)
"""Final names, in the order they are put in place."""


_SIDE_FILES = tuple(f"landslides.gpkg-{kind}" for kind in ("wal", "shm", "journal"))


class Workspace:
    """A context in which products are written; leaving it with an error leaves nothing under a final name."""

    def __init__(self, out: Path, *, overwrite: bool) -> None:
        """Claim a folder.

        Args:
            out: made if needed.
            overwrite: replace the results of an earlier run, once the new ones are complete.

        Raises:
            UsageError: results are there already, or ``out`` is a file.
            OutputError: the folder cannot be made or written.
        """
        self.out, self._overwrite = out, overwrite
        if out.exists() and not out.is_dir():
            raise UsageError(f"output: {out} is a file. Give the name of a folder.")
        self._check_free()
        self._made = not out.exists()
        try:
            out.mkdir(parents=True, exist_ok=True)
            # A folder of its own: another run into the same place must not pull this one's from under it.
            self._partial = Path(tempfile.mkdtemp(prefix=".landslip-partial-", dir=out))
        except OSError as error:
            raise OutputError(f"output: {out} cannot be written ({error.strerror}). Choose another folder.") from error

    def _check_free(self) -> None:
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

    def publish(self) -> None:
        """Put every product under its final name.

        Raises:
            UsageError: another run has put its results there meanwhile.
            OutputError: a file cannot be moved.
        """
        self._check_free()
        try:
            # The record of an earlier run goes first, and so do side files that SQLite would play into the new map.
            for stale in (RECORD, *_SIDE_FILES):
                (self.out / stale).unlink(missing_ok=True)
            for name in PRODUCTS:
                self.path(name).replace(self.out / name)
        except OSError as error:
            raise OutputError(f"output: results cannot be put into {self.out} ({error}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        if error is not None and self._made:
            # Somebody else may have put something there meanwhile; then it stays.
            with contextlib.suppress(OSError):
                self.out.rmdir()
