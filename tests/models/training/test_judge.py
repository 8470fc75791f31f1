"""The judge: it begins as the demo model, wider and shaken until the copies of a channel differ."""

from __future__ import annotations

import numpy as np
import pytest

from landslip.models.training.judge import NARROW, USUAL


@pytest.mark.tensorflow
@pytest.mark.slow
def test_a_wide_network_begins_near_the_demo_model():
    from landslip.models.keras.unet import build_unet
    from landslip.models.synthetic.event import EventSpec
    from landslip.models.training.training_tiles import training_scene, whole_scene
    from landslip.models.training.widening import likeness

    scene = training_scene(EventSpec(seed=8000, width_m=2400.0, height_m=2400.0))
    batch = whole_scene(scene, 32)
    images = list(batch.images)
    narrow = build_unet(0.125, None)
    narrow.load_weights(NARROW, by_name=True)
    exact = narrow(images)[0].numpy()
    assert (exact > 0.5).sum() > 50
    wide, again = (_started(1, batch) for _ in range(2))
    found = wide(images)[0].numpy()
    assert np.abs(found - exact).mean() < 0.06
    assert np.abs(found - exact).max() > 0
    np.testing.assert_allclose(found, again(images)[0].numpy(), atol=1e-4)
    assert likeness(narrow, wide, [image[:, :96, :96] for image in images]) < 0.98


def _started(seed, batch):
    from landslip.models.keras.unet import build_unet
    from landslip.models.training.judge import start_wide

    wide = build_unet(0.25, None)
    start_wide(wide, batch, seed)
    return wide


def test_the_judge_has_the_size_of_the_published_network():
    assert USUAL.width == 1.0
    assert NARROW.is_file()
