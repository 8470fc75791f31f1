"""Classes of a class map that hide the ground, as a user writes them: ``3,8-10``."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.errors import UsageError

Classes = tuple[tuple[int, int], ...]
"""First and last class of each range."""

_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")
_SHOWN = 60


def parsed_classes(text: str) -> Classes:
    """Classes from numbers and ranges with commas between them.

    Raises:
        UsageError: it is not written like that.
    """
    ranges = []
    for part in text.split(","):
        found = _RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last:
            raise UsageError(
                f"The mask values {text[:_SHOWN]!r} are not understood.",
                "Give whole numbers and ranges with commas between them, such as 3,8-10.",
                option="mask_values",
            )
        ranges.append((first, last))
    return tuple(ranges)


def in_classes(values: NDArray[np.integer], classes: Classes) -> NDArray[np.bool_]:
    """Mask of the values that are of one of the classes, in the shape of ``values``."""
    found = np.zeros(values.shape, dtype=np.bool_)
    for first, last in classes:
        found |= (values >= first) & (values <= last)
    return found
