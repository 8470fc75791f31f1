"""Normalisation by the values of an image itself, from ops that convert well.

Keras normalises groups by way of an axis more, and layers by a batch normalisation of reshaped values; both make shapes
at run time. These reduce, subtract and multiply, and leave rows and columns where they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from landslip.models.keras.quiet_tensorflow import keras, tf


class LayerNormalization(keras.layers.LayerNormalization):  # type: ignore[misc]
    """See :class:`tf_keras.layers.LayerNormalization`."""

    def call(self, inputs: Any) -> Any:
        """Normalise over the axes of the layer."""
        away = inputs - tf.reduce_mean(inputs, self.axis, keepdims=True)
        variance = tf.reduce_mean(away * away, self.axis, keepdims=True)
        axes: Any = self.axis  # a list from build on
        shape = [inputs.shape[axis] if axis in axes else 1 for axis in range(inputs.shape.rank)]
        return _scaled(self, away, variance, shape)


class GroupNormalization(keras.layers.GroupNormalization):  # type: ignore[misc]
    """See :class:`tf_keras.layers.GroupNormalization`."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Normalise each group of bands over the whole image."""
        del mask
        away = inputs - self._mean(inputs)
        bands = inputs.shape[-1]
        return _scaled(self, away, self._mean(away * away), [*[1] * (inputs.shape.rank - 1), bands])

    def _mean(self, values: Any) -> Any:
        """The mean of its group, for each band."""
        places = list(range(1, values.shape.rank - 1))
        means = tf.reduce_mean(values, places, keepdims=True) if places else values
        members = values.shape[-1] // self.groups
        if members == 1:
            return means
        # Mean over the bands of each group, without an axis for the groups.
        share = np.kron(np.eye(self.groups), np.full((members, members), 1 / members))
        return tf.matmul(means, tf.constant(share, means.dtype))


def _scaled(layer: Any, away: Any, variance: Any, shape: list[int]) -> Any:
    """Distance from the mean over the standard deviation, with what the layer learnt."""
    result = away * tf.math.rsqrt(variance + layer.epsilon)
    if layer.scale:
        result *= tf.reshape(layer.gamma, shape)
    return result + tf.reshape(layer.beta, shape) if layer.center else result
