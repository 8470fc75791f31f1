"""Reads what an ONNX file says about itself, without onnx, ONNX Runtime or protobuf.

An ONNX file is one protobuf message, ``ModelProto``. Its fields are walked over by their lengths, and the few that
describe the model are read; the graph, which is nearly all of the file, is stepped over. Everything in the file is
taken as untrusted: lengths, counts and texts are bounded.

Source of the format: protobuf.dev/programming-guides/encoding, and onnx/onnx.proto.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from landslip.runtime.access.location import exists, is_file, is_folder, is_text
from landslip.runtime.artifacts.frameworks import of_framework
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, TARGET_KEY, ModelSpec
from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.untrusted.file_kinds import kind_of
from landslip.runtime.untrusted.protobuf import MalformedError, read_fields

PRECISIONS = ("fp32", "fp16", "int8")
"""Number formats that artifacts are exported in."""

TARGETS = ("onnx", "openvino", "tensorrt")
"""Backends that artifacts are made for; ``onnx`` for any."""

_PRODUCER, _PRODUCER_VERSION, _GRAPH, _OPSET, _METADATA = 2, 3, 7, 8, 14
"""Field numbers of ``ModelProto``."""
_TEXTS = {_PRODUCER, _PRODUCER_VERSION, _OPSET, _METADATA}
_MOST_FIELDS = 10_000
_MOST_TEXT = 1 << 20
"""Bytes of all that is read."""

_MISTAKEN = {
    "empty": "is empty. Copy or export it again.",
    "git-lfs pointer": "is a git-LFS pointer and not the model itself. Get the model with: git lfs pull.",
    "web page": "is a web page saved under the name of a model. Download it again.",
    "hdf5": "is a Keras file. Export it first: landslip export MODEL.hdf5 -o FOLDER.",
    "keras archive": "is a Keras file. Export it first: landslip export MODEL.keras -o FOLDER.",
    "zip": "is a ZIP archive. Give the .onnx file inside it.",
}
_BY_SUFFIX = {
    ".hdf5": _MISTAKEN["hdf5"],
    ".h5": _MISTAKEN["hdf5"],
    ".keras": _MISTAKEN["keras archive"],
    ".engine": "is a TensorRT engine. Give the ONNX file it was built from, or add `engine` tensorrt.",
}


@dataclass(frozen=True)
class OnnxHeader:
    """Statements of any ONNX file about itself."""

    path: Path
    """The file."""
    producer: str
    """Name of what wrote it, with its version."""
    opset: int | None
    """Version of the ONNX operators it uses; None where it names none."""
    metadata: dict[str, str]
    """Metadata: its ``metadata_props``."""


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file exported by landslip."""

    path: Path
    """The file."""
    spec: ModelSpec
    """Description of the model's inputs and output."""
    precision: str
    """Number format that the graph computes in, one of :data:`PRECISIONS`."""
    target: str
    """Backend it is made for, one of :data:`TARGETS`."""
    header: OnnxHeader
    """Header of the file."""


_Value = bytes | int | None


def read_onnx_file(path: Path) -> OnnxFile:
    """Read the description of a model that landslip exported.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it is something else, damaged, or another program's.
    """
    header = read_onnx_header(path)
    if METADATA_KEY not in header.metadata:
        raise ModelError(f"model: {path} {_undescribed(header)}", where=path, option="model")
    spec = ModelSpec.from_json(header.metadata[METADATA_KEY], str(path))
    precision = _one_of(header, PRECISION_KEY, PRECISIONS)
    return OnnxFile(path, spec, precision, _one_of(header, TARGET_KEY, TARGETS), header)


def read_onnx_header(path: Path) -> OnnxHeader:
    """Read what an ONNX file says about itself, whoever made it.

    Raises:
        InputMissingError: there is no such file.
        ModelError: it is no ONNX file, or a damaged one.
    """
    _check_kind(path)
    try:
        with path.open("rb") as stream:
            return _header(path, stream, path.stat().st_size)
    except (MalformedError, OSError) as error:
        raise ModelError(
            f"model: {path} is damaged or no ONNX model ({error}).",
            "Copy it again, or export it again.",
            where=path,
            option="model",
        ) from error


def _undescribed(header: OnnxHeader) -> str:
    if PRECISION_KEY in header.metadata:
        return f"was exported without a description, so what feeds the network is not known. {how_to_describe(header)}"
    made = f", made by {header.producer}" if header.producer else ""
    return (
        f"is an ONNX file that landslip did not export{made} (it has no {METADATA_KEY!r} in its metadata), so what "
        f"feeds the network is not known. {how_to_describe(header)}"
    )


def how_to_describe(header: OnnxHeader) -> str:
    """Sentence on what to do with an ONNX file that has no description, before it can be mapped with."""
    name = header.path.name
    if PRECISION_KEY in header.metadata:
        return "Export it again with `spec` SPEC.toml, which says that; landslip describe MODEL prints one to fill in."
    return (
        f"Print a SPEC.toml to fill in with: landslip describe {name}, then adopt the file: landslip adopt {name} "
        "--spec SPEC.toml -o FOLDER."
    )


def _check_kind(path: Path) -> None:
    if not exists(path):
        raise InputMissingError(
            f"model: {path} does not exist.", "Check the path, or export the model first.", where=path, option="model"
        )
    if not is_text(path):
        raise ModelError(
            f"model: the name {path} is not in UTF-8, which engines need.",
            "Rename the file.",
            where=path,
            option="model",
        )
    if (found := of_framework(path)) is not None:
        raise ModelError(f"model: {path} {found}", where=path, option="model")
    if is_folder(path):
        raise ModelError(f"model: {path} is a folder.", "Give the .onnx file inside it.", where=path, option="model")
    if not is_file(path):
        raise ModelError(f"model: {path} is no regular file.", "Give an .onnx file.", where=path, option="model")
    if mistaken := _BY_SUFFIX.get(path.suffix.lower()) or _MISTAKEN.get(kind_of(path)):
        raise ModelError(f"model: {path} {mistaken}", where=path, option="model")


def _one_of(header: OnnxHeader, key: str, allowed: tuple[str, ...]) -> str:
    value = header.metadata.get(key, allowed[0])
    if value not in allowed:
        raise ModelError(
            f"model: {header.path} says {value!r} for {key}, and this version of landslip knows {', '.join(allowed)}.",
            "Use the version that exported it, or export it again.",
            where=header.path,
            option="model",
        )
    return value


def _header(path: Path, stream: BinaryIO, size: int) -> OnnxHeader:
    found = list(_fields(stream, size, _TEXTS))
    if _GRAPH not in {number for number, _ in found}:
        raise MalformedError("it holds no graph")
    producer = [_text(value) for number, value in found if number in {_PRODUCER, _PRODUCER_VERSION}]
    operators = dict(_entry(value) for number, value in found if number == _OPSET)
    metadata = dict(_entry(value) for number, value in found if number == _METADATA)
    opset = operators.get("")
    return OnnxHeader(
        path,
        " ".join(producer),
        opset if isinstance(opset, int) else None,
        {key: _text(value) for key, value in metadata.items()},
    )


def _entry(content: _Value) -> tuple[str, _Value]:
    """Key and value of a ``StringStringEntryProto``, or domain and version of an ``OperatorSetIdProto``."""
    if not isinstance(content, bytes):
        raise MalformedError("an entry is no message")
    fields = dict(_fields(io.BytesIO(content), len(content), {1, 2}))
    return _text(fields.get(1, b"")), fields.get(2, b"")


def _text(value: _Value) -> str:
    if not isinstance(value, bytes):
        raise MalformedError("a text is none")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("a text is not in UTF-8") from error


def _fields(stream: BinaryIO, size: int, wanted: Collection[int]) -> Iterator[tuple[int, _Value]]:
    """The fields of a message that fills a stream.

    Yields:
        The number of each field, and its value: bytes or an integer where it is wanted, None where it is stepped over.
    """
    text = 0
    for field in read_fields(stream, 0, size, _MOST_FIELDS):
        if field.value is not None or field.number not in wanted:
            yield field.number, field.value
            continue
        text += field.length
        if text > _MOST_TEXT:
            raise MalformedError(f"its description has more than {_MOST_TEXT} bytes")
        yield field.number, field.read(stream)
