"""Times of job orders: both ways of writing them, and those that mean none."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.joborder.order_times import parsed_span, parsed_time

TIMES = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))


@given(TIMES)
def test_a_time_comes_back_from_either_way_of_writing_it(time):
    assert parsed_time(time.strftime("%Y%m%d_%H%M%S%f")) == time
    assert parsed_time(time.strftime("%Y-%m-%dT%H:%M:%S.%f")) == time


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_an_error_of_values(text):
    try:
        found = parsed_time(text)
    except ValueError:
        return
    assert found is None or found.tzinfo == timezone.utc


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240101_101112", (2024, 1, 1, 10, 11, 12, 0)),
        ("20240101_101112345", (2024, 1, 1, 10, 11, 12, 345000)),
        ("20240101_101112.345", (2024, 1, 1, 10, 11, 12, 345000)),
        ("2024-01-01T10:11:12Z", (2024, 1, 1, 10, 11, 12, 0)),
        ("20161231_235960000000", (2016, 12, 31, 23, 59, 59, 999999)),  # a leap second
    ],
)
def test_other_ways(text, expected):
    assert parsed_time(text) == datetime(*expected, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text", ["00000000_000000000000", "99999999_999999999999", "00010101_000000000000", "10101_000000000000"]
)
def test_no_limit(text):
    assert parsed_time(text) is None


@pytest.mark.parametrize(("start", "stop"), [("20240102_000000", "20240101_000000"), ("now", "20240101_000000")])
def test_what_is_no_span(start, stop):
    with pytest.raises(ValueError, match=r"ends before|is written as"):
        parsed_span(start, stop)
