"""The view of a map, and lengths of a scale bar."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.styles.map_sheet import MapSheet, SystemUsed, round_length
from landslip.runtime.styles.qgis_layout import as_data

SHEET = MapSheet("", "", (), "", "", 50, (0.0, 0.0, 100.0, 50.0), SystemUsed("", ""))


@given(st.floats(1e-3, 1e7), st.floats(1e-3, 1e7), st.floats(0.2, 5))
def test_the_whole_map_is_in_view_in_the_shape_that_is_asked_for(width, height, proportion):
    left, bottom, right, top = replace(SHEET, bounds=(7.0, 9.0, 7.0 + width, 9.0 + height)).view(proportion)
    assert left < 7 < 7 + width < right
    assert bottom < 9 < 9 + height < top
    assert (right - left) / (top - bottom) == pytest.approx(proportion, rel=1e-3)


@given(st.floats(1e-2, 1e7))
def test_a_length_is_round_and_fills_two_fifths_at_the_least(most):
    found = round_length(most)
    assert most * 0.39 < found <= most
    assert f"{found:.0e}"[0] in "125"


@pytest.mark.parametrize(("most", "length"), [(1.0, 1.0), (999.0, 500.0), (1000.0, 1000.0), (0.03, 0.02)])
def test_lengths(most, length):
    assert round_length(most) == pytest.approx(length)


def test_nothing_in_a_text_is_an_expression():
    assert as_data("[% 1 %] 100 %") == "[% '[' || '%' %] 1 %] 100 %"
