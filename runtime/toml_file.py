"""Reads small TOML files that people write: one table of known keys."""

from __future__ import annotations

import sys
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.plain_text import printable, shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MOST = 64 << 10
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
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST + 1)
        if len(content) > _MOST or max(map(len, content.split(b"\n"))) > _LINE:
            raise InputError(
                f"{path} is too large for a description of {what}. Give a text file in TOML, of up to {_MOST >> 10} KB "
                f"and with lines of up to {_LINE} characters."
            )
        return tomllib.loads(content.decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist. Check the path of the file that describes {what}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path} is not in TOML: {printable(str(error), _REASON)}. Write lines such as: {example}."
        ) from error


def check_key(path: Path, key: str, known: Collection[str], where: str = "") -> None:
    """Refuse a key that is not known.

    Args:
        path: the file.
        key: what it holds.
        known: what it may hold.
        where: part of the file, for messages, such as ``inputs[0]``.

    Raises:
        InputError: it is none of them; the message names the one that is probably meant.
    """
    if key in known:
        return
    close = get_close_matches(key, known, 1)
    meant = f"Did you mean {close[0]!r}?" if close else f"It may hold: {', '.join(known)}."
    raise InputError(f"{path}: the key {f'{where}.' if where else ''}{shown(key)} is unknown. {meant}")
