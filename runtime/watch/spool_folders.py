"""The folders of a spool, and the clock of the file system that they lie on."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.system.safe_writing import write_anew

NAMES = ("in", "work", "done", "failed", "out")
"""Names of the folders: jobs that wait, that are in hand, that have ended well, that have not, and results."""

WATCHERS = ".watchers"
"""Folder in ``work/`` where each living watcher has a file."""


@dataclass(frozen=True)
class Spool:
    """Folders that all watchers of a spool share; each is on one file system with the others."""

    folder: Path
    """Folder that holds the others."""

    @property
    def incoming(self) -> Path:
        """Folder that jobs are put into."""
        return self.folder / "in"

    @property
    def work(self) -> Path:
        """Folder of jobs that are in hand or are tried again."""
        return self.folder / "work"

    @property
    def done(self) -> Path:
        """Folder of job files that were mapped."""
        return self.folder / "done"

    @property
    def failed(self) -> Path:
        """Folder of job files that were not, with a file that says why."""
        return self.folder / "failed"

    @property
    def out(self) -> Path:
        """Folder of results, a folder for each job."""
        return self.folder / "out"

    @property
    def watchers(self) -> Path:
        """Folder where each living watcher has a file."""
        return self.work / WATCHERS

    def file_system_now(self) -> float:
        """Seconds since 1970 by the clock of the file system, which all machines see alike.

        Raises:
            OSError: nothing can be written there.
        """
        probe = self.watchers / f".clock-{secrets.token_hex(4)}"
        try:
            write_anew(probe, b"")
            return probe.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)


def open_spool(folder: Path) -> Spool:
    """Make the folders of a spool where they are not there, and make sure that files can be renamed between them.

    Raises:
        InputError: they are not on one file system.
        OutputError: one cannot be made or written.
    """
    spool = Spool(folder)
    for place in (*(folder / name for name in NAMES), spool.watchers):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The spool folder {place} cannot be made ({error.strerror}).",
                "Make it, or choose another folder.",
                where=place,
            ) from error
        if not os.access(place, os.W_OK | os.X_OK):
            raise OutputError(
                f"The spool folder {place} cannot be written.", "Let the user of the service write it.", where=place
            )
    _check_one_file_system(spool)
    return spool


def _check_one_file_system(spool: Spool) -> None:
    devices = {name: (spool.folder / name).stat().st_dev for name in NAMES}
    for name, device in devices.items():
        if device != devices["work"]:
            raise InputError(
                f"The spool folders {spool.folder / name} and {spool.work} lie on two file systems, between which no "
                "file can be renamed.",
                "Put in, work, done, failed and out on one, such as one volume of a container.",
                where=spool.folder,
            )
