"""Claims on jobs: each job belongs to one watcher at a time, on however many machines they run.

A job in hand is a folder ``work/NAME`` that holds the job file and one empty file which says whose it is:
``.owner-ID`` with the id of a watcher, or ``.waiting`` where it may be claimed. All that changes hands does so by one
rename of a name that only one can rename: a new job by the rename of a ready-made folder to ``work/NAME``, which fails
where one is there, and then of the job file into it; a job that waits, or whose watcher died, by the rename of that
empty file. Who comes second finds nothing to rename, and knows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.system.clock import now
from landslip.runtime.system.safe_writing import write_anew
from landslip.runtime.watch.attempts import Attempts, read_attempts, write_attempts
from landslip.runtime.watch.job_names import MARKERS, is_job_file
from landslip.runtime.watch.spool_folders import Spool
from landslip.runtime.watch.watchers import Watcher, is_id

_TAKEN = {errno.ENOTEMPTY, errno.EEXIST}
_GONE = {errno.ENOENT, errno.ENOTDIR, getattr(errno, "ESTALE", errno.ENOENT)}
"""Errors of a name that is not there any more; ESTALE is of network file systems."""
_OWNER, _WAITING, _NEW = ".owner-", ".waiting", ".new-"


@dataclass(frozen=True)
class Held:
    """State of a folder in ``work/``."""

    name: str
    """Name of the job."""
    folder: Path
    """The folder."""
    token: str
    """Name of the file that says whose it is; empty where none does."""
    file: Path | None
    """The job file; None where it is gone, or has not come."""

    @property
    def owner(self) -> str | None:
        """Id of the watcher that owns it; None where it waits."""
        found = self.token.removeprefix(_OWNER)
        return found if self.token.startswith(_OWNER) and is_id(found) else None


@dataclass(frozen=True)
class Claim:
    """A job that belongs to this watcher."""

    name: str
    """Name of the job."""
    folder: Path
    """Folder of it in ``work/``."""
    file: Path
    """The job file in it."""
    owner: str
    """Id of this watcher."""

    def is_held(self) -> bool:
        """Tell whether the job is still this watcher's: another one takes it over when it thinks this one dead.

        While a network file system does not answer, it is.
        """
        try:
            os.lstat(self.folder / f"{_OWNER}{self.owner}")
        except OSError as error:
            return error.errno not in _GONE
        return True

    def release(self) -> None:
        """Let others claim the job."""
        with contextlib.suppress(OSError):
            (self.folder / f"{_OWNER}{self.owner}").rename(self.folder / _WAITING)

    def companions(self) -> tuple[Path, ...]:
        """Files that came with the job file, such as its marker."""
        return tuple(
            sorted(path for path in self.folder.iterdir() if path != self.file and not path.name.startswith("."))
        )

    def end(self) -> None:
        """Remove the folder, once its job file lies elsewhere; where it is still there, it stays."""
        with contextlib.suppress(OSError):
            if self.is_held() and not self.file.exists():
                _remove(self.folder)


def claim_new(spool: Spool, watcher: Watcher, file: Path, name: str, arrived: float) -> Claim | None:
    """Claim a job in ``in/``.

    Args:
        spool: the spool.
        watcher: who claims.
        file: the job file.
        name: name of the job.
        arrived: when it came.

    Returns:
        The claim; None where another one was first, or a job of that name is in hand.

    Raises:
        OSError: the file system fails.
    """
    ready, folder = spool.work / f"{_NEW}{watcher.id}-{secrets.token_hex(4)}", spool.work / name
    ready.mkdir()
    try:
        write_attempts(ready, Attempts(arrived=arrived, claimed=now()))
        write_anew(ready / f"{_OWNER}{watcher.id}", b"")
        ready.rename(folder)
    except OSError as error:
        shutil.rmtree(ready, ignore_errors=True)
        if error.errno in _TAKEN or folder.exists():  # it may be gone again by now
            return None
        raise
    claim = Claim(name, folder, folder / file.name, watcher.id)
    try:
        file.rename(claim.file)
    except FileNotFoundError:
        claim.end()  # unless the folder is another one's by now, who thought this one dead
        return None
    except OSError:
        claim.end()
        raise
    _take_markers(file, folder)
    return claim


def claim_held(spool: Spool, watcher: Watcher, held: Held) -> Claim | None:
    """Claim a job in ``work/`` that waits, or whose watcher is dead.

    Args:
        spool: the spool.
        watcher: who claims.
        held: state of its folder.

    Returns:
        The claim, of a job whose file may be gone, as it was ended but for its folder; None where another one was
        first.

    Raises:
        OSError: the file system fails.
    """
    try:
        (held.folder / held.token).rename(held.folder / f"{_OWNER}{watcher.id}")
    except FileNotFoundError:
        return None
    file = held.file or held.folder / "gone.toml"
    given = spool.incoming / file.name
    if held.file is not None and not given.exists():  # who claimed it was killed before its marker followed
        _take_markers(given, held.folder)
    return Claim(held.name, held.folder, file, watcher.id)


def held_jobs(spool: Spool) -> Iterator[Held]:
    """All folders of jobs in ``work/``, whoever owns them."""
    for entry in list(os.scandir(spool.work)):
        if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
            continue
        with contextlib.suppress(FileNotFoundError):
            folder = Path(entry.path)
            names = os.listdir(folder)  # noqa: PTH208 - names alone are wanted
            tokens = [name for name in names if name == _WAITING or name.startswith(_OWNER)]
            files = [name for name in names if is_job_file(name)]
            file = folder / files[0] if files else None
            yield Held(entry.name, folder, tokens[0] if tokens else "", file)


def adopt(held: Held) -> None:
    """Let a job be claimed of which no file says whose it is, as after a disk was repaired."""
    with contextlib.suppress(OSError):
        os.close(os.open(held.folder / _WAITING, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))


def attempts_of(held: Held) -> Attempts:
    """Attempts at a job in ``work/``."""
    return read_attempts(held.folder)


def markers_of(file: Path) -> tuple[Path, ...]:
    """Files beside a job file that say that it is complete."""
    names = [f"{name}{ending}" for name in (file.name, file.stem) for ending in MARKERS]
    return tuple(path for path in map(file.with_name, names) if os.path.lexists(path))  # of any length


def forget_unborn(spool: Spool, is_alive: Callable[[str], bool]) -> None:
    """Remove folders that a watcher was about to claim a job with when it died.

    Args:
        spool: the spool.
        is_alive: whether a watcher lives, by its id.
    """
    for entry in list(os.scandir(spool.work)):
        owner = entry.name[len(_NEW) :].rpartition("-")[0]
        if entry.name.startswith(_NEW) and not is_alive(owner):
            shutil.rmtree(entry.path, ignore_errors=True)


def _take_markers(file: Path, folder: Path) -> None:
    for marker in markers_of(file):
        with contextlib.suppress(OSError):
            marker.rename(folder / marker.name)


def _remove(folder: Path) -> None:
    """Remove the folder of a job: whose it is last, so that one that is left half removed is found and removed."""
    with contextlib.suppress(OSError):
        names = sorted(os.listdir(folder), key=lambda name: name.startswith(_OWNER))  # noqa: PTH208
        if any(not name.startswith(".") for name in names):  # files of others stay, out of the way
            folder.rename(folder.with_name(f".left-{secrets.token_hex(4)}-{folder.name}"))
            return
        for name in names:
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
