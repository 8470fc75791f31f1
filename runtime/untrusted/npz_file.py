"""NumPy archives (.npz) that others wrote: what they declare is looked at before anything is unpacked.

A file of some megabytes can unpack to as many gigabytes, so sizes, methods and headers are checked first, and no more
is unpacked than was declared.
"""

from __future__ import annotations

import bz2
import io
import zipfile
import zlib
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
"""Arrays by name."""

_MOST_ARRAYS = 1000
_MOST_BYTES = 1 << 30
"""Most bytes of the file, and of all that is in it."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_ENCRYPTED = 0x1
"""Bit of the flags of a member."""
_END = ".npy"


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name, as ``np.savez_compressed`` does, but packed a third smaller."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}{_END}", "w") as member:
                np.lib.format.write_array(member, np.asarray(values, order="C"), allow_pickle=False)


def read_arrays(path: Path) -> Arrays:
    """Read arrays by name; they cannot be written to.

    Raises:
        FileNotFoundError: there is no such file.
        Exception: it is no such archive, or a damaged or hostile one; NumPy, zipfile, zlib and bz2 raise what they
            happen to meet.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES} bytes")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _check(members)
        return {member.filename.removesuffix(_END): _array(_unpacked(archive, member)) for member in members}


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > _MOST_ARRAYS:
        raise ValueError(f"it holds {len(members)} arrays")
    if sum(max(member.file_size, member.compress_size) for member in members) > _MOST_BYTES:
        raise ValueError(f"it unpacks to more than {_MOST_BYTES} bytes")
    if any(member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS for member in members):
        raise ValueError("it is encrypted, or packed in a way that NumPy does not use")


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type != zipfile.ZIP_BZIP2:
        with archive.open(member) as stream:
            return stream.read(member.file_size)
    # Not with zipfile, which unpacks all that a piece of a bzip2 member holds, whatever was declared.
    packed = copy(member)
    packed.compress_type, packed.file_size, packed.CRC = zipfile.ZIP_STORED, member.compress_size, None  # type: ignore[assignment]
    with archive.open(packed) as stream:
        content = bz2.BZ2Decompressor().decompress(stream.read(), member.file_size)
    if zlib.crc32(content) != member.CRC:
        raise ValueError(f"the checksum of {member.filename} is another one")
    return content


def _array(content: bytes) -> NDArray[Any]:
    """Array that ``.npy`` bytes hold. The header is checked first: NumPy takes the memory it asks for."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"an array is of format {version}")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    size = len(content) - stream.tell()
    if dtype.hasobject or fortran_order or any(length < 0 for length in shape):
        raise ValueError("an array holds objects, or is in another order than that of C")
    if np.prod(shape, dtype=object) * dtype.itemsize != size:
        raise ValueError("an array is of another size than it says")
    return np.frombuffer(content, dtype, offset=stream.tell()).reshape(shape)
