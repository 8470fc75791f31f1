"""Landslides and unobserved ground in an image, pixel by pixel."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.products.kinds_shown import kinds_shown
from landslip.runtime.products.marking import marked
from landslip.runtime.styles.palette import NO_KIND, RIM, class_colours

HEIGHT, WIDTH, GROUND = 40, 60, 120


def ground(grey=GROUND):
    return np.full((HEIGHT, WIDTH, 3), grey, np.uint8)


def confidence_map():
    """A landslide of 10 x 10 pixels, one of a single pixel, and a side that was not observed."""
    confidence = np.full((HEIGHT, WIDTH), 49, np.uint8)
    confidence[10:20, 10:20] = 50
    confidence[30, 5] = 100
    confidence[:, 40:] = 255
    return confidence


def luminance(colour):
    return float(np.dot(colour, (0.299, 0.587, 0.114)))


def test_landslides_are_tinted_rimmed_and_cased_and_the_rest_is_untouched():
    picture = marked(ground(), confidence_map(), 50)
    red, green, _ = picture[15, 15].astype(int)
    assert red > GROUND + 60 > GROUND - 60 > green
    assert (picture[30, 5] == picture[15, 15]).all(), "a single pixel keeps its colour"
    for row, col in [(9, 15), (20, 15), (15, 9), (15, 20), (29, 5), (31, 5), (30, 4), (30, 6)]:
        assert tuple(picture[row, col]) == RIM
    casing = picture[8, 15]
    assert casing.min() > 200
    for row, col in [(21, 15), (15, 8), (15, 21), (28, 5), (32, 5), (30, 3), (30, 7)]:
        assert (picture[row, col] == casing).all()
    changed = (picture != GROUND).any(axis=2)
    square, alone = 100 + 4 * 10 + (4 * 10 + 4), 1 + 4 + 8
    assert np.count_nonzero(changed[:, :40]) == square + alone


@pytest.mark.parametrize("grey", [0, 40, 90, 128, 200, 255])
def test_print_in_greys_shows_landslides_on_any_ground(grey):
    picture = marked(ground(grey), confidence_map(), 50)
    steps = [luminance(picture[row, 15]) for row in range(5, 12)]  # across the upper edge
    assert max(abs(a - b) for a, b in itertools.pairwise(steps)) > 100


@pytest.mark.parametrize("grey", [0, 90, 200, 255])
def test_print_in_greys_shows_what_was_not_observed_on_any_ground(grey):
    picture = marked(ground(grey), confidence_map(), 50)[:, 45:]
    assert luminance(picture.reshape(-1, 3).max(axis=0)) - luminance(picture.reshape(-1, 3).min(axis=0)) > 70


def test_the_level_decides_what_is_a_landslide():
    picture = marked(ground(), confidence_map(), 51)
    assert np.count_nonzero((picture != GROUND).any(axis=2)[:, :40]) == 1 + 4 + 8


def test_what_was_not_observed_is_dimmed_and_hatched():
    picture = marked(ground(), confidence_map(), 50)[:, 45:]
    dim, line = np.unique(picture)
    assert (picture[:, :, 0] == picture[:, :, 1]).all()
    assert line > dim + 70
    assert 0.15 < np.mean(picture[:, :, 0] == line) < 0.4


def test_rims_are_as_wide_as_asked_for():
    picture = marked(ground(), confidence_map(), 50, rim=3)
    assert [tuple(each) == RIM for each in picture[5:10, 15]] == [False, False, True, True, True]


def test_the_image_is_left_alone():
    image = ground()
    marked(image, confidence_map(), 50)
    assert (image == GROUND).all()


MANY = [ClassSpec("ground", False), *(ClassSpec(f"kind {number}", True) for number in range(8))]


def marked_as(number, grey=GROUND):
    """Picture of landslides of one kind, by its number; 0 for no kind."""
    confidence = confidence_map()
    kinds = kinds_shown(confidence, np.full_like(confidence, number), 50, MANY)
    return marked(ground(grey), confidence, 50, kinds=kinds)


@pytest.mark.parametrize("number", range(9))
def test_landslides_have_the_colour_of_their_kind_and_the_marks_around_them(number):
    picture, plain = marked_as(number), marked(ground(), confidence_map(), 50)
    colour = NO_KIND if number == 0 else class_colours([each.landslide for each in MANY])[number]
    landslide = (confidence_map() >= 50) & (confidence_map() <= 100)
    expected = np.rint(0.35 * GROUND + 0.65 * np.array(colour))
    assert np.abs(picture[landslide] - expected).max() <= 1
    np.testing.assert_array_equal(picture[~landslide], plain[~landslide])


@pytest.mark.parametrize("grey", [0, 40, 90, 128, 200, 255])
@pytest.mark.parametrize("number", range(9))
def test_print_in_greys_shows_landslides_of_any_kind_on_any_ground(grey, number):
    steps = [luminance(marked_as(number, grey)[row, 15]) for row in range(5, 12)]
    assert max(abs(a - b) for a, b in itertools.pairwise(steps)) > 100
