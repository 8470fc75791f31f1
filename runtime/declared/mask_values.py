"""Classes of a class map, or bits of a bit field, that hide the ground, as a user writes them: ``3,8-10``."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.errors import UsageError

Classes = tuple[tuple[int, int], ...]
"""First and last class of each range."""

LAST_BIT = 31
"""The highest bit of a bit field."""

_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")
_SHOWN = 60


def parsed_classes(text: str) -> Classes:
    """Classes from numbers and ranges with commas between them.

    Raises:
        UsageError: it is not written like that.
    """
    return _parsed(text, "values", "Give whole numbers and ranges with commas between them, such as 3,8-10.")


def parsed_bits(text: str) -> int:
    """Whole number with the bits that are given as numbers and ranges: ``3,4`` gives 24.

    Bits are counted from 0, the least significant one, to :data:`LAST_BIT`.

    Raises:
        UsageError: it is not written like that.
    """
    remedy = f"Give their numbers from 0 to {LAST_BIT}, with commas between them, such as 3,4 or 0-5."
    ranges = _parsed(text, "bits", remedy)
    if max(last for _, last in ranges) > LAST_BIT:
        raise UsageError(f"The mask bits {text[:_SHOWN]!r} are not understood.", remedy, option="mask_bits")
    return sum({1 << bit for first, last in ranges for bit in range(first, last + 1)})


def _parsed(text: str, what: str, remedy: str) -> Classes:
    ranges = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise UsageError(f"The mask {what} {text[:_SHOWN]!r} are not understood.", remedy, option=f"mask_{what}")
        ranges.append((first, last))
    return tuple(ranges)


def in_classes(values: NDArray[np.integer], classes: Classes) -> NDArray[np.bool_]:
    """Mask of the values that are of one of the classes, in the shape of ``values``."""
    found = np.zeros(values.shape, dtype=np.bool_)
    for first, last in classes:
        found |= (values >= first) & (values <= last)
    return found
