"""Training of the demo model on synthetic scenes; needs the export extra."""

from __future__ import annotations

import logging
import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from landslip.models.training.training_tiles import (
    TrainingBatch,
    TrainingScene,
    tiles,
    training_scene,
    varied_spec,
    whole_scene,
)
from landslip.runtime.scoring.confusion import Scores, confusion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

log = logging.getLogger(__name__)

TRAINING_SEEDS = range(1000, 5000)
"""Seeds of scenes that may be trained on."""
VALIDATION_SEEDS = range(8000, 8004)
"""Seeds of scenes that choose which state of the network is kept; they teach it nothing."""

_HEADS_WEIGHT = 0.25

_SHOWN = 16
"""Tiles that a start is shown."""


@dataclass(frozen=True)
class TrainingOptions:
    """Course of a training: data, steps and rates."""

    seed: int = 1
    """Seed of the first weights and of the choice of tiles."""
    width: float = 0.125
    """Factor on the channel counts of the published network."""
    scenes: int = 48
    """Number of scenes to train on, with different seeds."""
    scene_m: float = 4200.0
    """Edge of a training scene in metres."""
    tile: int = 128
    """Edge of a training tile in pixels; the network is fully convolutional, so that mapping can use larger ones."""
    batch: int = 8
    """Tiles per step."""
    steps: int = 2000
    """Steps of gradient descent."""
    rate: float = 2e-3
    """Learning rate at its highest."""
    averaged: float = 0.0
    """Share of a running mean of the weights that each step keeps; that mean is validated and kept. 0 for none."""
    validate_every: int = 200
    """Steps between two looks at the validation scenes."""
    minutes: float = math.inf
    """Wall time after which training ends early; the learning rate then falls faster, as it has to end low."""


@dataclass(frozen=True)
class Trained:
    """Result of a training."""

    model: Any
    """The ``tf_keras.Model``, with the tile of the published network."""
    steps: int
    """Steps taken."""
    kept_at: int
    """Steps after which its weights were kept."""
    validation_mcc: float
    """MCC over the pixels of all validation scenes, at threshold 0.5."""
    seconds: float
    """Wall time of the steps and validations."""


class Trainer:
    """A network in training."""

    def __init__(self, options: TrainingOptions) -> None:
        """Build the network.

        Args:
            options: how to train.
        """
        from landslip.models.keras.quiet_tensorflow import keras, tf  # noqa: PLC0415 - an import of seconds
        from landslip.models.keras.unet import build_unet  # noqa: PLC0415

        keras.utils.set_random_seed(options.seed)
        self.options = options
        self._tf = tf
        # Half of the published width's dropout would leave a handful of channels at this one.
        self._shipped = build_unet(options.width, dropout=0.1)
        self.network = build_unet(options.width, None, dropout=0.1)
        """The network that is trained, a ``tf_keras.Model`` for tiles of any size."""
        self._adam = keras.optimizers.legacy.Adam(options.rate)
        self._step = tf.function(self._one_step, reduce_retracing=True)
        self._predict = tf.function(lambda images: self.network(images, training=False)[0], reduce_retracing=True)
        self._mean: list[NDArray[np.float32]] | None = None

    def step(self, batch: TrainingBatch, rate: float) -> float:
        """Take one step of gradient descent, and return the loss before it."""
        self._adam.learning_rate.assign(rate)
        loss = float(self._step(list(batch.images), batch.truth, batch.weight))
        self._average()
        return loss

    def predict(self, batch: TrainingBatch) -> NDArray[np.float32]:
        """Confidence, (tile, row, col, 1)."""
        result: NDArray[np.float32] = self._predict(list(batch.images)).numpy()
        return result

    def finished(self) -> Any:
        """The model with a fixed tile, as the published one has it, with the trained weights."""
        self._shipped.set_weights(self.network.get_weights())
        return self._shipped

    @property
    def weights(self) -> list[NDArray[np.float32]]:
        """All weights, to go back to."""
        weights: list[NDArray[np.float32]] = self.network.get_weights()
        return weights

    @weights.setter
    def weights(self, weights: list[NDArray[np.float32]]) -> None:
        self.network.set_weights(weights)

    @property
    def names(self) -> list[str]:
        """Names of :attr:`weights`, in their order."""
        return [weight.name for weight in self.network.weights]

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """A block in which the network has the running mean of its weights, where one is kept."""
        if self._mean is None:
            yield
            return
        last, self.weights = self.weights, self._mean
        try:
            yield
        finally:
            self.weights = last

    def _average(self) -> None:
        """Take the weights of a step into their running mean, which begins as those after the first step."""
        kept = self.options.averaged
        if kept == 0.0:
            return
        if self._mean is None:
            self._mean = self.weights
        for mean, weight in zip(self._mean, self.weights, strict=True):
            np.add(mean, (1.0 - kept) * (weight - mean), out=mean)

    def _one_step(self, images: list[Any], truth: Any, weight: Any) -> Any:
        with self._tf.GradientTape() as tape:
            prediction, *heads = self.network(images, training=True)
            loss = self._loss(prediction, truth, weight)
            loss += _HEADS_WEIGHT * sum(self._loss(head, truth, weight) for head in heads) / len(heads)
        gradients = tape.gradient(loss, self.network.trainable_variables)
        self._adam.apply_gradients(zip(gradients, self.network.trainable_variables, strict=True))
        return loss

    def _loss(self, confidence: Any, truth: Any, weight: Any) -> Any:
        """Cross-entropy plus soft Dice (Milletari et al. 2016) over the observed pixels of the batch."""
        tf = self._tf
        p = tf.clip_by_value(confidence, 1e-6, 1.0 - 1e-6)
        entropy = -weight * (truth * tf.math.log(p) + (1.0 - truth) * tf.math.log(1.0 - p))
        overlap = tf.reduce_sum(weight * p * truth)
        sizes = tf.reduce_sum(weight * (p + truth))
        return tf.reduce_sum(entropy) / (tf.reduce_sum(weight) + 1.0) + 1.0 - (2.0 * overlap + 1.0) / (sizes + 1.0)


def train(options: TrainingOptions, start: Callable[[Any, TrainingBatch], None] | None = None) -> Trained:
    """Train a network; the state that does best on the validation scenes is returned.

    Args:
        options: how to train.
        start: gives the network its first weights, and is shown some tiles; None for random weights. How well a
            given start maps is told, and it is never what is returned.
    """
    rng = np.random.default_rng(options.seed)
    seeds = rng.choice(np.array(TRAINING_SEEDS), options.scenes, replace=False)
    scenes = [training_scene(varied_spec(int(seed), options.scene_m)) for seed in seeds]
    validation_scenes = [training_scene(varied_spec(seed, options.scene_m)) for seed in VALIDATION_SEEDS]
    log.info("%d scenes to train on, %d to validate on", len(scenes), len(validation_scenes))
    trainer = Trainer(options)
    if start is not None:
        start(trainer.network, tiles(scenes, options.tile, _SHOWN, rng))
        log.info("before the first step: validation MCC %.3f", validate(trainer, validation_scenes).mcc)
    best, kept, kept_at = -math.inf, trainer.weights, 0
    began, done, step = time.monotonic(), 0.0, 0
    losses: list[float] = []
    while done < 1.0:
        losses.append(trainer.step(tiles(scenes, options.tile, options.batch, rng), _rate(options.rate, done)))
        step += 1
        done = max(step / options.steps, (time.monotonic() - began) / (60.0 * options.minutes))
        if step % options.validate_every == 0 or done >= 1.0:
            with trainer.averaged():
                mcc = validate(trainer, validation_scenes).mcc
                log.info("step %d: loss %.3f, validation MCC %.3f", step, np.mean(losses), mcc)
                losses.clear()
                if mcc > best:
                    best, kept, kept_at = mcc, trainer.weights, step
    trainer.weights = kept
    return Trained(trainer.finished(), step, kept_at, best, time.monotonic() - began)


def validate(trainer: Trainer, validation_scenes: list[TrainingScene]) -> Scores:
    """Pixel scores over whole scenes at the threshold 0.5."""
    total = Scores()
    for scene in validation_scenes:
        batch = whole_scene(scene, 32)
        total += confusion(trainer.predict(batch) >= 0.5, batch.truth > 0.5, batch.weight > 0.5)
    return total


def _rate(highest: float, done: float) -> float:
    """Learning rate: a short warm-up, then half a cosine to almost nothing."""
    warm = min(1.0, 0.05 + done / 0.03)
    return highest * warm * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, done))))
