"""Spans of polygons: the pixels that GDAL burns, polygon by polygon, in any band."""

from __future__ import annotations

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.scoring.polygon_spans import END, FIRST, ROW, SHAPE, Ragged

ROWS, WIDTH = 40, 50


def star(rng, hole):
    middle, corners = rng.uniform(-5, 55, 2), rng.integers(3, 14)
    angles, radii = np.sort(rng.uniform(0, 2 * np.pi, corners)), rng.uniform(0.5, 15, corners)
    ring = np.column_stack([middle[0] + radii * np.cos(angles), -middle[1] + radii * np.sin(angles)])
    shape = shapely.make_valid(shapely.Polygon(ring))
    return shape.difference(shapely.Point(middle[0], -middle[1]).buffer(rng.uniform(0.2, 4))) if hole else shape


def masks(spans, count, rows=ROWS):
    found = np.zeros((count, rows, WIDTH), dtype=np.int64)
    for span in spans:
        found[span[SHAPE], span[ROW], span[FIRST] : span[END]] += 1
    return found


@given(st.integers(0, 10_000), st.integers(0, 30))
def test_they_are_the_pixels_that_gdal_burns_whatever_lies_over_them(seed, first_row):
    rng = np.random.default_rng(seed)
    shapes = np.array([star(rng, k % 2) for k in range(8)], dtype=object)
    found = masks(Ragged.of(shapes).spans(first_row, ROWS, WIDTH), len(shapes))
    place = Affine(1, 0, 0, 0, -1, -first_row)
    for mask, shape in zip(found, shapes, strict=True):
        burnt = 0 if shape.is_empty else rasterio.features.rasterize([shape], (ROWS, WIDTH), transform=place)
        np.testing.assert_array_equal(mask, burnt)


def test_bands_put_together_are_the_whole():
    rng = np.random.default_rng(7)
    ragged = Ragged.of(np.array([star(rng, k % 2) for k in range(30)], dtype=object))
    whole = masks(ragged.spans(0, ROWS, WIDTH), 30)
    parts = [masks(ragged.spans(row, 8, WIDTH), 30, 8) for row in range(0, ROWS, 8)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_points_lines_and_nothing_have_no_pixels_and_collections_have_their_polygons():
    box = shapely.box(1, -3, 4, -1)
    shapes = [
        shapely.Point(1, -1), shapely.Polygon(), shapely.LineString([(0, 0), (9, -9)]),
        shapely.GeometryCollection([shapely.MultiPolygon([box]), shapely.Point(5, -5)]),
    ]  # fmt: skip
    ragged = Ragged.of(np.array(shapes, dtype=object))
    assert masks(ragged.spans(0, ROWS, WIDTH), 4).sum(axis=(1, 2)).tolist() == [0, 0, 0, 6]
    assert ragged.crossings == 4
    assert len(Ragged.of(np.empty(0, dtype=object)).spans(0, 5, 5)) == 0
