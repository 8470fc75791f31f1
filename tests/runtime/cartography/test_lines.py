"""Lines fit into their width, and no word is lost before the last line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.cartography.lines import wrapped
from landslip.runtime.cartography.typeset import plain, width_in_sizes


@given(text=st.text(max_size=300), width=st.floats(10, 300), size=st.floats(2, 8), bold=st.booleans())
def test_lines_fit_and_keep_the_letters(text, width, size, bold):
    lines = wrapped(text, width, size, most=1000, bold=bold)
    assert all(width_in_sizes(line, bold=bold) * size <= width or len(line) == 1 for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(plain(text).split())


def test_words_stay_whole():
    assert wrapped("one two three", 30, 4, most=5) == ["one two three"]
    assert wrapped("one two three", 16, 4, most=5) == ["one two", "three"]


def test_a_word_longer_than_a_line_is_broken():
    assert [len(line) for line in wrapped("x" * 30, 20, 4, most=9)][:-1] == [
        len(wrapped("x" * 30, 20, 4, most=9)[0])
    ] * (len(wrapped("x" * 30, 20, 4, most=9)) - 1)


@pytest.mark.parametrize("text", ["word " * 100, "W" * 100_000, "a b " * 100_000])
def test_long_texts_end_with_dots(text):
    lines = wrapped(text, 100, 4, most=3)
    assert len(lines) == 3
    assert lines[-1].endswith("...")
    assert width_in_sizes(lines[-1]) * 4 <= 100


def test_nothing_is_no_line():
    assert wrapped(" ", 100, 4, most=3) == []
