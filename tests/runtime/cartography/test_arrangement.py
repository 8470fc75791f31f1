"""Panels are as large as paper lets them be, in whole pixels of a sheet between 200 and 300 pixels per inch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.cartography.arrangement import FEWEST_DOTS, MOST_DOTS, Room, arrange

ROW = Room(279, 100, stacked=False, beside=False)
TALL_ROW = Room(194, 160, stacked=False, beside=True)
STACK = Room(194, 160, stacked=True, beside=True)
FLAT_STACK = Room(279, 100, stacked=True, beside=False)
ROOMS = (ROW, TALL_ROW, STACK, FLAT_STACK)


@given(rows=st.integers(1, 1024), cols=st.integers(1, 1024), count=st.integers(2, 3))
def test_panels_fit_their_room(rows, cols, count):
    found = arrange((rows, cols), count, ROOMS)
    width, height = found.room.panel(count)
    assert found.factor >= 1
    assert FEWEST_DOTS <= found.dots_per_inch <= MOST_DOTS
    assert cols * found.pixel <= width * (1 + 1e-9)
    assert rows * found.pixel <= height * (1 + 1e-9)


@given(rows=st.integers(30, 1024), cols=st.integers(30, 1024))
def test_little_of_the_room_is_left_empty(rows, cols):
    found = arrange((rows, cols), 3, ROOMS)
    best = max(min(room.panel(3)[0] / cols, room.panel(3)[1] / rows) for room in ROOMS)
    assert found.pixel >= 0.66 * best


@pytest.mark.parametrize(
    ("shape", "room"), [((1000, 1000), ROW), ((1024, 250), TALL_ROW), ((150, 1024), STACK), ((10, 1000), FLAT_STACK)]
)
def test_wide_maps_are_stacked_and_tall_ones_stand_side_by_side(shape, room):
    assert arrange(shape, 3, ROOMS).room is room


def test_the_largest_panels_are_drawn_pixel_by_pixel():
    assert arrange((1024, 1024), 3, ROOMS).factor == 1


def test_panels_that_fit_nowhere_get_the_height_they_need():
    found = arrange((1024, 1024), 3, (Room(279, 20, stacked=False, beside=False),))
    assert (found.factor, found.dots_per_inch) == (1, MOST_DOTS)
