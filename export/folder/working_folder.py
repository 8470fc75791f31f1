"""Folders that an export writes into: the one of its artifacts, and a hidden one in it where they are made."""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from landslip.runtime.access.location import exists
from landslip.runtime.errors import OutputError
from landslip.runtime.run.hidden_folder import check_folder
from landslip.runtime.system.drafts import LOCK, PARTIAL, output_errors
from landslip.runtime.system.locks import open_locked

log = logging.getLogger(__name__)

_HIDDEN = f"{PARTIAL}-"
"""Begin of the names of working folders."""
_ATTEMPTS = 10


@contextmanager
def output_folder(out: Path) -> Iterator[None]:
    """Have a folder, and leave no empty ones behind that were made for it when the block fails.

    Raises:
        UsageError: it could not be one.
        OutputError: it cannot be made.
    """
    check_folder(out)
    made = [folder for folder in (out, *out.parents) if not exists(folder)]
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


@contextmanager
def working_folder(out: Path) -> Iterator[Path]:
    """A hidden folder inside ``out`` that goes with everything in it when the block ends.

    Those that were left behind by processes that are gone go as well.

    Raises:
        OutputError: it cannot be made, or what is written into it does not fit.
    """
    try:
        folder, lock = _owned_folder(out)
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}). Choose another folder.") from error
    try:
        with output_errors(out):
            _remove_leftovers(out, folder)
            yield folder
    finally:
        lock.close()  # first: Windows removes no file that is open
        shutil.rmtree(folder, ignore_errors=True)


def _owned_folder(out: Path) -> tuple[Path, FileIO]:
    """A new folder, and the lock in it that says that its owner lives."""
    for _ in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=out))
        # Another export may take it for a leftover before it is locked, and remove it.
        with contextlib.suppress(FileNotFoundError):
            if (lock := open_locked(folder / LOCK)) is not None:
                return folder, lock
    raise OSError(errno.EAGAIN, "other exports remove what is made there")


def _remove_leftovers(out: Path, current: Path) -> None:
    held = open_locked(current / LOCK)
    if held is not None:  # locks do not work there, and nothing says who lives
        held.close()
        return
    for folder in out.glob(f"{_HIDDEN}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or not folder.is_dir() or (lock := open_locked(folder / LOCK)) is None:
                continue
            lock.close()
            shutil.rmtree(folder, ignore_errors=True)
            log.info("%s was left behind by an export that was killed, and is removed", folder)
