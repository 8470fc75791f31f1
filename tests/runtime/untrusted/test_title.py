"""Titles that users give their maps: kept, tidied, or refused."""

from __future__ import annotations

import pytest

from landslip.runtime.errors import UsageError
from landslip.runtime.untrusted.title import LONGEST, checked_title


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("Iburi, 6 September 2018", "Iburi, 6 September 2018"),
        ("  Iburi\n\tTomari \u00a0 2018\u2028 ", "Iburi Tomari 2018"),
        (" \n ", None),
        ("", None),
        ("北海道胆振東部地震", "北海道胆振東部地震"),
        ("می‌خواهم", "می‌خواهم"),  # with a joiner, as Persian is written
        ("<script>&\"'", "<script>&\"'"),
        ("x" * LONGEST, "x" * LONGEST),
    ],
)
def test_titles_are_kept_on_one_line(given, kept):
    assert checked_title(given) == kept


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85x\x9b", "\u202e", "\u2067", "\ud800"])
def test_what_does_not_print_is_refused(character):
    with pytest.raises(UsageError, match=r"does not print \(U\+[0-9A-F]{4}\)") as raised:
        checked_title(f"Iburi {character} 2018")
    assert raised.value.option == "title"
    assert character[-1] not in str(raised.value)


def test_what_is_too_long_is_refused():
    with pytest.raises(UsageError, match="201 characters") as raised:
        checked_title("x" * (LONGEST + 1))
    assert raised.value.option == "title"
