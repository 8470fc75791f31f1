"""A box in degrees as a user writes it: ``WEST,SOUTH,EAST,NORTH``; over the date line west is the larger number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Real
from typing import TypeAlias

from landslip.runtime.errors import UsageError

_NUMBER = r"\s*[+-]?\d{1,3}(?:\.\d{0,20})?\s*"
_BOX = re.compile(",".join([_NUMBER] * 4), re.ASCII)

DegreeBox: TypeAlias = "tuple[float, float, float, float]"
"""West, south, east, north."""


def is_box(name: object) -> bool:
    """Tell whether a name is four numbers with commas between them."""
    return isinstance(name, str) and _BOX.fullmatch(name) is not None


def box_text(numbers: object) -> str | None:
    """Text of a box that is given as a list of four numbers: west, south, east, north; None of anything else.

    Raises:
        UsageError: there is no such box on the globe.
    """
    if not isinstance(numbers, Sequence) or isinstance(numbers, str | bytes) or len(numbers) != 4:
        return None
    if not all(isinstance(number, Real) and not isinstance(number, bool) for number in numbers):
        return None
    plain = (str(number) if "e" not in str(number) else f"{float(number):.12f}".rstrip("0") for number in numbers)
    text = ",".join(plain)
    parsed_box(text)
    return text


def parsed_box(text: str) -> DegreeBox:
    """West, south, east, north in degrees; west is the larger number in a box over the date line.

    Raises:
        UsageError: there is no such box on the globe.
    """
    west, south, east, north = (float(part) for part in text.split(","))
    if not (-90 <= south < north <= 90 and max(abs(west), abs(east)) <= 360 and west != east and east - west <= 360):
        raise UsageError(
            f"The area of interest {text} is no box in degrees.",
            "Give WEST,SOUTH,EAST,NORTH, such as 8.1,45.2,8.4,45.6, or over the date line 179.5,-17.2,-179.8,-16.9.",
        )
    return west, south, east, north
