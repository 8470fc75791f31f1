"""Removal of a result: out of sight by one rename while nobody else has it in hand, and then for good."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from pathlib import Path

from landslip.runtime.errors import LandslipError
from landslip.runtime.run.hidden_folder import HiddenFolder
from landslip.runtime.run.product_names import is_ours
from landslip.runtime.system.drafts import LOCK, PARTIAL
from landslip.runtime.system.safe_writing import is_real_folder
from landslip.runtime.watch.ended_jobs import Ended, told_in
from landslip.runtime.watch.spool_folders import Spool

_EXPIRED = re.compile(r"\.landslip-expired-[0-9a-f]{8}-(.+)", re.DOTALL)
"""Name of what is being removed, with the name of its job."""

_SLACK = 2.0
"""Seconds by which times of one file system may differ: some keep even seconds alone."""


def is_untouched(folder: Path, since: float) -> bool:
    """Tell whether a folder of results holds nothing but what its map left there; also where it is gone already.

    Args:
        folder: the folder.
        since: time of its marker, seconds since 1970; a file that is newer was made or changed by somebody else.
    """
    try:
        if not is_real_folder(folder):
            return False
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return all(_is_untouched(entry, since) for entry in entries)


def remove_result(spool: Spool, ended: Ended) -> bool:
    """Remove a result and its marker; tell whether it is gone.

    The folder goes first: a marker without it is found and removed another time, and a folder without a marker would
    count as not published, and stay.

    Args:
        spool: the spool.
        ended: the result.

    Raises:
        OSError: it cannot be removed.
    """
    folder, marker = ended.paths
    told = told_in(marker)
    if told.get("folder") != ended.name or not isinstance(told.get("products"), dict):
        return False
    if not is_untouched(folder, ended.since) or (folder.exists() and not _taken_away(spool, ended)):
        return False
    marker.unlink(missing_ok=True)
    remove_left(spool.out)
    return True


def remove_left(out: Path) -> None:
    """Remove what was taken out of sight, by this process or by one that was killed then.

    What somebody put into a folder just before it went comes back in it.

    Raises:
        OSError: the folder cannot be read.
    """
    for entry in list(os.scandir(out)):
        found = _EXPIRED.fullmatch(entry.name)
        if found and entry.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):  # another watcher may be about it
                _remove_ours(Path(entry.path), out / found[1])


def _taken_away(spool: Spool, ended: Ended) -> bool:
    """Rename a folder while it is locked, so that no map begins in it; tell whether it is gone."""
    folder, name = spool.out / ended.name, ended.name
    away = spool.out / f".landslip-expired-{secrets.token_hex(4)}-{name}"
    try:
        held = HiddenFolder(folder)
    except LandslipError:  # a map is being made there
        return False
    try:
        if os.path.lexists(spool.work / name):
            held.clear()
            if held.is_new:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            return False
        folder.rename(away)
    except FileNotFoundError:  # another watcher was faster
        held.let_go()
        return True
    held.let_go()
    return True


def _remove_ours(away: Path, folder: Path) -> None:
    for entry in list(os.scandir(away)):
        if entry.is_dir(follow_symlinks=False):
            if entry.name == PARTIAL:
                shutil.rmtree(entry.path, ignore_errors=True)
        elif is_ours(entry.name):
            Path(entry.path).unlink(missing_ok=True)
    if list(os.scandir(away)):
        away.rename(folder)
    else:
        away.rmdir()


def _is_untouched(entry: os.DirEntry[str], since: float) -> bool:
    """Tell whether an entry of a folder of results is a product as it was made, or an empty hidden folder."""
    with contextlib.suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            return entry.name == PARTIAL and not {each.name for each in list(os.scandir(entry))} - {LOCK}
        return is_ours(entry.name) and entry.stat(follow_symlinks=False).st_mtime <= since + _SLACK
    return False
