"""Reads JSON files that others wrote, bounded in length and depth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

_MOST = 16 << 20
"""Bytes; what is longer is cut, and so no JSON."""
_DEEPEST = 50
"""How deep lists and tables may lie in each other; records need seven."""


def read_json(path: Path) -> Any:
    """What a JSON file holds; numbers that JSON does not know, such as NaN, become None.

    Raises:
        FileNotFoundError: there is no such file.
        OSError, ValueError, RecursionError: it cannot be read, or is damaged.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    with path.open("rb") as stream:
        content = json.loads(stream.read(_MOST), parse_float=_finite, parse_constant=lambda _: None)
    level = [content]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError(f"it is more than {_DEEPEST} levels deep")
    return content


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
