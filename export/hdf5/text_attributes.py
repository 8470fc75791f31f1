"""Reads the texts in the attributes of an HDF5 file, within bounds that are asked for first.

The length of texts of variable length cannot be asked for, and HDF5 reads an attribute as a whole; thousands of texts
can point to the same megabytes, which are copied for each. What that takes is bounded by the process that reads a file
first, see :mod:`landslip.export.hdf5.probe`, and refused in it. The exceptions of h5py are translated in
:mod:`landslip.export.hdf5.h5py_errors`.
"""

from __future__ import annotations

from itertools import count, takewhile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from landslip.export.hdf5.storage_screen import FETCH_AGAIN
from landslip.runtime.errors import ModelError

_low_level: Any = h5py  # h5a and h5t are compiled: no type checker sees them
_LIST_BYTES = 1 << 20
"""Most bytes of a list; Keras splits them at 64 KB."""
_PARTS = 100
"""Most parts of a split list."""


def text(holder: Any, key: str, path: Path, most: int) -> str:
    """An attribute that is one text.

    Args:
        holder: group with the attribute.
        key: its name.
        path: the file, for messages.
        most: bytes it may have.

    Raises:
        ModelError: it holds something else, or more.
    """
    attribute = _opened(holder, key, path)
    if attribute.get_space().get_simple_extent_npoints() != 1:
        raise ModelError(f"{path}: its {key!r} is no single text. {FETCH_AGAIN}")
    _check_length(path, key, attribute.get_storage_size(), most)
    found = _decoded(np.asarray(holder.attrs[key], dtype=object).ravel()[0])
    _check_length(path, key, len(found), most)
    return found


def texts(holder: Any, key: str, path: Path) -> list[str]:
    """An attribute that is a list of texts.

    Raises:
        ModelError: it holds something else, or too much.
    """
    # numpy has no type for the texts of an empty list, and Keras then writes numbers.
    if not _low_level.h5a.open(holder.id, key.encode()).get_space().get_simple_extent_npoints():
        return []
    _check_length(path, key, _opened(holder, key, path).get_storage_size(), _LIST_BYTES)
    stored = np.asarray(holder.attrs[key], dtype=object).ravel()
    _check_length(path, key, sum(map(len, stored)), _LIST_BYTES)
    return [_decoded(value) for value in stored]


def split_texts(holder: Any, key: str, path: Path) -> list[str]:
    """A list that is one attribute, or split into several with numbers behind their names.

    Raises:
        ModelError: one holds something else, or too much.
    """
    if key in holder.attrs:
        return texts(holder, key, path)
    parts = list(takewhile(holder.attrs.__contains__, (f"{key}{number}" for number in count())))
    if len(parts) > _PARTS:
        raise ModelError(f"{path}: its {key!r} has {len(parts)} parts; at most {_PARTS} are read.")
    return [each for part in parts for each in texts(holder, part, path)]


def _opened(holder: Any, key: str, path: Path) -> Any:
    attribute = _low_level.h5a.open(holder.id, key.encode())
    # Asked first: reading an attribute of a damaged type can end the process.
    if not isinstance(attribute.get_type(), _low_level.h5t.TypeStringID):
        raise ModelError(f"{path}: its {key!r} is no text. {FETCH_AGAIN}")
    return attribute


def _check_length(path: Path, key: str, length: int, most: int) -> None:
    if length > most:
        raise ModelError(f"{path}: its {key!r} has {length} bytes; at most {most} are read.")


def _decoded(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
