"""Reads small TOML files that people write: one table of known keys."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.untrusted.json_text import MOST_BYTES
from landslip.runtime.untrusted.printable import printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_TOML = 64 << 10
"""Bytes; a longer file is no description."""
_LINE = 2000
"""Bytes; the time that a dotted key takes grows with the square of its length."""
_REASON = 200
"""Most characters of what the parser says, which may repeat the file."""


def read_toml(path: Path, what: str, example: str) -> dict[str, Any]:
    """The table of a TOML file.

    Args:
        path: the file.
        what: what it describes, for messages.
        example: a line such as it may hold.

    Raises:
        InputMissingError: there is no such file.
        InputError: it cannot be read, is too large, or is not TOML.
    """
    return parse_toml(read_file(path, what, MOST_TOML + 1), str(path), what, example)


def read_file(path: Path, what: str, most: int = MOST_BYTES + 1) -> bytes:
    """Read up to ``most`` bytes of a file that describes something.

    Args:
        path: the file.
        what: what it describes, for messages.
        most: bytes.

    Raises:
        InputMissingError: there is no such file.
        InputError: it cannot be read, or is no file: a pipe would be waited for.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(
                f"{path} cannot be read: it is no regular file.", f"Give one that describes {what}.", where=path
            )
        with path.open("rb") as stream:
            return stream.read(most)
    except FileNotFoundError as error:
        raise InputMissingError(
            f"{path} does not exist.", f"Check the path of the file that describes {what}.", where=path
        ) from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", where=path) from error
    except ValueError as error:  # a name with a NUL
        if isinstance(error, InputError):
            raise
        raise InputError(f"{printable(str(path), _REASON)} cannot be read ({error}).") from error


def parse_toml(content: bytes, name: str, what: str, example: str) -> dict[str, Any]:
    """The table of a text in TOML.

    Args:
        content: the text; at most :data:`MOST_TOML` bytes of it are taken.
        name: where it is from, for messages.
        what: what it describes, for messages.
        example: a line such as it may hold.

    Raises:
        InputError: it is too large, or not TOML.
    """
    if len(content) > MOST_TOML or max(map(len, content.split(b"\n"))) > _LINE:
        raise InputError(
            f"{name} is too large for a description of {what}.",
            f"Give a text file in TOML, of up to {MOST_TOML >> 10} KB and with lines of up to {_LINE} characters.",
        )
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name} is not in TOML: {printable(str(error), _REASON)}.", f"Write lines such as: {example}."
        ) from error
