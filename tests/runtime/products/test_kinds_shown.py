"""Kinds of landslides in the small picture of a map: colours, names, and pixels whose surest class is no landslide."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.oracles import components
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.products.kinds_shown import MOST_NAMED, kinds_shown
from landslip.runtime.styles.palette import NO_KIND, class_colours

SPECS = [ClassSpec("ground", False), ClassSpec("flow", True), ClassSpec("water", False), ClassSpec("fall", True)]
COLOURS = class_colours([each.landslide for each in SPECS])


def shown(confidence, classes, specs=SPECS):
    return kinds_shown(np.array(confidence, np.uint8), np.array(classes, np.uint8), 50, specs)


def test_kinds_have_the_colours_of_the_map_of_classes_and_only_those_that_occur_are_named():
    kinds = shown([[80, 80, 10, 60], [255, 80, 10, 10]], [[3, 3, 1, 3], [255, 3, 0, 1]])
    assert kinds.colours == {3: COLOURS[3]}
    assert kinds.named == ((3, "fall"),)
    assert kinds.left_out == 0
    assert (kinds.numbers == [[3, 3, 255, 3], [255, 3, 255, 255]]).all()


def test_a_pixel_whose_surest_class_is_ground_has_the_kind_of_its_landslide():
    kinds = shown([[60, 60, 60, 60, 0, 60, 60]], [[1, 0, 0, 3, 1, 0, 2]])
    assert kinds.numbers.tolist() == [[1, 1, 3, 3, 255, 255, 255]]
    assert kinds.colours == {1: COLOURS[1], 3: COLOURS[3], 255: NO_KIND}
    assert kinds.names == ("flow", "fall", None)
    assert NO_KIND not in COLOURS


def test_kinds_spread_within_their_landslide_alone():
    rng = np.random.default_rng(5)
    confidence = rng.choice(np.array([0, 90, 255], np.uint8), (70, 90), p=[0.6, 0.35, 0.05])
    classes = rng.choice(np.arange(4, dtype=np.uint8), (70, 90), p=[0.9, 0.02, 0.06, 0.02])
    kinds = shown(confidence, classes)
    landslide = confidence == 90
    told = landslide & np.isin(classes, (1, 3))
    assert (kinds.numbers[told] == classes[told]).all()
    assert (kinds.numbers[~landslide] == 255).all()
    found = components(landslide)
    assert len(found) > 20
    for pixels in found:
        where = tuple(np.array(pixels).T)
        known = set(classes[where][told[where]].tolist())
        assert set(kinds.numbers[where].tolist()) == (known or {255})


def test_of_many_kinds_those_of_most_ground_are_named():
    specs = [ClassSpec(f"kind {number}", True) for number in range(20)]
    classes = np.repeat(np.arange(20), np.arange(1, 21))[None]
    kinds = shown(np.full_like(classes, 90), classes, specs)
    assert kinds.names == tuple(f"kind {number}" for number in range(20 - MOST_NAMED, 20))
    assert kinds.left_out == 20 - MOST_NAMED
    assert len(set(kinds.colours.values())) == 20


@pytest.mark.parametrize("factor", [1, 3])
def test_enlarged_pixels_keep_their_kind(factor):
    kinds = shown([[60, 60], [0, 60]], [[1, 3], [0, 1]])
    expected = np.kron(kinds.numbers, np.ones((factor, factor), np.uint8))
    np.testing.assert_array_equal(kinds.enlarged(factor).numbers, expected)
