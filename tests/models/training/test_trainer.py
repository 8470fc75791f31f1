"""Training: it learns, it is repeatable, and what it makes is the published topology."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from landslip.models.demo.embedded import TEST_SEEDS
from landslip.models.training.trainer import TRAINING_SEEDS, VALIDATION_SEEDS, Trainer, TrainingOptions, train
from landslip.models.training.training_tiles import TrainingBatch

SMALL = TrainingOptions(width=0.05, scenes=1, scene_m=1200.0, tile=64, batch=2, steps=3)


def batch(weight=1.0):
    rng = np.random.default_rng(1)
    truth = np.zeros((2, 64, 64, 1), np.float32)
    truth[:, 20:40, 20:40] = 1.0
    images = tuple(rng.uniform(-0.2, 0.2, (2, 64, 64, bands)).astype(np.float32) + truth for bands in (3, 3, 2))
    return TrainingBatch(images, truth, np.full_like(truth, weight))


def test_seeds_for_teaching_choosing_and_testing_do_not_meet():
    assert not set(TRAINING_SEEDS) & set(VALIDATION_SEEDS)
    assert not set(TEST_SEEDS) & (set(TRAINING_SEEDS) | set(VALIDATION_SEEDS))


@pytest.fixture(scope="module")
def trainer():
    # One for several tests: tracing its training step takes longer than the steps.
    return Trainer(SMALL)


@pytest.mark.tensorflow
def test_first_weights_depend_on_the_seed_alone(trainer):
    start, again, other = trainer.weights, Trainer(SMALL).weights, Trainer(replace(SMALL, seed=2)).weights
    assert all(np.array_equal(a, b) for a, b in zip(start, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(start, other, strict=True))


@pytest.mark.tensorflow
def test_masked_pixels_teach_nothing_and_others_do(trainer):
    # TrainingBatch norm's moving statistics follow the inputs, whatever the weights.
    learnt = [index for index, name in enumerate(trainer.names) if "moving_" not in name]
    before = trainer.weights
    trainer.step(batch(weight=0.0), 3e-3)
    for index in learnt:
        np.testing.assert_array_equal(trainer.weights[index], before[index], err_msg=trainer.names[index])
    losses = [trainer.step(batch(), 3e-3) for _ in range(12)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.tensorflow
def test_a_short_course_gives_a_model_to_ship_and_never_its_start():
    shown = []
    trained = train(SMALL, lambda network, batch: shown.append((network.input_shape[0], batch.truth.shape)))
    assert shown == [((None, None, None, 3), (16, 64, 64, 1))]
    assert (trained.steps, trained.kept_at) == (3, 3)
    assert -1.0 <= trained.validation_mcc <= 1.0
    assert [tuple(shape) for shape in trained.model.input_shape] == [
        (None, 224, 224, 3), (None, 224, 224, 3), (None, 224, 224, 2),
    ]  # fmt: skip
    assert trained.model.output_names[0] == "prediction"
    assert len(trained.model.outputs) == 5


@pytest.mark.tensorflow
def test_the_running_mean_of_the_weights_is_shown_for_a_while():
    trainer = Trainer(replace(SMALL, averaged=0.5))
    steps = []
    for _ in range(3):
        trainer.step(batch(), 3e-3)
        steps.append(trainer.weights)
    with trainer.averaged():
        shown = trainer.weights
    for first, second, third, mean in zip(*steps, shown, strict=True):
        np.testing.assert_allclose(mean, 0.25 * first + 0.25 * second + 0.5 * third, rtol=1e-4, atol=1e-6)
    for mean, last in zip(trainer.weights, steps[-1], strict=True):
        np.testing.assert_array_equal(mean, last)
