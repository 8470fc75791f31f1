"""Checksums of files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from threading import Event

from landslip.runtime.errors import InputError, InputMissingError

_MULTIHASH_SHA256 = "1220"
"""Prefix of a multihash of multiformats.io: SHA2-256, 32 bytes."""


def sha256_of(path: Path, stop: Event | None = None) -> str:
    """SHA-256 of a file, read in pieces.

    Raises:
        InputMissingError: there is no such file.
        InputError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while not (stop and stop.is_set()) and (data := stream.read(1 << 20)):
                digest.update(data)
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist.", "Check the path.", where=path) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", where=path) from error
    return digest.hexdigest()


def multihash(sha256: str) -> str:
    """A SHA-256 in hexadecimal digits as ``file:checksum`` of STAC has it."""
    return f"{_MULTIHASH_SHA256}{sha256}"
