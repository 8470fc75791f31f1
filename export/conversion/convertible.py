"""Layers that compute what Keras's do by ops that tf2onnx converts well.

Keras runs dilated convolutions by moving pixels into the batch and back, and grouped ones through XLA on CPUs; tf2onnx
turns the first into some forty nodes and knows nothing of the second. Here each becomes one Conv node. The reference is
built from Keras's own layers, so that the gate compares the two.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from landslip.export.conversion.normalisation import GroupNormalization, LayerNormalization
from landslip.export.conversion.tensor_layers import operation
from landslip.export.layers.known_layers import OPERATIONS
from landslip.export.layers.values import Options
from landslip.models.keras.quiet_tensorflow import keras, tf


class _Convolution:
    """Settings that the three convolutions have in common."""

    kernel_size: tuple[int, int]
    strides: tuple[int, int]
    dilation_rate: tuple[int, int]
    padding: str
    use_bias: bool
    bias: Any
    activation: Any

    def _across(self, inputs: Any, kernel: Any) -> Any:
        padded, padding = self._padded(inputs)
        return tf.nn.conv2d(padded, kernel, self.strides, padding, dilations=self.dilation_rate)

    def _each(self, inputs: Any, kernel: Any) -> Any:
        padded, padding = self._padded(inputs)
        strides, dilations = [1, *self.strides, 1], [1, *self.dilation_rate, 1]
        return tf.raw_ops.DepthwiseConv2dNative(
            input=padded, filter=kernel, strides=strides, padding=padding, dilations=dilations
        )

    def _padded(self, inputs: Any) -> tuple[Any, Literal["VALID", "SAME"]]:
        """Dilated kernels get their margins beforehand: ONNX Runtime refuses automatic ones for them."""
        if self.padding == "valid" or max(self.dilation_rate) == 1:
            return inputs, "VALID" if self.padding == "valid" else "SAME"
        # Strides are 1 wherever a kernel is dilated.
        reach = [(size - 1) * step for size, step in zip(self.kernel_size, self.dilation_rate, strict=True)]
        return tf.pad(inputs, [[0, 0], *([each // 2, each - each // 2] for each in reach), [0, 0]]), "VALID"

    def _finished(self, values: Any) -> Any:
        return self.activation(tf.nn.bias_add(values, self.bias) if self.use_bias else values)


class Conv2D(_Convolution, keras.layers.Conv2D):  # type: ignore[misc]
    """See :class:`tf_keras.layers.Conv2D`."""

    def call(self, inputs: Any) -> Any:
        """Convolve."""
        return self._finished(self._across(inputs, self.kernel))


class DepthwiseConv2D(_Convolution, keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """See :class:`tf_keras.layers.DepthwiseConv2D`."""

    def call(self, inputs: Any) -> Any:
        """Convolve each band by itself."""
        return self._finished(self._each(inputs, self.depthwise_kernel))


class SeparableConv2D(_Convolution, keras.layers.SeparableConv2D):  # type: ignore[misc]
    """See :class:`tf_keras.layers.SeparableConv2D`."""

    def call(self, inputs: Any) -> Any:
        """Convolve each band by itself, then across bands."""
        each = self._each(inputs, self.depthwise_kernel)
        return self._finished(tf.nn.conv2d(each, self.pointwise_kernel, 1, "VALID"))


class Normalization(keras.layers.Layer):  # type: ignore[misc]
    """See :class:`tf_keras.layers.Normalization`, whose statistics would become inputs of the graph."""

    def __init__(self, mean: Any, variance: Any, axis: int, *, invert: bool, **options: Any) -> None:
        """Take the statistics of the last axis."""
        del axis
        super().__init__(**options)
        self._mean = np.asarray(mean, np.float32)
        self._deviation = np.maximum(np.sqrt(np.asarray(variance, np.float32)), np.float32(keras.backend.epsilon()))
        self._invert = invert

    def call(self, inputs: Any) -> Any:
        """Normalise, or undo it."""
        return inputs * self._deviation + self._mean if self._invert else (inputs - self._mean) / self._deviation


def _gelu(values: Any) -> Any:
    """Compute gelu as Keras does, without Erfc, which ONNX does not have."""
    return 0.5 * values * (1.0 + tf.math.erf(values * np.float32(np.sqrt(0.5))))


def convertible(kind: str, options: Options) -> Any:
    """A layer that computes what Keras's own of this kind does, and converts well.

    Args:
        kind: class name.
        options: arguments of the constructor.
    """
    if kind in OPERATIONS or kind == "Resizing":
        return operation(kind, options)
    if options.get("activation") == "gelu":
        options = {**options, "activation": _gelu}
    special = max(options.get("groups", 1), *options.get("dilation_rate", (1,))) > 1
    if kind in _ALWAYS or special:
        return _OWN[kind](**options)
    return getattr(keras.layers, kind)(**options)


_OWN: dict[str, Any] = {
    "Conv2D": Conv2D,
    "DepthwiseConv2D": DepthwiseConv2D,
    "GroupNormalization": GroupNormalization,
    "LayerNormalization": LayerNormalization,
    "Normalization": Normalization,
    "SeparableConv2D": SeparableConv2D,
}
_ALWAYS = frozenset({"GroupNormalization", "LayerNormalization", "Normalization"})
"""Kinds of layers that tf2onnx converts whatever their settings are."""
