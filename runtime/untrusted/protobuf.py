"""Walks over the fields of protobuf messages without knowing them: lengths and counts are bounded, nothing is trusted.

Source of the format: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_VARINT, _LENGTH = 0, 2
_FIXED = {1: 8, 5: 4}
"""Wire types: integers, bytes after their length, and numbers of fixed length."""


class MalformedError(Exception):
    """Bytes that are no message of the wanted form."""


@dataclass(frozen=True)
class Field:
    """One field of a message."""

    number: int
    """Number of the field."""
    value: int | None
    """Value of the field, where it is an integer of variable length; None for bytes."""
    start: int
    """Offset of its bytes in the file."""
    length: int
    """Number of its bytes."""

    @property
    def end(self) -> int:
        """Offset of the end of its bytes."""
        return self.start + self.length

    def read(self, stream: BinaryIO) -> bytes:
        """Read its bytes."""
        stream.seek(self.start)
        return stream.read(self.length)

    def fields(self, stream: BinaryIO, most: int) -> Iterator[Field]:
        """Fields inside of it, where it is a message."""
        if self.value is not None:
            raise MalformedError("an entry is no message")
        return read_fields(stream, self.start, self.end, most)


def read_fields(stream: BinaryIO, start: int, end: int, most: int) -> Iterator[Field]:
    """The fields of a message; the stream may be moved between them.

    Args:
        stream: the file.
        start: where the message begins.
        end: where it ends.
        most: fields it may have.

    Raises:
        MalformedError: it is no message, or has more fields.
    """
    place = start
    for _ in range(most):
        if place == end:
            return
        stream.seek(place)
        number, wire_type = divmod(read_varint(stream), 8)
        value = read_varint(stream) if wire_type in {_VARINT, _LENGTH} else _FIXED.get(wire_type)
        if value is None:
            raise MalformedError("its fields are of no known form")
        place = stream.tell()
        length = 0 if wire_type == _VARINT else value
        if place + length > end:
            raise MalformedError(f"it ends {place + length - end} bytes too early")
        yield Field(number, value if wire_type == _VARINT else None, place, length)
        place += length
    if place != end:
        raise MalformedError(f"it has more than {most} fields")


def read_varint(stream: BinaryIO) -> int:
    """An integer in groups of seven bits, the lowest first; at most ten bytes for 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte:
            raise MalformedError("it ends within a number")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise MalformedError("a number has more than 64 bits")
