"""Least rectangles are as small as any turned rectangle around an outline, also where pixels make a staircase."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.products.least_rectangles import lengths_and_widths


def by_turning(hull):
    """The two sides of the least of the rectangles with a side along a side of the hull, by turning it flat."""
    points = shapely.get_coordinates(hull)
    found = []
    for east, north in np.diff(points, axis=0):
        turned = points @ np.array([[east, -north], [north, east]]) / np.hypot(east, north)
        found.append(sorted(np.ptp(turned, axis=0), reverse=True))
    return min(found, key=np.prod)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=3, max_size=60, unique=True),
    st.floats(0.5, 1.5),
    st.floats(-1e-9, 1e-9),
)
def test_no_turned_rectangle_is_smaller(corners, scale, unequal):
    pixels = shapely.union_all([shapely.box(6 * x, 6 * y, 6 * x + 6, 6 * y + 6) for x, y in corners])
    hull = shapely.transform(shapely.convex_hull(pixels), lambda p: p * (scale, scale * (1 + unequal)))
    length, width = lengths_and_widths(np.array([hull], dtype=object))[0]
    assert length * width == pytest.approx(np.prod(by_turning(hull)), rel=1e-9)
    assert length * width >= hull.area * (1 - 1e-9)
    assert length >= width >= 6 * scale * (1 - 1e-6)


def test_a_staircase_has_a_width():
    """GEOS 3.14 gives this outline no width, or twice its length, after some scalings."""
    steps = [(0, 108), (0, 90), (6, 78), (30, 54), (42, 42), (66, 42), (66, 48), (42, 78), (12, 108), (0, 108)]
    hull = shapely.convex_hull(shapely.Polygon(steps))
    hulls = np.array([shapely.transform(hull, lambda p, k=k: p * (1 + k * 1e-7)) for k in range(1000)], dtype=object)
    sides = lengths_and_widths(hulls)
    assert np.ptp(sides, axis=0).max() < 0.02
    assert sides[0] == pytest.approx(by_turning(hull))


def test_each_hull_has_its_own():
    hulls = np.array(
        [shapely.box(0, 0, 3, 2), shapely.box(5, 5, 6, 12), shapely.Polygon([(0, 0), (2, 2), (0, 4), (-2, 2)])]
    )
    assert lengths_and_widths(hulls) == pytest.approx(np.array([[3, 2], [7, 1], [8**0.5, 8**0.5]]))
    assert lengths_and_widths(np.empty(0, dtype=object)).shape == (0, 2)
