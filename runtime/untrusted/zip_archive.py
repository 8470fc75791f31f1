"""Zip archives that others made: names in them, and the beginning of a file in one; any damage is one kind of error."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Methods of packing that can be unpacked piece by piece; of others zipfile unpacks all that a piece holds."""
_DAMAGES = (OSError, EOFError, LookupError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""Errors of zipfile for what it cannot read: damaged, encrypted, or packed by other methods."""


def zip_names(archive: Path) -> list[str]:
    """Names of what an archive holds, in the order in which it lists them.

    Raises:
        ValueError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    except _DAMAGES as error:
        raise ValueError(_reason(error)) from error


def zip_content(archive: Path, name: str, most: int) -> bytes:
    """Up to ``most`` bytes of a file in an archive.

    Raises:
        ValueError: it cannot be read, or is packed by another method than those that all programs know.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            member = opened.getinfo(name)
            if member.compress_type not in _METHODS:
                raise ValueError(f"{name} is packed by method {member.compress_type}")
            with opened.open(member) as stream:
                return stream.read(most)
    except _DAMAGES as error:
        raise ValueError(_reason(error)) from error


def _reason(error: Exception) -> str:
    return str(error) or "it ends too early"
