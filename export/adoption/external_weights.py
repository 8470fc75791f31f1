"""Takes weights in that an ONNX file keeps in files beside it: from its own folder alone, and within bounds."""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath, PureWindowsPath

from onnx import ModelProto, TensorProto, helper

from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.untrusted.printable import shown

_DIGITS = 18
"""Digits of a position in a file."""


def take_in(model: ModelProto, path: Path, largest: int) -> dict[str, str]:
    """Put weights from files beside an ONNX file into the model, which is changed in place.

    Args:
        model: as read without them.
        path: the ONNX file.
        largest: bytes of all weights together.

    Returns:
        SHA-256 of each of the files, by name.

    Raises:
        InputMissingError: a file is not there.
        ModelError: a file is not beside the model, too small, or all are too large.
    """
    digests: dict[str, str] = {}
    total = 0
    for tensor in model.graph.initializer:
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        file = _beside(path, location)
        offset, length = _part(entries, tensor, file, path)
        total += length
        if total > largest:
            raise ModelError(
                f"{path}: its weights are larger than the {largest >> 20} MiB that one ONNX file can hold.",
                "Export a smaller network.",
                where=path,
            )
        if location not in digests:
            digests[location] = sha256_of(file)
        with file.open("rb") as stream:
            stream.seek(offset)
            tensor.raw_data = stream.read(length)
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
    return digests


def _beside(path: Path, location: str) -> Path:
    """The file that a model names, if it lies in the model's folder."""
    plain = PurePosixPath(location)
    folder = path.parent.resolve()
    relative = location.isprintable() and not plain.is_absolute() and not PureWindowsPath(location).is_absolute()
    file = (folder / plain).resolve() if relative and location else folder
    if file == folder or not file.is_relative_to(folder) or ".." in plain.parts or "\\" in location:
        raise ModelError(
            f"{path} names {shown(location)} for its weights, which is no file in its folder. It is not opened.",
            "Export the network again, with its weights inside or in a file beside it.",
            where=path,
        )
    if not file.is_file():
        raise InputMissingError(
            f"{path} keeps its weights in {shown(location)}, which is not there.",
            f"Copy that file into {path.parent} as well.",
            where=path,
        )
    return file


def _part(entries: dict[str, str], tensor: TensorProto, file: Path, path: Path) -> tuple[int, int]:
    """Position and length of a tensor in a file."""
    offset, length = (_number(entries.get(key)) for key in ("offset", "length"))
    kind = tensor.data_type
    known = kind in helper.get_all_tensor_dtypes()
    wanted = math.prod(tensor.dims) * helper.tensor_dtype_to_np_dtype(kind).itemsize if known else -1
    start = offset or 0
    size = file.stat().st_size
    if start < 0 or wanted < 0 or (length is not None and length != wanted) or start + wanted > size:
        raise ModelError(
            f"{path}: the weights {shown(tensor.name)} of shape {list(tensor.dims)} are not where it says in "
            f"{file.name}, which has {size} bytes.",
            "Copy both files again.",
            where=path,
        )
    return start, wanted


def _number(text: str | None) -> int | None:
    """A whole number; -1 for what is none, and None for nothing."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else -1
