"""JSON that others wrote, bounded in depth, without the numbers that JSON does not know."""

from __future__ import annotations

import json
import math
from typing import Any

MOST_BYTES = 16 << 20
"""Most bytes of a text; a longer one is cut by those who read it, and so no JSON."""
_DEEPEST = 50
"""Depth to which lists and tables may lie in each other; records need seven, and a STAC Item about ten."""
_DIGITS = 100
"""Most digits of a whole number; reading a longer one takes time that grows with their square."""


def parse_json(content: bytes) -> Any:
    """Value of a JSON text; numbers that JSON does not know, such as NaN, become None.

    Raises:
        ValueError, RecursionError: it is damaged, or too deep.
    """
    parsed = json.loads(content, parse_float=_finite, parse_int=_whole, parse_constant=lambda _: None)
    level = [parsed]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise ValueError(f"it is more than {_DEEPEST} levels deep")
    return parsed


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _whole(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"it holds a number of {len(text)} digits")
    return int(text)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
