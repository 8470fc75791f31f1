"""Widening: the same function with more channels, whose copies can learn different things."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow


def networks(narrow, wide):
    from landslip.models.keras.standin import standin_model
    from landslip.models.keras.unet import build_unet

    return standin_model(narrow, 3, damped=True), build_unet(wide)


def test_a_wider_network_says_the_same():
    from landslip.models.training.widening import likeness, widen

    small, large = networks(0.05, 0.13)
    assert large.count_params() > 4 * small.count_params()
    rng = np.random.default_rng(2)
    images = [rng.uniform(-1, 1, (1, 224, 224, bands)).astype(np.float32) for bands in (3, 3, 2)]
    widen(small, large, rng)
    for exact, found in zip(small(images), large(images), strict=True):
        assert exact.numpy().std() > 0.01
        np.testing.assert_allclose(found.numpy(), exact.numpy(), atol=2e-4)
    assert likeness(small, large, images) == pytest.approx(1.0, abs=1e-3)


def test_copies_are_taken_by_weights_of_their_own_that_add_up_to_one():
    from landslip.models.training.widening import copies, shares

    origin = copies(3, 8)
    assert origin.tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert copies(5, 5).tolist() == [0, 1, 2, 3, 4]
    found = shares(origin, 6, np.random.default_rng(0))
    for channel in range(3):
        np.testing.assert_allclose(found[origin == channel].sum(axis=0), 1.0)
    assert len(np.unique(found)) == found.size
    assert found.min() > 0.05
    with pytest.raises(ValueError, match="cannot be widened"):
        copies(8, 3)


def test_networks_of_other_topologies_are_refused():
    from landslip.models.keras.quiet_tensorflow import keras
    from landslip.models.training.widening import widen

    small, _ = networks(0.05, 0.05)
    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1)])
    with pytest.raises(ValueError, match="other layers"):
        widen(small, other, np.random.default_rng(0))
