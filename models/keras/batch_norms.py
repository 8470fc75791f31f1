"""Statistics of batch norms, taken from a batch."""

from __future__ import annotations

from typing import Any

from landslip.models.keras.quiet_tensorflow import keras


def fit_batch_norms(model: Any, batch: Any) -> None:
    """Give each batch norm the mean and the variance that a batch has where it stands.

    Args:
        model: a ``tf_keras.Model``; dropout is drawn as in training.
        batch: inputs of the model.
    """
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # the moving statistics become those of this batch
    model(batch, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
