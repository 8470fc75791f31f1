"""Letters: which there are, how large they are, and pictures that say how large they are on paper."""

# ruff: noqa: RUF001 - letters that look alike are meant

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from landslip.runtime.cartography.typeset import (
    encoded_png,
    is_shown,
    line_height,
    plain,
    text_coverage,
    text_width,
    width_in_sizes,
)
from landslip.runtime.errors import OutputError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Iburi 2018", "Iburi 2018"),
        ("Nariño, Łódź, Ærø, Đà Nẵng", "Narino, Lodz, AEro, Da Nang"),
        ("3 km²", "3 km²"),
        ("a – b × c ≥ 5", "a - b x c >= 5"),
        ("胆振 Iburi", "? Iburi"),
        ("ﬁne ½ ㎢", "fine 1/2 km2"),
        ("می‌خواهم", "?"),
        ("🏔🏔🏔", "?"),
        ("a\u202eb\u200bc", "abc"),
        ("", ""),
    ],
)
def test_characters_without_letters_are_shown_in_a_known_way(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "whole"), [("Nariño?", True), ("胆振", False), ("Iburi 胆振", False), ("a\u200db", True)]
)
def test_what_is_not_shown_is_told(text, whole):
    assert is_shown(text) == whole


def test_every_letter_has_a_shape_of_its_own():
    letters = [*map(chr, range(0x21, 0x7F)), *"«»°±·‘’“”…‹›™"]
    shapes = {text_coverage(letter, 40).tobytes() for letter in letters}
    nowhere = text_coverage("\uffff", 40).tobytes()  # the box that stands for what the font does not have
    assert len(shapes) == len(letters)
    assert nowhere not in shapes


@given(text=st.text(max_size=40), size=st.integers(1, 60), bold=st.booleans())
def test_any_text_is_drawn_at_its_width(text, size, bold):
    shown = plain(text)
    covered = text_coverage(shown, size, bold=bold)
    assert covered.shape == (line_height(size), text_width(shown, size, bold=bold))
    assert covered.dtype == np.uint8


def test_bold_is_wider_and_darker():
    plainly, boldly = text_coverage("Landslides", 40), text_coverage("Landslides", 40, bold=True)
    assert boldly.shape[1] > plainly.shape[1]
    assert boldly.sum(dtype=int) > 1.2 * plainly.sum(dtype=int)


def test_squares_are_raised():
    raised, beside = text_coverage("²", 40), text_coverage("2", 40)
    rows, below = (np.nonzero(each.any(axis=1))[0] for each in (raised, beside))
    assert rows.max() < below.max() - 8
    assert len(rows) < 0.7 * len(below)


def test_widths_grow_with_sizes():
    assert text_width("Landslides", 80) == pytest.approx(80 * width_in_sizes("Landslides"), rel=0.03)
    assert text_width("Landslides", 20) == pytest.approx(20 * width_in_sizes("Landslides"), rel=0.06)


def test_a_picture_says_how_large_it_is_on_paper():
    pixels = np.random.default_rng(3).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    content = encoded_png(pixels, 254)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        assert picture.info["dpi"] == pytest.approx((254, 254), abs=0.1)
        np.testing.assert_array_equal(np.asarray(picture), pixels)
    assert encoded_png(pixels, 254) == content


def test_a_pillow_without_letters_gets_a_sentence(monkeypatch):
    def without(_size):
        raise ImportError("The _imagingft C module is not installed")

    monkeypatch.setattr(ImageFont, "load_default", without)
    with pytest.raises(OutputError, match="without FreeType"):
        text_width("never drawn before", 177)
