"""Times of job orders, which both generations write without a zone, in UTC."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from landslip.runtime.joborder.order_types import TimeSpan

_GENERIC = re.compile(r"(\d{1,4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)\.?(\d{0,6})")
_ISO = re.compile(r"(\d{1,4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z?")
_FIRST, _LAST = 1900, 9999
"""Years before and from which a time means that none is set: 0000…, 0001… and 9999… are written for that."""


def parsed_time(text: str) -> datetime | None:
    """A time of an order; None where it stands for no limit.

    Args:
        text: ``YYYYMMDD_hhmmssuuuuuu``, with fewer digits of a second or a point before them as well, or
            ``YYYY-MM-DDThh:mm:ss.uuuuuu``.

    Raises:
        ValueError: it is none.
    """
    found = _ISO.fullmatch(text.removeprefix("UTC=")) or _GENERIC.fullmatch(text)
    if found is None:
        raise ValueError("a time is written as YYYYMMDD_hhmmssuuuuuu or YYYY-MM-DDThh:mm:ss.uuuuuu")
    *whole, fraction = found.groups()
    year, month, day, hour, minute, second = map(int, whole)
    if not _FIRST <= year < _LAST:
        return None
    leap = second == 60  # which Python does not know
    time = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=timezone.utc)
    return time.replace(microsecond=999_999 if leap else int((fraction or "").ljust(6, "0")))


def parsed_span(start: str, stop: str) -> TimeSpan:
    """A span of time.

    Raises:
        ValueError: a time is none, or the span ends before it begins.
    """
    span = TimeSpan(parsed_time(start), parsed_time(stop))
    if span.start is not None and span.stop is not None and span.stop < span.start:
        raise ValueError("it ends before it begins")
    return span
