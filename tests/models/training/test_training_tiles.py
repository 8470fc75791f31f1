"""Training scenes: what training sees is what mapping sees."""

from __future__ import annotations

import numpy as np
import pytest

from landslip.models.synthetic import EventSpec
from landslip.models.training.training_tiles import (
    TrainingScene,
    scaled,
    tiles,
    training_scene,
    varied_spec,
    whole_scene,
)


def made_up(rows=120, cols=150):
    """A scene whose truth can be read off its slope, and whose hillshade is its validity."""
    rng = np.random.default_rng(3)
    truth = rng.random((rows, cols)) < 0.02
    valid = rng.random((rows, cols)) < 0.9
    inputs = rng.integers(0, 256, (7, rows, cols), dtype=np.uint8)
    inputs[6] = np.where(valid, 255, 0)
    return TrainingScene(inputs, np.where(truth, 90.0, 0.0).astype(np.float32), truth, valid)


def test_values_are_scaled_as_published():
    pre, post, terrain = scaled(made_up(), (slice(0, 4), slice(0, 5)))
    assert pre.shape == post.shape == (4, 5, 3)
    np.testing.assert_allclose(pre, made_up().inputs[:3, :4, :5].transpose(1, 2, 0) / 127.5 - 1.0, atol=1e-6)
    assert set(np.unique(terrain[..., 1])) <= {-1.0, 1.0}


def test_tiles_keep_inputs_truth_and_weight_together():
    batch = tiles([made_up()], 32, 20, np.random.default_rng(1))
    pre, post, terrain = batch.images
    assert pre.shape == post.shape == (20, 32, 32, 3)
    assert terrain.shape == (20, 32, 32, 2)
    np.testing.assert_array_equal(terrain[..., 1:] > 0, batch.truth == 1)
    np.testing.assert_array_equal(terrain[..., :1] > 0, batch.weight == 1)
    assert all(image.min() >= -1.0 and image.max() <= 1.0 for image in batch.images)


def test_every_second_tile_has_a_landslide_inside():
    scene = made_up()
    rare = TrainingScene(scene.inputs, scene.slope, np.zeros_like(scene.truth), np.ones_like(scene.valid))
    rare.truth[60, 70] = True
    batch = tiles([rare], 32, 40, np.random.default_rng(1))
    assert batch.truth[1::2].any(axis=(1, 2, 3)).all()
    assert not batch.truth[0::2].any(axis=(1, 2, 3)).all()


def test_tiles_are_the_same_for_the_same_generator():
    a, b = (tiles([made_up()], 32, 4, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(a.images[0], b.images[0])


def test_whole_scenes_are_cut_to_what_the_network_takes():
    batch = whole_scene(made_up(), 32)
    assert batch.truth.shape == batch.weight.shape == (1, 96, 128, 1)
    np.testing.assert_array_equal(batch.truth[0, ..., 0], made_up().truth[:96, :128])


def test_a_training_scene_of_a_generated_event():
    scene = training_scene(EventSpec(seed=5, width_m=1500.0, height_m=1200.0, landslides_per_km2=6.0))
    assert scene.inputs.shape == (7, 200, 250)
    assert scene.truth.shape == scene.valid.shape == scene.slope.shape == (200, 250)
    assert 0.0 < scene.truth.mean() < 0.2
    assert scene.valid.mean() > 0.5
    assert np.median(scene.slope[scene.truth]) > 20.0


def test_specs_vary_with_the_seed():
    specs = [varied_spec(seed, 3000.0) for seed in range(5)]
    assert len({spec.landslides_per_km2 for spec in specs}) == 5
    assert varied_spec(3, 3000.0) == specs[3]
    assert all(spec.width_m == pytest.approx(3000.0) for spec in specs)
