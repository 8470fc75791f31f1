"""Confusion matrices: against hand computations and numpy's correlation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from landslip.runtime.scoring.confusion import Scores, confusion

masks = arrays(np.bool_, (6, 7))


def test_ratios_by_hand():
    scores = Scores(true_positive=6, false_positive=1, false_negative=2, true_negative=3)
    assert scores.precision == pytest.approx(6 / 7)
    assert scores.recall == pytest.approx(6 / 8)
    assert scores.f1 == pytest.approx(12 / 15)
    assert scores.mcc == pytest.approx((6 * 3 - 1 * 2) / math.sqrt(7 * 8 * 4 * 5))
    assert scores.iou == pytest.approx(6 / 9)
    assert scores.pixels == 12


def test_counts_of_whole_countries_do_not_overflow():
    scores = Scores(3 * 10**11, 10**11, 10**11, 10**13)
    assert scores.mcc == pytest.approx(0.75 - 1 / 101, abs=1e-3)


@pytest.mark.parametrize(
    ("scores", "mcc"),
    [(Scores(), 0.0), (Scores(true_negative=9), 0.0), (Scores(5, 0, 0, 5), 1.0), (Scores(0, 5, 5, 0), -1.0)],
    ids=["nothing", "all negative", "perfect", "inverted"],
)
def test_edges(scores, mcc):
    assert scores.mcc == mcc
    assert 0.0 <= scores.f1 <= 1.0


@given(masks, masks)
def test_mcc_is_the_correlation_of_the_masks(mapped, known):
    scores = confusion(mapped, known, np.ones_like(mapped))
    if 0 < mapped.sum() < mapped.size and 0 < known.sum() < known.size:
        assert scores.mcc == pytest.approx(np.corrcoef(mapped.ravel(), known.ravel())[0, 1])
    else:
        assert scores.mcc == 0.0


@given(masks, masks, masks)
def test_parts_add_up_and_unobserved_pixels_do_not_count(mapped, known, observed):
    whole = confusion(mapped, known, observed)
    assert whole == sum((confusion(mapped[i], known[i], observed[i]) for i in range(6)), Scores())
    assert whole == confusion(mapped & observed, known | ~observed, observed)
    assert whole.pixels == observed.sum()


def test_as_dict_is_json():
    text = json.dumps(Scores(6, 1, 2, 3).as_dict())
    assert json.loads(text)["mcc"] == 0.4781
