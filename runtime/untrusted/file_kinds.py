"""Kinds of files by their first bytes: the things that get saved under the name of a model."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Literal

from landslip.runtime.errors import InputError, InputMissingError

FileKind = Literal["empty", "git-lfs pointer", "web page", "hdf5", "keras archive", "zip", "tiff", "json", "other"]

_HEAD = 1024
"""Bytes that are looked at."""

_SIGNS: tuple[tuple[FileKind, re.Pattern[bytes]], ...] = (
    ("empty", re.compile(rb"\Z")),
    ("git-lfs pointer", re.compile(rb"version https://git-lfs\.github\.com/spec/")),
    ("web page", re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|\?xml)", re.IGNORECASE)),
    ("hdf5", re.compile(rb"\x89HDF\r\n\x1a\n")),
    # The first entry: what follows the 26 bytes before its name and the two lengths.
    ("keras archive", re.compile(rb"PK\x03\x04.{26}(metadata|config|model\.weights)\.(json|h5|npz)", re.DOTALL)),
    ("zip", re.compile(rb"PK(\x03\x04|\x05\x06)")),
    ("tiff", re.compile(rb"II[*+]\0|MM\0[*+]")),
    ("json", re.compile(rb"\s*\{")),
)


def kind_of(path: Path) -> FileKind:
    """Kind of a file; ``other`` for all that has no sign of its own, such as ONNX.

    Raises:
        InputMissingError: there is no such file.
        InputError: it cannot be read, or is no file.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{path} is no regular file.", "Give one.", where=path)
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist.", "Check the path.", where=path) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", where=path) from error
    return kind_of_head(head)


def kind_of_head(head: bytes) -> FileKind:
    """Kind of a file by its first bytes, a thousand or more where there are as many."""
    for kind, sign in _SIGNS:
        if sign.match(head):
            return kind
    return "other"
