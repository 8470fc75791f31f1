"""Checks what an open HDF5 file is made of before anything is read from it.

An HDF5 file can point out of itself (external and soft links, external and virtual datasets), claim more data than it
holds, and form cycles. None of that occurs in a file Keras wrote, so all of it is refused. The exceptions of h5py are
translated in :mod:`landslip.export.hdf5.h5py_errors`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable, shown

FETCH_AGAIN = "Fetch the file again, or save the whole model again."

_low_level: Any = h5py  # h5l and h5o are compiled: no type checker sees them
_WEIGHT_BYTES = 4 << 30
"""Twice what an ONNX file holds, as weights may be stored in double precision."""
_OBJECTS = 50_000
_DEPTH = 12
_SHOWN = 200
"""Characters of a place in the file that a message repeats at the most."""
_STRANGE = "Do not use this file unless you know who made it."


def check_links(group: Any, path: Path) -> None:
    """Refuse links to anywhere but the group's own content."""
    for name in group:
        if not isinstance(name, str):
            raise ModelError(f"{_place(path, group)} holds a name that is no text: {shown(name)}. {FETCH_AGAIN}")
        if group.id.links.get_info(name.encode()).type != _low_level.h5l.TYPE_HARD:
            raise ModelError(
                f"{_place(path, group, name)} is a link to somewhere else, which Keras never writes and landslip does "
                f"not follow. {_STRANGE}"
            )


def check_tree(weights: h5py.Group, path: Path, size: int) -> None:
    """Walk all groups and arrays once, and refuse what points elsewhere, repeats, or claims more than is there.

    Args:
        weights: the topmost group.
        path: the file, for messages.
        size: bytes of the HDF5 file.

    Raises:
        ModelError: something is refused.
    """
    seen: set[int] = set()
    declared = 0
    for item, depth, where in _walked(weights, path):
        _check_once(item, seen, depth, where)
        if not isinstance(item, h5py.Group):
            declared += _checked_bytes(item, where)
    if declared > size:
        raise ModelError(f"{path}: its weights claim {declared} bytes, more than the file has. {FETCH_AGAIN}")
    if declared > _WEIGHT_BYTES:
        raise ModelError(f"{path}: its weights take {declared} bytes; at most {_WEIGHT_BYTES} are read.")


def is_bfloat16(dtype: Any) -> bool:
    """Tell whether an array is of bfloat16, which HDF5 keeps as two bytes of no type."""
    return bool(dtype.kind == "V" and dtype.itemsize == 2 and dtype.fields is None and dtype.subdtype is None)


def _place(path: Path, group: Any, name: str = "") -> str:
    """Something in a file, for messages."""
    inside = f"{group.name.rstrip('/')}/{name}" if name else group.name
    return f"{path}: {printable(inside, _SHOWN)}"


def _walked(weights: h5py.Group, path: Path) -> Iterator[tuple[Any, int, str]]:
    """Everything below a group: what it is, how deep it lies, and its name for messages."""
    waiting: list[tuple[h5py.Group, int]] = [(weights, 0)]
    while waiting:
        group, depth = waiting.pop()
        check_links(group, path)
        for name, item in group.items():
            yield item, depth, _place(path, group, name)
            if isinstance(item, h5py.Group):
                waiting.append((item, depth + 1))


def _check_once(item: Any, seen: set[int], depth: int, where: str) -> None:
    if item is None:
        raise ModelError(f"{where} cannot be opened. {FETCH_AGAIN}")
    address = int(_low_level.h5o.get_info(item.id).addr)
    if address in seen:
        raise ModelError(f"{where} occurs twice in the file, which Keras never writes. {FETCH_AGAIN}")
    if depth > _DEPTH or len(seen) >= _OBJECTS:
        raise ModelError(f"{where}: the file nests or holds more objects than a Keras model does. {FETCH_AGAIN}")
    seen.add(address)


def _checked_bytes(item: Any, where: str) -> int:
    if not isinstance(item, h5py.Dataset) or not (item.dtype.kind in "fiu" or is_bfloat16(item.dtype)):
        raise ModelError(f"{where} is not an array of numbers. {FETCH_AGAIN}")
    if item.external or item.is_virtual:
        raise ModelError(
            f"{where} takes its data from other files, which Keras never writes and landslip does not follow. "
            f"{_STRANGE}"
        )
    if item.chunks is not None or item.id.get_create_plist().get_nfilters():
        raise ModelError(
            f"{where} is stored in pieces or compressed, which Keras never does. Store it plainly: "
            "h5repack -l CONTI -f NONE OLD NEW."
        )
    size: int = math.prod(item.shape) * item.dtype.itemsize
    if item.id.get_storage_size() != size:
        raise ModelError(
            f"{where} claims {size} bytes and holds {item.id.get_storage_size()}: it is damaged. {FETCH_AGAIN}"
        )
    return size
