"""Checksums of files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TypeVar

from landslip.runtime.errors import InputError, InputMissingError, LandslipError
from landslip.runtime.system import stopping

T = TypeVar("T")
D = TypeVar("D")

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
                stopping.check()
                digest.update(data)
    except LandslipError:
        raise
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist.", "Check the path.", where=path) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", where=path) from error
    return digest.hexdigest()


def side_by_side(function: Callable[[T, Event], D], given: Sequence[T], stop: Event) -> list[D]:
    """Checksums of several things, each taken on a thread: they are computed without the GIL.

    Args:
        function: takes one, and heeds the stop.
        given: what they are of.
        stop: set to end early; the checksums are none then.
    """
    with ThreadPoolExecutor(initializer=stopping.heed, initargs=(stopping.current(),)) as pool:
        try:
            return list(pool.map(lambda each: function(each, stop), given))
        except BaseException:
            stop.set()  # Ctrl-C does not wait for gigabytes
            raise


def multihash(sha256: str) -> str:
    """A SHA-256 in hexadecimal digits as ``file:checksum`` of STAC has it."""
    return f"{_MULTIHASH_SHA256}{sha256}"
