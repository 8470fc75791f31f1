"""The view of a map, and texts in its layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.styles.map_sheet import view_of
from landslip.runtime.styles.qgis_layout import as_data


@given(st.floats(1e-3, 1e7), st.floats(1e-3, 1e7), st.floats(0.2, 5))
def test_the_whole_map_is_in_view_in_the_shape_that_is_asked_for(width, height, proportion):
    left, bottom, right, top = view_of((7.0, 9.0, 7.0 + width, 9.0 + height), proportion)
    assert left < 7 < 7 + width < right
    assert bottom < 9 < 9 + height < top
    assert (right - left) / (top - bottom) == pytest.approx(proportion, rel=1e-3)


def test_nothing_in_a_text_is_an_expression():
    assert as_data("[% 1 %] 100 %") == "[% '[' || '%' %] 1 %] 100 %"
