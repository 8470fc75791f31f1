"""Small pictures collected from passing rows."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.thumbnails import EDGE, Thumbnails

UTM = CRS.from_epsg(32632)


def pieces(height, step):
    return [(first, min(height, first + step)) for first in range(0, height, step)]


@cache
def drawn(height, width):
    """An image and percents of confidence: (3, height, width) and (height, width) uint8."""
    rng = np.random.default_rng(height + width)
    image = rng.integers(0, 256, (3, height, width)).astype(np.uint8)
    return image, rng.choice(np.array([0, 10, 100, 255], np.uint8), (height, width), p=[0.5, 0.2, 0.001, 0.299])


@pytest.mark.parametrize(("height", "width"), [(1, 1), (300, 700), (EDGE, EDGE), (EDGE + 1, 90), (50, 3 * EDGE + 5)])
@given(step=st.integers(1, 200))
@pytest.mark.slow
def test_what_is_kept_does_not_depend_on_the_pieces(height, width, step):
    image, percent = drawn(height, width)
    thumbnails = Thumbnails(MapGrid(UTM, Affine(6, 0, 0, 0, -6, 0), height, width))
    for first, last in pieces(height, step):
        thumbnails.add_image("pre", first, image[:, first:last])
        thumbnails.add_confidence(first, percent[first:last])
    factor = max(1, -(-max(height, width) // EDGE))
    np.testing.assert_array_equal(thumbnails.image("pre"), image[:, ::factor, ::factor])
    assert max(thumbnails.confidence.shape) <= EDGE
    for row, col in ((0, 0), (thumbnails.confidence.shape[0] - 1, thumbnails.confidence.shape[1] - 1)):
        block = percent[row * factor : (row + 1) * factor, col * factor : (col + 1) * factor]
        seen = block[block != 255]
        assert thumbnails.confidence[row, col] == (seen.max() if seen.size else 255)


def test_an_image_that_never_came_is_black():
    thumbnails = Thumbnails(MapGrid(UTM, Affine(6, 0, 0, 0, -6, 0), 4, 5))
    assert not thumbnails.image("post").any()
    assert (thumbnails.confidence == 255).all()


@pytest.mark.parametrize("step", [1, 3, 40])
def test_a_pixel_has_the_class_of_the_surest_in_it(step):
    height, width, factor = 90, 2 * EDGE + 7, 3
    rng = np.random.default_rng(step)
    percent = rng.choice(np.array([0, 40, 41, 255], np.uint8), (height, width))
    classes = np.where(percent == 255, 255, rng.integers(0, 4, percent.shape)).astype(np.uint8)
    thumbnails, plain = (Thumbnails(MapGrid(UTM, Affine(6, 0, 0, 0, -6, 0), height, width)) for _ in range(2))
    for first, last in pieces(height, step):
        thumbnails.add_confidence(first, percent[first:last], classes[first:last])
        plain.add_confidence(first, percent[first:last])
    assert thumbnails.step == factor
    assert plain.classes is None
    np.testing.assert_array_equal(thumbnails.confidence, plain.confidence)
    for row in range(height // factor):
        for col in (*range(40), thumbnails.width - 1):
            block = (slice(row * factor, (row + 1) * factor), slice(col * factor, (col + 1) * factor))
            seen = np.where(percent[block] == 255, -1, percent[block].astype(int))
            assert thumbnails.classes[row, col] == classes[block].flat[seen.argmax()]
