"""Reads JSON files that others wrote, bounded in length and depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json


def read_json(path: Path) -> Any:
    """Value of a JSON file; numbers that JSON does not know, such as NaN, become None.

    Raises:
        FileNotFoundError: there is no such file.
        OSError, ValueError, RecursionError: it cannot be read, or is damaged.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as stream:
        return parse_json(stream.read(MOST_BYTES))
