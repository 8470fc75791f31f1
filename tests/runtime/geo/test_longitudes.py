"""The date line: boxes and points by whole turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.geo.longitudes import copies, eastward, near, short_way

# Eighths of degrees: sums of these are exact, so that no rounding decides what touches what.
DEGREES = st.integers(-8 * 900, 8 * 900).map(lambda eighths: eighths / 8)
WIDTHS = st.integers(1, 8 * 360).map(lambda eighths: eighths / 8)


def holds(box, longitude):
    """Whether a box holds a meridian, by definition: some turn of it lies between its sides."""
    return any(box[0] < longitude + 360 * turns < box[2] for turns in range(-9, 10))


@given(DEGREES, DEGREES)
def test_near_is_the_same_place_within_half_a_turn(longitude, centre):
    found = near(longitude, centre)
    assert (found - longitude) % 360 == 0
    assert -180 <= found - centre < 180


@given(DEGREES, WIDTHS)
def test_a_box_written_over_the_date_line_is_as_wide_as_it_is(left, width):
    right = near(left + width, 0.0)
    found = eastward((near(left, 0.0), -1.0, right, 1.0))
    assert found[0] == near(left, 0.0)
    assert 0 <= found[2] - found[0] <= 360
    assert (found[2] - found[0] - width) % 360 == 0


def test_a_box_that_runs_eastward_stays():
    assert eastward((170.0, -20.0, 190.0, -10.0)) == (170.0, -20.0, 190.0, -10.0)
    assert eastward((-180.0, -90.0, 180.0, 90.0)) == (-180.0, -90.0, 180.0, 90.0)
    assert eastward((179.0, 0.0, -179.0, 1.0)) == (179.0, 0.0, 181.0, 1.0)


@given(DEGREES, WIDTHS, DEGREES, WIDTHS, st.integers(-2, 2), DEGREES)
def test_copies_hold_what_box_and_span_share_on_any_turn(left, width, west, span, turns, longitude):
    box = (left + 360 * turns, -1.0, left + width + 360 * turns, 1.0)
    found = copies(box, (west, west + span))
    assert all((copy[0] - left) % 360 == 0 and copy[2] - copy[0] == width for copy in found)
    assert all(copy[0] < west + span and copy[2] > west for copy in found)
    assert found == sorted(found)
    # Every longitude of the span itself, not of another turn, is in a copy if and only if the box holds its meridian.
    if west < longitude < west + span:
        assert any(copy[0] < longitude < copy[2] for copy in found) == holds(box, longitude)


@pytest.mark.parametrize(
    ("box", "span", "expected"),
    [
        ((179.5, 180.5), (179.0, 181.0), [(179.5, 180.5)]),
        ((-180.5, -179.5), (179.0, 181.0), [(179.5, 180.5)]),
        ((179.5, -179.5), (179.0, 181.0), [(179.5, 180.5)]),
        ((179.5, -179.5), (-180.0, 180.0), [(-180.5, -179.5), (179.5, 180.5)]),
        ((-0.5, 0.5), (0.0, 360.0), [(-0.5, 0.5), (359.5, 360.5)]),
        ((10.0, 20.0), (0.0, 360.0), [(10.0, 20.0)]),
        ((10.0, 20.0), (20.0, 30.0), []),
        ((-180.0, 180.0), (-180.0, 180.0), [(-180.0, 180.0)]),
    ],
)
def test_copies_at_the_date_line_and_at_greenwich(box, span, expected):
    found = copies((box[0], -1.0, box[1], 1.0), span)
    assert [(left, right) for left, _, right, _ in found] == expected


def ring(*longitudes):
    return np.array([*longitudes, longitudes[0]], dtype=float)


def test_an_outline_over_the_date_line_goes_the_short_way():
    np.testing.assert_array_equal(short_way(ring(179.5, -179.5, -179.5, 179.5)), ring(179.5, 180.5, 180.5, 179.5))
    np.testing.assert_array_equal(short_way(ring(-179.5, -179.5, 179.5, 179.5)), ring(-179.5, -179.5, -180.5, -180.5))


def test_outlines_of_the_world_around_a_pole_or_without_long_sides_stay():
    assert short_way(ring(-180, 180, 180, -180)) is None
    assert short_way(ring(10, 130, -110)) is None  # around a pole: each side goes east, the short way
    assert short_way(ring(170, 190, 190, 170)) is None


@given(st.lists(st.integers(-60, 60), min_size=3, max_size=9), DEGREES)
def test_the_short_way_undoes_any_wrapping(steps, start):
    """A narrow outline, each corner brought into -180..180, is itself again up to whole turns."""
    true = ring(*(start + np.array(steps) / 2))
    wrapped = near(true, 0.0)
    found = short_way(wrapped)
    found = wrapped if found is None else found
    np.testing.assert_array_equal(found - found[0], true - true[0])
