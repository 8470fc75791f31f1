"""Fill and ground of the same colour are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from helpers.pictures import blended, framed, land, stretched_hard, swath, turned, with_holes
from landslip.runtime.declared.fill import NEVER_MEASURED, candidates, judged
from landslip.runtime.declared.fill_evidence import Sides, look
from landslip.runtime.geo.pixels import Pixels

LAND = land()


def verdicts(picture, rows=None):
    """What is said of each colour that may be fill, looked at in strips of so many rows."""
    found = candidates(picture.dtype)
    height = picture.shape[1]
    for top in range(0, height, rows or height):
        part = picture[:, top : top + (rows or height)]
        sides = Sides(top == 0, True, top + part.shape[1] == height, True)
        for evidence in found:
            look(evidence, Pixels(part, np.ones(part.shape[1:], bool)), sides)
    return {evidence.value: verdict for evidence in found if (verdict := judged(evidence)) != "ground"}


FILL = {
    "black frame": (framed(LAND, 20), {0: "fill"}),
    "a single row of black": (framed(LAND, 1), {0: "fill"}),
    "white frame": (framed(LAND, 20, 255), {255: "fill"}),
    "black corners": (turned(LAND)[0], {0: "fill"}),
    "white corners": (turned(LAND, 255)[0], {255: "fill"}),
    "swath edge": (swath(LAND)[0], {0: "fill"}),
    "swath edge of a picture of strong contrast": (swath(stretched_hard(LAND, 2))[0], {0: "fill"}),
    "frame of a nearly black picture": (swath(2 + LAND // 40)[0], {0: "fill"}),
    "nothing but black": (np.zeros_like(LAND), {0: "fill"}),
    "white frame and white scars": (framed(stretched_hard(LAND, 2), 20, 255), {255: "doubtful"}),
    "black holes": (with_holes(LAND, 0.05)[0], {0: "doubtful"}),
    "a few black holes": (with_holes(LAND, 0.01)[0], {0: "remarkable"}),
    "white holes": (with_holes(LAND, 0.05, 255)[0], {255: "remarkable"}),
}


@pytest.mark.parametrize("rows", [None, 80])
@pytest.mark.parametrize("kind", FILL)
def test_fill_is_found(kind, rows):
    picture, expected = FILL[kind]
    assert verdicts(picture, rows) == expected


GROUND = {
    "land": LAND,
    "scattered black": np.where(np.random.default_rng(0).random(LAND.shape[1:]) < 0.05, np.uint8(0), LAND),
    "2 percent black and white": stretched_hard(LAND, 2),
    "5 percent black and white": stretched_hard(LAND, 5),
    "dark sea": blended(LAND, 1, 2, 8),
    "very dark sea": blended(LAND, -1, 2, 4),
    "black lakes with soft shores": blended(LAND, 0, 0, 2),
    "bright snow": blended(LAND, 262, 8, 3),
    "white clouds": blended(LAND, 300, 10, 2),
    "nearly black": LAND // 50,
    "few levels": LAND // 64,
    "one dark band": LAND * np.array([0, 1, 1], np.uint8)[:, None, None],
}


@pytest.mark.parametrize("kind", GROUND)
def test_ground_stays_ground(kind):
    assert verdicts(GROUND[kind]) == {}


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32", "float64"])
def test_one_rule_holds_for_all_types(dtype):
    picture = swath(LAND)[0].astype(dtype) * 7
    assert verdicts(picture) == {0: "fill"}
    assert verdicts(LAND.astype(dtype) * 7) == {}


@pytest.mark.parametrize("value", NEVER_MEASURED)
def test_numbers_that_nothing_measures_are_fill_wherever_they_are(value):
    picture = LAND.astype(np.float32)
    picture[:, 100:103, 100:103] = value
    assert verdicts(picture) == {np.float32(value): "fill"} or verdicts(picture) == {value: "fill"}
