"""Time that an Item of a run is of: that of its images, or of the processing where nobody knows those."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from landslip.runtime.declared.acquired import parsed_time
from landslip.runtime.errors import InputError
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.untrusted.printable import shown

Json = dict[str, Any]


def dates_of(run: FinishedRun) -> Json:
    """Properties of an Item on time.

    ``datetime`` is null, and a span is given from the first to the last image whose time is known. Where none is known,
    STAC wants a time all the same: then it is that of the processing, and ``landslip:datetime_of`` says so.

    Raises:
        InputError: the record has a time that is none.
    """
    given = [text for text in (run.date_from, run.date_to) if text is not None]
    known = {"landslip:pre_datetime": run.date_from, "landslip:post_datetime": run.date_to}
    if not given:
        return {"datetime": zulu(run.record.finished), "landslip:datetime_of": "processing", **known}
    spans = [_span(text) for text in given]
    return {
        "datetime": None,
        "start_datetime": _text(min(first for first, _ in spans)),
        "end_datetime": _text(max(last for _, last in spans)),
        "landslip:datetime_of": "images",
        **known,
    }


def zulu(text: str) -> str:
    """A time of a record as STAC prefers it: in UTC, with a Z.

    Raises:
        InputError: it is none.
    """
    return _text(_parsed(text)[0])


def _span(text: str) -> tuple[datetime, datetime]:
    """First and last second of a day, or an instant twice."""
    start, whole_day = _parsed(text)
    return start, start + (timedelta(days=1, seconds=-1) if whole_day else timedelta())


def _parsed(text: str) -> tuple[datetime, bool]:
    try:
        return parsed_time(text)
    except ValueError as error:
        raise InputError(
            f"The record of the run has the time {shown(text)}, which is none.", "Copy it again."
        ) from error


def _text(time: datetime) -> str:
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
