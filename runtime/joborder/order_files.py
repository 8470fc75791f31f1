"""Files that an order names, as landslip opens them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from landslip.runtime.access.location import Location, is_remote, located
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.joborder.order_types import JobOrder, OrderedInput
from landslip.runtime.untrusted.printable import printable

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_MOST = 1000
"""Most files that a stem may begin."""


def folder_of(text: str, order: JobOrder, working: Path) -> Path:
    """A folder that an order names; an empty name is that of the working folder.

    Raises:
        InputError: it is a path of Windows on another system.
    """
    return working / _checked(text, order) if text else working


def files_of(ordered: OrderedInput, order: JobOrder, working: Path) -> tuple[Location, ...]:
    """Files of an input; relative paths start at the working folder.

    Raises:
        InputMissingError: a file is not there.
        InputError: a name cannot be used.
    """
    if ordered.name_type == "Regexp":
        raise InputError(
            f"{order.path}: files of the type {ordered.file_type} are named by a regular expression.",
            "Name them with File_Name_Type Physical, Directory or Stem.",
            where=order.path,
        )
    return tuple(found for each in ordered.files for found in _found(each.name, ordered, order, working))


def _found(name: str, ordered: OrderedInput, order: JobOrder, working: Path) -> Iterator[Location]:
    location = located(_checked(name, order))
    if is_remote(location) or not isinstance(location, Path):
        yield location
        return
    path = working / location
    if ordered.name_type == "Stem" and not path.exists():
        yield from _begun_by(path, ordered, order)
    elif path.exists():
        yield path
    else:
        raise _missing(path, ordered, order)


def _begun_by(stem: Path, ordered: OrderedInput, order: JobOrder) -> Iterator[Path]:
    """Files beside a stem whose names begin with it."""
    try:
        with os.scandir(stem.parent) as entries:
            found = sorted(entry.name for entry in entries if entry.name.startswith(stem.name))[: _MOST + 1]
    except OSError:
        found = []
    if not found or len(found) > _MOST:
        raise _missing(stem, ordered, order)
    yield from (stem.parent / name for name in found)


def _missing(path: Path, ordered: OrderedInput, order: JobOrder) -> InputMissingError:
    return InputMissingError(
        f"{printable(str(path), 500)} does not exist, which {order.path} names as an input of the type "
        f"{ordered.file_type}.",
        "Put it there, or correct the order.",
        where=path,
    )


def _checked(name: str, order: JobOrder) -> str:
    if os.name != "nt" and _WINDOWS.match(name):
        raise InputError(
            f"{order.path} names {printable(name, 200)}, which is a path of Windows.",
            "Order files by their paths on this machine.",
            where=order.path,
        )
    return name
