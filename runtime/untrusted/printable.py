"""Words of files and servers, as messages may show them: short, on one line, and nothing that a terminal obeys."""

from __future__ import annotations

import reprlib
from typing import Any

_VALUE = 60
"""Most characters of a value."""
_EXACT = 64
"""Bits; a longer integer is described, as Python refuses to write very long ones."""


def printable(text: str, most: int) -> str:
    """A text with ``?`` for everything that does not print, and at most ``most`` characters of it."""
    start = "".join(letter if letter.isprintable() else "?" for letter in text[:most].replace("\n", " "))
    return start if len(text) <= most else f"{start} …"


def printable_lines(text: str) -> str:
    """Text that is safe to print, line by line, at any length."""
    return "\n".join(printable(line, len(line)) for line in text.split("\n"))


def shown(value: Any) -> str:
    """A value as Python would write it, however long or deep it is."""
    return printable(_SHORT.repr(value), _VALUE)


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxdict, self.maxstring, self.maxother = 2, 4, _VALUE, _VALUE

    def repr_int(self, x: int, level: int) -> str:
        del level
        return repr(x) if x.bit_length() <= _EXACT else f"an integer of {x.bit_length()} bits"


_SHORT = _Short()
