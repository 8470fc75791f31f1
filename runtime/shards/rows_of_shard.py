"""File of a shard: its strips one after the other, then the small pictures, then what they are, then a digest.

The same shard always makes the same bytes: nothing in it tells of the worker, or of time. Layout: of each strip the
confidence (rows x width bytes), the classes likewise where there are any, and the reasons why pixels are not observed,
deflated, where there are any; the rows of the small pictures; a JSON trailer; and the end (magic, length of the
trailer, SHA-256 of all before the digest).
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from landslip.runtime.errors import InputError
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.plain_bytes import write_all
from landslip.runtime.shards.cuts import Shard
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json

_END = struct.Struct("<8sQ32s")
_MAGIC = b"LSSHARD1"
_READ = 8 << 20


class StripEntry(msgspec.Struct, frozen=True, array_like=True):
    """A strip in the file of a shard."""

    tile_row: int
    first_row: int
    rows: int
    predicted: int
    skipped: int
    reasons: int
    """Bytes of its deflated reasons; 0 where all of it is observed."""


class Trailer(msgspec.Struct, frozen=True, kw_only=True):
    """Description at the end of the file of a shard."""

    fingerprint: str
    """Digest of what decides the map."""
    made_with: str
    """Engine and version of landslip."""
    first: int
    stop: int
    width: int
    """Columns of the map."""
    classes: bool
    """True if classes follow the confidence of each strip."""
    strips: tuple[StripEntry, ...]
    pictures: tuple[tuple[str, int, int, int], ...]
    """Small pictures: name, first row that is in here, rows, and columns of each."""
    damaged: tuple[dict[str, Any], ...] = ()
    """Places of the inputs that could not be read, as in the run record."""
    computed: int
    """Tiles that were predicted, those of other shards included."""


class ShardStrip(NamedTuple):
    """A strip as a shard gives it."""

    entry: StripEntry
    strip: Strip
    reasons: NDArray[np.uint8] | None
    """(rows, width) why pixels of what was read are not valid; None where all are."""


class ShardWriter:
    """Writer of a shard's file, strip by strip, into a file that is open."""

    def __init__(self, file: FileIO) -> None:
        """Begin with an empty file, unbuffered."""
        self._file, self._hash = file, hashlib.sha256()
        self.length = 0
        """Bytes that are written."""
        self.strips: list[StripEntry] = []
        """Strips that are written."""

    def add(self, strip: Strip, reasons: NDArray[np.uint8] | None, counts: tuple[int, int, int]) -> None:
        """Write a strip with its reasons (rows, width), its tile row, and its tiles predicted and skipped.

        Raises:
            OSError: the disk is full, or gone.
        """
        deflated = b"" if reasons is None else zlib.compress(np.ascontiguousarray(reasons).tobytes(), 1)
        for content in (strip.confidence, strip.classes):
            if content is not None:
                self._write(np.ascontiguousarray(content).reshape(-1).data)
        self._write(deflated)
        row, predicted, skipped = counts
        rows = len(strip.confidence)
        self.strips.append(StripEntry(row, strip.first_row, rows, predicted, skipped, len(deflated)))

    def end(self, pictures: Mapping[str, tuple[int, NDArray[np.uint8]]], trailer: Mapping[str, Any]) -> str:
        """Write what follows the strips; gives the digest.

        Args:
            pictures: of each small picture the first row and the rows (3, rows, cols) that the shard has made.
            trailer: the other fields of :class:`Trailer`.

        Raises:
            OSError: the disk is full, or gone.
        """
        described = []
        for name, (first, lines) in pictures.items():
            described.append((name, first, lines.shape[1], lines.shape[2]))
            self._write(np.ascontiguousarray(lines).tobytes())
        text = msgspec.to_builtins(Trailer(strips=tuple(self.strips), pictures=tuple(described), **trailer))
        content = json.dumps(text, sort_keys=True).encode()
        self._write(content)
        head = _END.pack(_MAGIC, len(content), b"")[: -hashlib.sha256().digest_size]
        self._write(head)
        digest = self._hash.digest()
        write_all(self._file, memoryview(digest))
        self.length += len(digest)
        return digest.hex()

    def _write(self, content: Any) -> None:
        write_all(self._file, memoryview(content))
        self._hash.update(content)
        self.length += len(content)


@dataclass(frozen=True)
class ShardFile:
    """A shard in the spool, proven to be whole."""

    path: Path
    """Path of it."""
    trailer: Trailer
    """Description at its end."""
    digest: str
    """SHA-256 of what it holds."""

    @classmethod
    def open(cls, path: Path, fingerprint: str, shard: Shard, width: int) -> ShardFile:
        """Read a whole file once, and prove that it is a shard of a map.

        Args:
            path: the file.
            fingerprint: of the map.
            shard: its tile rows.
            width: columns of the map.

        Raises:
            InputError: it is damaged, or of something else.
            FileNotFoundError: there is none.
        """
        try:
            with path.open("rb") as file:
                trailer, digest = _proven(file, path.stat().st_size)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(path, str(error)) from error
        found = trailer.fingerprint, trailer.first, trailer.stop, trailer.width
        if found != (fingerprint, shard.first, shard.stop, width):
            raise _damaged(path, "it is of another map")
        return cls(path, trailer, digest)

    def strips(self) -> Iterator[ShardStrip]:
        """The strips from the top down."""
        width, kinds = self.trailer.width, 2 if self.trailer.classes else 1
        with self.path.open("rb") as file:
            for entry in self.trailer.strips:
                size = entry.rows * width
                parts = [_rows(file.read(size), entry.rows, width) for _ in range(kinds)]
                deflated = file.read(entry.reasons)
                reasons = _rows(_inflated(deflated, size), entry.rows, width) if deflated else None
                yield ShardStrip(entry, Strip(entry.first_row, *parts), reasons)

    def pictures(self) -> Iterator[tuple[str, int, NDArray[np.uint8]]]:
        """Rows (3, rows, cols) of the small pictures, with their names and the place of the first."""
        with self.path.open("rb") as file:
            file.seek(_body(self.trailer))
            for name, first, rows, cols in self.trailer.pictures:
                content = np.frombuffer(file.read(3 * rows * cols), dtype=np.uint8)
                yield name, first, content.reshape(3, rows, cols)


def _rows(content: bytes, rows: int, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(content, dtype=np.uint8).reshape(rows, width)


def _inflated(content: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(content, size)


def _body(trailer: Trailer) -> int:
    """Bytes of the strips."""
    kinds = 2 if trailer.classes else 1
    return sum(kinds * entry.rows * trailer.width + entry.reasons for entry in trailer.strips)


def _proven(file: BufferedReader, size: int) -> tuple[Trailer, str]:
    """Trailer and digest of a file, which is read once.

    Raises:
        ValueError, RecursionError: it is not whole.
    """
    if size < _END.size:
        raise ValueError("it is too short")
    file.seek(size - _END.size)
    magic, length, digest = _END.unpack(file.read(_END.size))
    if magic != _MAGIC or length > min(MOST_BYTES, size - _END.size):
        raise ValueError("it does not end as one")
    found, left = hashlib.sha256(), size - hashlib.sha256().digest_size
    file.seek(0)
    while left and (content := file.read(min(left, _READ))):
        found.update(content)
        left -= len(content)
    if found.digest() != digest:
        raise ValueError("its SHA-256 is another one")
    file.seek(size - _END.size - length)
    trailer = msgspec.convert(parse_json(file.read(length)), Trailer)
    pictures = sum(3 * rows * cols for _, _, rows, cols in trailer.pictures)
    rows = [entry.tile_row for entry in trailer.strips]
    if _body(trailer) + pictures != size - _END.size - length or rows != [*range(trailer.first, trailer.stop)]:
        raise ValueError("its parts do not fit")
    return trailer, digest.hex()


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path} is no whole shard of this map ({why}).", "Remove it.", where=path)
