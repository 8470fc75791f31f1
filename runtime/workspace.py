"""The output folder: results are made in a hidden folder inside it and moved to their names when all are complete."""

from __future__ import annotations

import contextlib
import shutil
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
        self.out = out
        self._partial = out / ".landslip-partial"
        if out.exists() and not out.is_dir():
            raise UsageError(f"output: {out} is a file. Give the name of a folder.")
        found = [name for name in PRODUCTS if (out / name).exists()]
        if found and not overwrite:
            raise UsageError(
                f"output: {out} holds results already ({', '.join(found)}). "
                "Choose another folder, or add --overwrite to replace them."
            )
        self._made = not out.exists()
        try:
            shutil.rmtree(self._partial, ignore_errors=True)
            self._partial.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"output: {out} cannot be written ({error.strerror}). Choose another folder.") from error

    def path(self, name: str) -> Path:
        """Where to write what will be called ``name``."""
        return self._partial / name

    def publish(self) -> None:
        """Put every product under its final name.

        Raises:
            OutputError: a file cannot be moved.
        """
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
