"""Recognises Keras files, and what people have instead of one, and says what to do with it.

Only names and a few bytes are looked at; nothing is opened by a library.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Literal

from landslip.models.registry.registry import REGISTRY, RegisteredModel, find_by_sha256
from landslip.runtime.access.location import exists, is_file, is_folder
from landslip.runtime.artifacts.frameworks import of_framework
from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.untrusted.file_kinds import FileKind, kind_of_head

MAX_BYTES = 8 << 30
"""Largest file that is read: four times what an ONNX file holds, for the optimiser's state."""

_HEAD = 1024
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
KerasFormat = Literal["hdf5", "archive"]
"""Formats of whole Keras models: HDF5, and the archive (``.keras``) of Keras 2.12 and later."""
ARCHIVE_SUFFIX = ".keras"

_GIVE = "Give a Keras model saved as .keras, .hdf5 or .h5; one of another library as ONNX: landslip adopt NET.onnx."

_SIGNS: tuple[tuple[bytes, str], ...] = (
    (rb"PK(\x03\x04|\x05\x06)", "is a ZIP archive. Unpack it, and give the Keras model inside it."),
    (rb"\x1f\x8b", "is compressed with gzip. Unpack it first: gunzip FILE.gz"),
    (rb"BZh|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|Rar!|\x28\xb5\x2f\xfd", "is a compressed file. Unpack it first."),
    (rb".{257}ustar", "is a tar archive. Unpack it first."),
)
"""First bytes of files of other kinds, and what to say of them."""

_ONNX = (
    "is ONNX and no Keras file. One that landslip exported is ready: landslip map -m MODEL.onnx. One of another "
    "program is taken in by: landslip adopt MODEL.onnx --spec SPEC.toml -o FOLDER."
)


def check_keras_file(path: Path) -> KerasFormat:
    """Refuse, in words, what is no whole HDF5 file or archive.

    Returns:
        What it is.

    Raises:
        InputMissingError: there is nothing there.
        ModelError: it is something else, or a part of a download.
    """
    if exists(path) and not _format_of(path) and (found := of_framework(path)):
        raise ModelError(f"{path}: {found}")
    if is_folder(path):
        raise ModelError(f"{path}: {_folder(path)}")
    if not exists(path):
        raise InputMissingError(f"{path}: there is no such file. {_absent(path)}")
    if not is_file(path):
        raise ModelError(f"{path}: is no regular file. {_GIVE}")
    head = _head(path)
    found = _format(path, head)
    if found is None:
        raise ModelError(f"{path}: {_other(path, head)}")
    size, wanted = path.stat().st_size, hdf5_length(head) if found == "hdf5" else None
    if wanted is not None and size < wanted:
        raise ModelError(f"{path}: has {size} of {wanted} bytes: the download broke off. {_fetch(path)}")
    if size > MAX_BYTES:
        raise ModelError(f"{path}: has {size} bytes; at most {MAX_BYTES} are read.")
    return found


def is_archive(path: Path, kind: FileKind) -> bool:
    """Tell whether a file is a Keras archive, by what it begins with, or by its name where it is another ZIP."""
    return kind == "keras archive" or (kind == "zip" and path.suffix.lower() == ARCHIVE_SUFFIX)


def _format_of(path: Path) -> KerasFormat | None:
    return _format(path, _head(path)) if is_file(path) else None


def _format(path: Path, head: bytes) -> KerasFormat | None:
    kind = kind_of_head(head)
    return "hdf5" if kind == "hdf5" else "archive" if is_archive(path, kind) else None


def hdf5_length(head: bytes) -> int | None:
    """Bytes that an HDF5 file has by its own account, or None where the first bytes do not say so.

    Source: HDF5 file format specification 3.0, II.A, "Disk Format: Level 0A - Format Signature and Superblock".
    """
    if len(head) < 48 or head[8] > 3:
        return None
    old = head[8] < 2
    width, first = (head[13], 24 + 4 * head[8]) if old else (head[9], 12)
    end = first + 2 * width
    if width not in {4, 8} or len(head) < end + width:
        return None
    found: int = struct.unpack_from("<Q" if width == 8 else "<I", head, end)[0]
    return found


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_HEAD)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}).") from error


def _folder(path: Path) -> str:
    if (path / "config.json").exists() and (path / "model.weights.h5").exists():
        return (
            "is a Keras archive that was unpacked. Go into the folder, and pack it again with: "
            "zip -0 ../NAME.keras metadata.json config.json model.weights.h5"
        )
    return f"is a folder. {_GIVE}"


def _absent(path: Path) -> str:
    if path.stem in REGISTRY:
        return f"Download it: landslip fetch {path.stem} --to {path.parent}"
    return "Give the path of a Keras model."


def _other(path: Path, head: bytes) -> str:
    """Sentence that says what a file is that is no HDF5, and what to do."""
    kinds = {
        "empty": f"is empty. {_fetch(path)}",
        "web page": f"is a web page: the address that was downloaded led to a page and not to the file. {_fetch(path)}",
        "json": f"is JSON text, and so the plan of a network at best, without its weights. {_GIVE}",
    }
    kind = kind_of_head(head)
    if kind == "git-lfs pointer":
        return _pointer(head)
    found = kinds.get(kind) or next((what for sign, what in _SIGNS if re.match(sign, head, re.DOTALL)), None)
    if not found and (block := _user_block(path)):
        return (
            f"is HDF5 behind {block} other bytes (a user block), which Keras never writes. Take them off: "
            "h5unjam -i FILE.h5 -o NEW.h5 --delete"
        )
    if path.suffix.lower() == ".onnx":
        return found or _ONNX
    return found or f"is not an HDF5 file. {_GIVE}"


def _user_block(path: Path) -> int:
    """Bytes before the signature of HDF5: 512, 1024, 2048 ..., or 0 where it is at none of those."""
    size, place = path.stat().st_size, 512
    with path.open("rb") as stream:
        while place < size:
            stream.seek(place)
            if stream.read(len(_SIGNATURE)) == _SIGNATURE:
                return place
            place *= 2
    return 0


def _pointer(head: bytes) -> str:
    found = re.search(rb"^oid sha256:([0-9a-f]{64})$", head, re.MULTILINE)
    model = find_by_sha256(found[1].decode()) if found else None
    if model is not None:
        return f"is a git-LFS pointer to {model.name} and not the model itself. {_command(model)}"
    return (
        "is a git-LFS pointer and not the model itself. Get the file with: git lfs pull; "
        "for a published model run `landslip fetch`."
    )


def _fetch(path: Path) -> str:
    model = REGISTRY.get(path.stem)
    return "Download it again; for a published model run `landslip fetch`." if model is None else _command(model)


def _command(model: RegisteredModel) -> str:
    return f"Run `landslip fetch {model.name}`."
