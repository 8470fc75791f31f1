"""The one way to give a file its name: it is written as a draft beside it, reaches the disk, and is renamed.

So nothing partial is ever seen under a final name, whether the process is killed or the power is cut. A draft is
called ``.landslip-partial-XXXXXXXX-NAME`` with eight random digits: nobody knows the name beforehand, two processes
never share a draft, and it has the ending of the file, which GDAL goes by. ``docs/decisions/drafts.md`` gives reasons.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from landslip.runtime.errors import LandslipError, OutputError
from landslip.runtime.system.safe_writing import write_anew

PARTIAL = ".landslip-partial"
"""Begins the name of everything that is unfinished: drafts, and the folders that results are made in."""

LOCK = "lock"
"""Name of the file in such a folder that its owner holds locked."""

_STALE = 24 * 3600
"""Seconds after which nobody is writing a draft any more."""


def draft_name(path: Path) -> Path:
    """A new name beside ``path``, for a draft of it. Drafts that were left there by killed processes are removed."""
    _remove_stale(path.parent)
    return path.with_name(f"{PARTIAL}-{secrets.token_hex(4)}-{path.name}")


def give_name(draft: Path, path: Path) -> None:
    """Rename a complete draft, once the disk has it; a file that has the name already is replaced.

    Raises:
        OSError: it cannot be synced or renamed.
    """
    sync(draft)
    draft.replace(path)
    sync_names(path.parent)


@contextmanager
def drafts_of(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Names to write files of one folder to; they get their own when the block ends well, and are removed otherwise.

    Args:
        paths: the final names, one or more; files that have them are replaced, in this order, once all are complete.

    Raises:
        OSError: a draft cannot be synced or renamed.
    """
    drafts = tuple(draft_name(path) for path in paths)
    try:
        yield drafts
        for draft in drafts:
            sync(draft)
        for draft, path in zip(drafts, paths, strict=True):
            draft.replace(path)
        sync_names(paths[0].parent)
    finally:
        for draft in drafts:
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A name to write one file to, as :func:`drafts_of` gives them.

    Raises:
        OSError: the draft cannot be synced or renamed.
    """
    with drafts_of(path) as (draft,):
        yield draft


def write_file(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a whole file, in place of one that has the name already. Texts are in UTF-8.

    Args:
        path: the final name.
        content: all of it.
        private: whether only the user may read and write it.

    Raises:
        OSError: it cannot be written.
    """
    with draft_of(path) as draft:
        write_anew(draft, content, private=private)


def put_in_place(drafts: Sequence[Path], folder: Path, *, stale: Iterable[str] = ()) -> None:
    """Move files into a folder, in their order, when the disk has them all.

    The last one vouches for the others, such as the record of an artifact: the one of an earlier time goes before they
    are touched. Where it is, they are complete and belong to it.

    Args:
        drafts: files on the same disk, with their final names.
        folder: where they go.
        stale: names in it that are removed as well, before.

    Raises:
        OSError: a file cannot be synced or moved.
    """
    for draft in drafts:
        sync(draft)
    for name in (drafts[-1].name, *stale):
        (folder / name).unlink(missing_ok=True)
    for draft in drafts:
        draft.replace(folder / draft.name)
    sync_names(folder)


@contextmanager
def output_errors(what: Path) -> Iterator[None]:
    """Turn what the system says in a block that writes a file, or into a folder, into a sentence about it.

    Raises:
        OutputError: there was an OSError.
    """
    try:
        yield
    except LandslipError:
        raise
    except OSError as error:
        raise OutputError(
            f"{what} cannot be written ({error.strerror or error}).", "Check the folder and its space.", where=what
        ) from error


def sync(path: Path) -> None:
    """Wait until the disk has the content of a file.

    Raises:
        OSError: it is not there, or the disk fails.
    """
    file = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_names(folder: Path) -> None:
    """Wait until the disk has the names in a folder, where the system can do that: Windows and some networks cannot."""
    with contextlib.suppress(OSError):
        sync(folder)


def _remove_stale(folder: Path) -> None:
    now = time.time()
    with contextlib.suppress(OSError):  # what cannot be listed now is removed another time
        for draft in list(folder.glob(f"{PARTIAL}-????????-*")):
            with contextlib.suppress(OSError):  # a folder, or another process is removing it
                if now - draft.lstat().st_mtime > _STALE:
                    draft.unlink()
