"""Outlines as whole numbers: exact while there is room, simplified and said so where there is not."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from landslip.runtime.report.outlines import boxes_of, fitting, in_pixels, rings_of

PLACE = Affine(6.0, 0, 500_000, 0, -6.0, 5_000_000)


def shape_of(rings):
    """Polygons of rings, each cut out of those before that hold it."""
    found = shapely.Polygon()
    for ring in rings:
        found ^= shapely.Polygon(np.cumsum(np.reshape(ring, (-1, 2)), axis=0))
    return found


@st.composite
def pixel_sets(draw):
    cells = draw(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=40, unique=True))
    united = shapely.union_all([shapely.box(x, y, x + 1, y + 1) for x, y in cells])
    return shapely.multipolygons(shapely.get_parts(united))


@settings(max_examples=50)
@given(st.lists(pixel_sets(), max_size=5))
def test_rings_are_the_outlines_to_the_pixel(shapes):
    array = np.array(shapes, dtype=object)
    there = shapely.transform(array, lambda at: np.column_stack(PLACE @ (at[:, 0], at[:, 1])))
    pixels = in_pixels(there, PLACE)
    for shape, rings, box in zip(shapes, rings_of(pixels), boxes_of(pixels), strict=True):
        assert shape_of(rings).equals(shape)
        assert box == tuple(map(int, shape.bounds))


def test_too_many_corners_are_simplified_and_it_is_said_by_how_much():
    stairs = shapely.union_all([shapely.box(at, at, at + 2, at + 1) for at in range(400)])
    exact = fitting(np.array([stairs], dtype=object), 100_000)
    assert exact.tolerance == 0
    few = fitting(np.array([stairs], dtype=object), exact.length // 4)
    assert few.tolerance > 0
    assert few.length <= exact.length // 4


def test_what_simplifying_would_remove_keeps_its_outline():
    small = [shapely.box(at, 0, at + 1, 1) for at in range(0, 90, 3)]
    found = fitting(np.array(small, dtype=object), 10)
    assert all(rings for rings in found.rings)
