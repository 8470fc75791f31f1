"""Files of compiled kernels: whole or not at all, in a folder that only the user can write.

Compiled kernels are programs. Where others could have left one, nothing is read and nothing written: then, as where no
folder can be made, each process compiles for itself, which is said once.
"""

from __future__ import annotations

import functools
import hashlib
import logging
from pathlib import Path

from landslip.runtime.system.drafts import write_file
from landslip.runtime.system.private_files import UntrustedError, check_folder, make_private_folder, read_private_file

log = logging.getLogger(__name__)

SUFFIX = ".nbc"
"""Ending of every file."""

_DIGEST = hashlib.sha256().digest_size


def load(path: Path) -> bytes | None:
    """Content of a file; None if there is nothing, nothing whole, or nothing that only the user could have written."""
    if not _is_trusted(path.parent):
        return None
    try:
        content = read_private_file(path)
    except FileNotFoundError:
        return None
    except (OSError, UntrustedError) as error:
        log.debug("%s is not used (%s): its kernel is compiled again.", path, error)
        return None
    digest, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        log.debug("%s is damaged: its kernel is compiled again.", path)
        return None
    return body


def store(path: Path, body: bytes) -> None:
    """Write a file, whole or not at all, where that can be done safely."""
    folder = path.parent
    try:
        _check_absolute(folder)
        make_private_folder(folder)
        write_file(path, hashlib.sha256(body).digest() + body, private=True)
    except UntrustedError as error:
        _say_once(folder, str(error))
    except OSError as error:
        _say_once(folder, f"cannot be written ({error.strerror or error})")


def remove(folder: Path, name: str) -> None:
    """Remove the files whose names begin so."""
    if _is_trusted(folder):
        for path in folder.glob(f"{name}*{SUFFIX}"):
            path.unlink(missing_ok=True)


def _is_trusted(folder: Path) -> bool:
    try:
        _check_absolute(folder)
        check_folder(folder)
    except UntrustedError as error:
        _say_once(folder, str(error))
        return False
    except OSError:  # not there yet, or never to be: storing says so
        return False
    return True


def _check_absolute(folder: Path) -> None:
    # A path from the current folder leads to whatever others have put there.
    if not folder.is_absolute():
        raise UntrustedError("is no absolute path")


@functools.cache
def _say_once(folder: Path, trouble: str) -> None:
    log.info(
        "Kernels are compiled in each process anew, as %s %s. Set NUMBA_CACHE_DIR to the full path of a folder that "
        "only you can write (chmod 700).", folder, trouble,
    )  # fmt: skip
