"""Days of known landslides, as attributes hold them, against the interval between the images."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.declared.acquired import parsed_time

_LONGEST = 40
"""Most characters of a date."""
_SLASHED = re.compile(r"(\d{4})[/.](\d\d)[/.](\d\d)(?=$|[ T])", re.ASCII)
"""Days as GDAL writes them in some formats, the year first. 06/09/2018 may be June or September, so it is no date."""


@dataclass(frozen=True)
class Interval:
    """Days between which the landslides that a map can show came down, both included; None where not known."""

    first: date | None = None
    """Day of the image before."""
    last: date | None = None
    """Day of the image after."""

    @classmethod
    def of(cls, first: str | None, last: str | None) -> Interval:
        """Interval between two times in ISO 8601, as ``run.json`` holds them."""
        return cls(*(None if text is None else parsed_time(text)[0].date() for text in (first, last)))


@dataclass(frozen=True)
class DatesFound:
    """Days of landslides against an interval."""

    outside: NDArray[np.bool_]
    """(n,) True for those before or after the interval."""
    older: int
    """Number of those from before the first image."""
    younger: int
    """Number of those from after the last."""
    unread: NDArray[np.bool_]
    """(n,) True where there is no day, or none that can be read; these count as inside."""


def compare_dates(values: NDArray[Any], interval: Interval) -> DatesFound:
    """Compare (n,) attributes with an interval: texts in ISO 8601, numbers such as 20180906, or dates."""
    days = [day_of(value) for value in values]
    older = np.array([day is not None and interval.first is not None and day < interval.first for day in days], bool)
    younger = np.array([day is not None and interval.last is not None and day > interval.last for day in days], bool)
    unread = np.array([day is None for day in days], dtype=np.bool_)
    return DatesFound(older | younger, int(older.sum()), int(younger.sum()), unread)


def day_of(value: Any) -> date | None:
    """Day that an attribute holds; None where it holds none that can be read."""
    if isinstance(value, np.datetime64):
        value = None if np.isnat(value) else str(value.astype("datetime64[D]"))
    if isinstance(value, float | np.floating):
        value = int(value) if math.isfinite(value) and float(value).is_integer() else None
    if value is None:
        return None
    text = _SLASHED.sub(r"\1-\2-\3", str(value)[: _LONGEST + 1].strip())
    try:
        return parsed_time(text)[0].date() if len(text) <= _LONGEST else None
    except ValueError:
        return None
