from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.descriptions import KINDS, PLANET, description, image
from landslip.export.conversion.kept_bands import KeptBands, confidences, kept_bands
from landslip.runtime.errors import ModelError

IMAGE = image("image", PLANET)


def kept(count, output_band=None, **options):
    return kept_bands(count, replace(description(IMAGE, **options), output_band=output_band), "out", "m.h5")


def test_bands_are_those_of_the_description():
    assert kept(1).bands == (0,)
    assert kept(3, output_band=2).bands == (2,)
    assert kept(4, activation="softmax", bands=(3, 1)) == KeptBands("softmax", (3, 1), 4, classes=False)
    assert kept(4, classes=KINDS) == KeptBands("none", (0, 1, 2, 3), 4, classes=True)
    assert kept(6, classes=KINDS, bands=(5, 0, 1, 2)).bands == (5, 0, 1, 2)


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (2, {}, r"has 2 bands; one is expected\. Say which one is the confidence \(output_band\), or name"),
        (2, {"bands": (2,)}, "has 2 bands, so there is no band 2"),
        (2, {"output_band": 5}, "has 2 bands, so there is no band 5"),
        (3, {"bands": (1, 1)}, "keeps a band of output 'out' twice"),
        (1, {"classes": KINDS}, r"has 1 band, and the description names 4 classes \(background, debris flow,"),
        (5, {"classes": KINDS}, "has 5 bands, and the description names 4 classes"),
        (1, {"activation": "softmax"}, 'softmax is 1 everywhere. Give activation = "sigmoid"'),
        (3, {"activation": "sigmoid", "bands": (1, 2)}, 'has 3 bands, 2 of which.* Give activation = "softmax"'),
    ],
)
def test_an_output_that_does_not_fit_is_refused(count, options, message):
    with pytest.raises(ModelError, match=message):
        kept(count, **options)


def test_confidences_are_computed_over_all_bands_and_then_chosen():
    answer = np.log([[[[0.1, 0.2, 0.7]]], [[[0.6, 0.3, 0.1]]]]) + 2000.0
    np.testing.assert_allclose(
        confidences(answer, KeptBands("softmax", (2, 0), 3, classes=False)), np.reshape([0.8, 0.7], (2, 1, 1, 1))
    )
    both = confidences(answer, KeptBands("softmax", (2, 0), 3, classes=True))
    np.testing.assert_allclose(both[:, :, 0, 0], [[0.7, 0.1], [0.1, 0.6]])


def test_a_sigmoid_is_right_far_from_zero():
    values = np.reshape([-1000.0, -1.0, 0.0, 1000.0], (1, 2, 2, 1))
    found = confidences(values, KeptBands("sigmoid")).ravel()
    np.testing.assert_allclose(found, [0.0, 1 / (1 + np.e), 0.5, 1.0])


def test_confidences_stay_in_the_type_of_the_network():
    assert confidences(np.zeros((1, 2, 2, 3), np.float32), KeptBands("softmax", (1,), 3)).dtype == np.float32
