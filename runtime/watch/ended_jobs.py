"""Jobs of a spool that have ended, as far as their files show that landslip has ended them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

from landslip.runtime.system.safe_writing import is_filled
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.watch.job_names import ERROR, MARKERS, RESULT, is_job_file
from landslip.runtime.watch.spool_folders import Spool

_MOST = 1 << 20
"""Bytes of a marker or an error file that are read."""


@dataclass(frozen=True)
class Ended:
    """Files of a job that has ended, or of its result."""

    name: str
    """Name of the job."""
    paths: tuple[Path, ...]
    """Files, in the order in which they can be removed: the one that vouches for the others comes last."""
    since: float
    """Seconds since 1970 at which it ended, or was touched last."""
    folder: Path | None = None
    """Folder of the result; None for files alone."""


def ended_in_done(spool: Spool) -> Iterator[Ended]:
    """Job files in ``done/``, with the markers that came with them; anything else there is somebody else's.

    Raises:
        OSError: the folder cannot be read.
    """
    for name, stat in _files(spool.done):
        if is_job_file(name):
            file = spool.done / name
            yield Ended(file.stem, (*_companions(file), file), _time(stat))


def ended_in_failed(spool: Spool) -> Iterator[Ended]:
    """Errors in ``failed/``, with the job files that they name; a job file without one is somebody else's.

    Raises:
        OSError: the folder cannot be read.
    """
    for name, stat in _files(spool.failed):
        if not name.endswith(ERROR):
            continue
        error = spool.failed / name
        told = told_in(error)
        file = told.get("file")
        if not isinstance(told.get("error"), dict) or not isinstance(file, str) or not _is_name(file):
            continue
        job = spool.failed / file
        yield Ended(name.removesuffix(ERROR), (*_companions(job), job, error), _time(stat))


def results(spool: Spool) -> Iterator[Ended]:
    """Results in ``out/`` whose marker says that they are there, and that no job in hand has the name of.

    Raises:
        OSError: the folder cannot be read.
    """
    for name, stat in _files(spool.out):
        job = name.removesuffix(RESULT)
        if name.endswith(RESULT) and job and not job.startswith(".") and not os.path.lexists(spool.work / job):
            folder = spool.out / job
            yield Ended(job, (folder, spool.out / name), _time(stat), folder)


def told_in(path: Path) -> dict[str, Any]:
    """Values of a marker or an error file of ours; nothing where it is none."""
    if not is_filled(path):
        return {}
    with contextlib.suppress(OSError, ValueError, RecursionError), path.open("rb") as stream:
        found = parse_json(stream.read(_MOST))
        return found if isinstance(found, dict) else {}
    return {}


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Names and states of regular files that are not hidden."""
    for entry in list(os.scandir(folder)):
        with contextlib.suppress(OSError):  # another watcher may have removed it
            if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                yield entry.name, entry.stat(follow_symlinks=False)


def _companions(file: Path) -> tuple[Path, ...]:
    names = [f"{name}{ending}" for name in (file.name, file.stem) for ending in MARKERS]
    return tuple(path for path in map(file.with_name, names) if _is_plain(path))


def _is_plain(path: Path) -> bool:
    """Tell whether a name, which may be longer than any can be, is that of a regular file and no link."""
    try:
        return S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _time(stat: os.stat_result) -> float:
    """Time since when it lies there: a rename changes the state of a file and not its content."""
    return max(stat.st_mtime, stat.st_ctime)


def _is_name(text: str) -> bool:
    return text not in {"", ".", ".."} and not text.startswith(".") and "/" not in text and os.sep not in text
