"""Unpacks a Keras archive (``.keras``), a ZIP of three files that anyone may have made, within bounds.

Nothing is written under a name from the archive: what is wanted is looked up, and everything else refused or passed
over. The checksum of each file is compared while it is read.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from landslip.runtime.errors import LandslipError, ModelError, OutputError
from landslip.runtime.untrusted.printable import printable

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
"""Names of what a Keras archive holds: the network, the version of Keras, and the weights."""
CONFIG_BYTES = 8 << 20
"""Most bytes of the description of a network."""

_METADATA_BYTES = 64 << 10
_ASSETS = "assets/"
"""Folder of what some layers keep besides weights, such as vocabularies; layers of images have none."""
_MOST_MEMBERS = 1000
_EXPANSION, _SPARE = 4, 64 << 20
"""Times that weights may be as large as the archive, and bytes beyond: Keras packs nothing, and noise hardly packs."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
"""Bit of the flags of a member."""
_UNIX = 16
"""Place of the mode of a file among the attributes of a member."""
_PIECE = 1 << 20
_SHOWN = 200
_OF_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, ValueError, NotImplementedError, RuntimeError)
"""Exceptions that zipfile raises for damaged archives."""
_AGAIN = "Fetch the file again, or save the model again with model.save('NAME.keras')."


def unpack(path: Path, folder: Path) -> None:
    """Write what an archive says of its network, and its weights, into a folder.

    Args:
        path: the archive.
        folder: an empty folder, which gets ``config.json``, ``model.weights.h5`` and, if there is one,
            ``metadata.json``.

    Raises:
        ModelError: it is no Keras archive, damaged, or made to do harm.
        OutputError: the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked(archive.infolist(), path)
            for name, member in members.items():
                _copy(archive, member, folder / name, path)
    except LandslipError:
        raise
    except _OF_DAMAGE as error:
        reason = printable(str(error), _SHOWN) or type(error).__name__
        raise ModelError(f"{path}: the archive is damaged or not complete ({reason}). {_AGAIN}") from error
    except OSError as error:
        raise ModelError(f"{path}: the archive cannot be read ({error.strerror or error}). {_AGAIN}") from error
    except MemoryError as error:
        raise ModelError(f"{path}: the archive takes more memory than a Keras archive does. {_AGAIN}") from error


def _checked(members: list[zipfile.ZipInfo], path: Path) -> dict[str, zipfile.ZipInfo]:
    """The wanted members by name, after all of them were looked at."""
    if len(members) > _MOST_MEMBERS:
        raise ModelError(f"{path}: the archive holds {len(members)} files; a Keras archive holds three. {_AGAIN}")
    wanted: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        _check_name(member, path)
        if member.filename.startswith(_ASSETS):
            continue
        if member.filename in wanted:
            raise ModelError(f"{path}: the archive holds {member.filename} twice, which Keras never writes. {_AGAIN}")
        if member.filename not in {CONFIG, METADATA, WEIGHTS}:
            raise ModelError(f"{path}: the archive holds {_other(member.filename)}")
        wanted[member.filename] = member
    for name in (CONFIG, WEIGHTS):
        if name not in wanted:
            raise ModelError(f"{path}: the archive holds no {name}, so it is no whole Keras model. {_AGAIN}")
    most = {CONFIG: CONFIG_BYTES, METADATA: _METADATA_BYTES, WEIGHTS: _EXPANSION * path.stat().st_size + _SPARE}
    for name, member in wanted.items():
        _check_member(member, most[name], path)
    return wanted


def _check_name(member: zipfile.ZipInfo, path: Path) -> None:
    parts = re.split(r"[/\\]", member.filename)
    # The name that was stored can hold a zero byte, at which zipfile cuts it off.
    if ".." in parts or not parts[0] or ":" in parts[0] or member.orig_filename != member.filename:
        raise ModelError(
            f"{path}: the archive names a file {printable(member.orig_filename, _SHOWN)!r}, which would lie outside "
            "of it. Do not use this file unless you know who made it."
        )


def _other(name: str) -> str:
    if name == "model.weights.npz":
        return "its weights as model.weights.npz, which is not read. Save it again with model.save('NAME.keras')."
    inside = name.endswith(tuple(f"/{each}" for each in (CONFIG, METADATA, WEIGHTS)))
    return f"{printable(name, _SHOWN)!r}, which is none of the files of a Keras archive. " + (
        f"They have to lie at its top: go into the folder, and pack them with zip -0 ../NAME.keras {METADATA} {CONFIG} "
        f"{WEIGHTS}."
        if inside
        else _AGAIN
    )


def _check_member(member: zipfile.ZipInfo, most: int, path: Path) -> None:
    name, mode = member.filename, member.external_attr >> _UNIX
    if member.flag_bits & _ENCRYPTED or member.compress_type not in _METHODS:
        raise ModelError(
            f"{path}: {name} in the archive is encrypted, or packed in a way that Keras does not use. {_AGAIN}"
        )
    if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
        raise ModelError(
            f"{path}: {name} in the archive is no regular file but a link or the like, which Keras never writes. "
            "Do not use this file unless you know who made it."
        )
    if member.file_size > most:
        raise ModelError(
            f"{path}: {name} in the archive unpacks to {member.file_size} bytes; at most {most} are read. {_AGAIN}"
        )


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, path: Path) -> None:
    left = member.file_size
    with archive.open(member) as stream, _written(target) as write:
        while piece := stream.read(min(_PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                break
            write(piece)
    if left:
        raise ModelError(f"{path}: {member.filename} in the archive has not the length that it says. {_AGAIN}")


@contextmanager
def _written(target: Path) -> Iterator[Callable[[bytes], None]]:
    """A function that writes on in a new file."""
    with _told(target):
        file = target.open("xb")

    def write(piece: bytes) -> None:
        with _told(target):
            file.write(piece)

    try:
        yield write
    finally:
        with _told(target):
            file.close()


@contextmanager
def _told(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{target.parent} cannot be written ({error.strerror}), and the archive cannot be unpacked."
        ) from error
