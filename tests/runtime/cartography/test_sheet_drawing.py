"""Sheets drawn into pixels: each item where it belongs, and nothing beyond the edges."""

from __future__ import annotations

import numpy as np
import pytest

from landslip.runtime.cartography.paper import INK, WIDTH, Block, Box, Picture, Sheet, Text, Triangle
from landslip.runtime.cartography.sheet_drawing import drawn

RED = (255, 0, 0)


def pixels_of(*items, height=50.0, dots=254):
    return drawn(Sheet(items, height, dots))


def test_an_empty_sheet_is_white_paper():
    pixels = pixels_of()
    assert pixels.shape == (500, 10 * WIDTH, 3)
    assert (pixels == 255).all()


def test_boxes_lie_where_they_are_put():
    red = (pixels_of(Box(10, 20, 30, 5, RED)) == RED).all(axis=2)
    assert red.sum() == 300 * 50
    assert red[200:250, 100:400].all()


def test_the_thinnest_box_is_a_pixel():
    assert (pixels_of(Box(10, 20, 30, 0.001, RED)) == RED).all(axis=2).sum() == 300


def test_pictures_keep_their_pixels_in_a_frame():
    picture = np.random.default_rng(1).integers(100, 200, (40, 60, 3)).astype(np.uint8)
    pixels = pixels_of(Picture(10, 20, picture))
    np.testing.assert_array_equal(pixels[200:240, 100:160], picture)
    frame = (pixels == INK).all(axis=2)
    assert frame.sum() == 2 * 62 + 2 * 40
    assert frame[199, 99:161].all()


@pytest.mark.parametrize(
    ("align", "left", "right"), [("left", 100, None), ("right", None, 100), ("middle", None, None)]
)
def test_texts_are_aligned(align, left, right):
    inked = np.nonzero((pixels_of(Text(10, 5, "HHHH", 4, align=align)) < 128).any(axis=(0, 2)))[0]
    if left is not None:
        assert left <= inked.min() <= left + 6
    elif right is not None:
        assert right - 6 <= inked.max() <= right
    else:
        assert abs((inked.min() + inked.max()) / 2 - 100) <= 2


def test_triangles_cover_their_area():
    pixels = pixels_of(Triangle(((10, 10), (20, 10), (10, 30)), RED))
    share = (255 - pixels[:, :, 1].astype(float)) / 255
    assert share.sum() == pytest.approx(100 * 200 / 2, rel=0.01)
    assert (pixels[105:290, 101] == RED).all()


def test_what_lies_beyond_the_edges_is_left_out():
    picture = np.zeros((40, 60, 3), dtype=np.uint8)
    items = (
        Text(290, 48, "A long text that does not fit", 6),
        Text(-20, -2, "A long text that does not fit", 6, bold=True),
        Box(290, 45, 30, 30, RED),
        Picture(295, 48, picture),
        Triangle(((290, 40), (310, 40), (290, 70)), RED),
        Triangle(((-5, 10), (3, 10), (-5, 20)), RED),
    )
    assert pixels_of(*items).shape == (500, 10 * WIDTH, 3)


def test_blocks_move_as_one():
    block = Block((Box(1, 2, 3, 4), Text(1, 2, "a", 3), Triangle(((0, 0), (1, 0), (0, 1)))), 10)
    box, text, triangle = block.at(10, 20)
    assert (box.x, box.y, text.x, text.y) == (11, 22, 11, 22)
    assert triangle.points == ((10, 20), (11, 20), (10, 21))
