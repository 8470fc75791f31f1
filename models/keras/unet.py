"""The published topology in Keras: a U-Net of residual blocks with three inputs and deep supervision.

Prakash, Manconi & Loew, "A new strategy to map landslides with a generalized convolutional neural network", Scientific
Reports 11, 2021, doi:10.1038/s41598-021-89015-8. Rebuilt from the published layer diagram; at width 1 it has the
20 775 893 parameters of the original. Tensors are (batch, row, col, band), as Keras keeps them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from landslip.models.keras.quiet_tensorflow import keras, tf
from landslip.runtime.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_INPUTS = (
    # input, bands, stem letter, stem padding, full-resolution skip, channels
    ("input_1", 3, "A", "pre", "preImage", 24),
    ("input_2", 3, "B", "post", "postImage", 24),
    ("input_3", 2, "C", "topo", "topoImage", 16),
)
_MULTIPLE = 32


class ResizeBilinear(keras.layers.Layer):  # type: ignore[misc]
    """Bilinear enlargement as TensorFlow 1 did it: corners not aligned, pixel centres at whole numbers.

    Old tf.keras wrapped the raw op in a ``TensorFlowOpLayer``; the dialect writer saves this layer as one.
    """

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        """Enlarge (batch, row, col, band) by the factor in rows and columns."""
        rows, cols = self.compute_output_shape(tuple(inputs.shape))[1:3]
        size = tf.shape(inputs)[1:3] * self.factor if rows is None or cols is None else (rows, cols)
        return tf.raw_ops.ResizeBilinear(images=inputs, size=size, align_corners=False, half_pixel_centers=False)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape after enlargement; ``None`` where the input's is not known."""
        batch, rows, cols, bands = input_shape
        return batch, self._enlarged(rows), self._enlarged(cols), bands

    def get_config(self) -> dict[str, Any]:
        """Settings that Keras saves of this layer."""
        return {**super().get_config(), "factor": self.factor}

    def _enlarged(self, length: int | None) -> int | None:
        return None if length is None else length * self.factor


def build_unet(width: float = 1.0, tile: int | None = 224, *, dropout: float = 0.5) -> Any:
    """Build the network with fresh weights.

    The outputs are ``prediction`` and then the deep-supervision heads 5, 4, 3, 2 in the order in which the decoder
    makes them, coarse to fine. (The numbers count the levels from full resolution down; ``prediction`` stands where
    number 1 would.) Only the first is used for mapping.

    Args:
        width: factor on every channel count; 1 is the published network.
        tile: edge of the square input in pixels, a multiple of 32; ``None`` leaves rows and columns open.
        dropout: share of values dropped while training, 0..1, before stage 5 and before ``prediction``.

    Returns:
        A ``tf_keras.Model`` from [(N, T, T, 3), (N, T, T, 3), (N, T, T, 2)] to five float32 arrays (N, T, T, 1)
        in 0..1.

    Raises:
        UsageError: width or tile is out of range.
    """
    if not width > 0 or (tile is not None and (tile < _MULTIPLE or tile % _MULTIPLE)):
        raise UsageError(
            f"A network of width {width} and tile {tile} cannot be built: "
            f"take a width above 0 and a tile that is a multiple of {_MULTIPLE}."
        )
    images = [keras.Input((tile, tile, bands), name=name) for name, bands, *_ in _INPUTS]
    prediction, heads = _network(images, partial(_scaled, width), dropout)
    return keras.Model(images, [prediction, *heads], name="model")


def _scaled(width: float, channels: int) -> int:
    return max(1, round(channels * width))


def _network(images: list[Any], channels: Callable[[int], int], dropout: float) -> tuple[Any, list[Any]]:
    stem = _concat(
        "concatenate",
        [
            _stem(image, letter, pad, channels(filters))
            for image, (_, _, letter, pad, _, filters) in zip(images, _INPUTS, strict=True)
        ],
    )
    res2 = _stage(_pooled(stem), channels(64), "2", "abc")
    res3 = _stage(res2, channels(128), "3", "abcd", stride=2)
    res4 = _stage(res3, channels(256), "4", "abcdef", stride=2)
    res5 = _stage(keras.layers.Dropout(dropout, name="dropout")(res4), channels(256), "5", "abc", stride=2)
    full = _concat(
        "concatenate_1",
        [
            _stage(image, channels(filters), f"1conv_{skip}_Skip_", "abc")
            for image, (*_, skip, filters) in zip(images, _INPUTS, strict=True)
        ],
    )
    res6 = _decode(res5, res4, channels(256), "6")
    res7 = _decode(res6, res3, channels(128), "7")
    res8 = _decode(res7, res2, channels(64), "8")
    res9 = _decode(res8, stem, channels(64), "9")
    res10 = _decode(res9, full, channels(64), "10")
    last = keras.layers.SpatialDropout2D(dropout, name="spatial_dropout2d")(res10)
    prediction = keras.layers.Conv2D(1, 1, activation="sigmoid", name="prediction")(last)
    heads = [_head(x, number) for x, number in ((res6, 5), (res7, 4), (res8, 3), (res9, 2))]
    return prediction, heads


def _stem(image: Any, letter: str, pad: str, filters: int) -> Any:
    x = keras.layers.ZeroPadding2D(3, name=f"conv1_pad_{pad}")(image)
    x = keras.layers.Conv2D(filters, 7, strides=2, name=f"conv1_{letter}")(x)
    return _relu(_norm(x, f"bn_conv1_{letter}"), f"relu_conv1_{letter}")


def _pooled(x: Any) -> Any:
    # Padding with 0 before a maximum is harmless: a ReLU comes before it.
    x = keras.layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return keras.layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def _stage(x: Any, filters: int, stage: str, letters: str, stride: int = 1) -> Any:
    x = _block(x, filters, stage + letters[0], stride, project=True)
    for letter in letters[1:]:
        x = _block(x, filters, stage + letter, 1, project=False)
    return x


def _block(x: Any, filters: int, name: str, stride: int, *, project: bool) -> Any:
    shortcut = x
    if project:
        shortcut = _norm(_conv(x, filters, f"res{name}_branch1", stride), f"bn{name}_branch1")
    x = _norm(_conv(x, filters, f"res{name}_branch2a", stride), f"bn{name}_branch2a")
    x = _relu(x, f"res{name}_relu")
    x = _norm(_conv(x, filters, f"res{name}_branch2c", 1), f"bn{name}_branch2c")
    x = keras.layers.Add(name=f"res{name}_add")([x, shortcut])
    return _relu(x, f"res{name}_out")


def _decode(x: Any, skip: Any, filters: int, stage: str) -> Any:
    x = keras.layers.UpSampling2D(2, name=f"up{stage}")(x)
    return _stage(_concat(f"concatenate_{int(stage) - 4}", [x, skip]), filters, stage, "abc")


def _head(x: Any, number: int) -> Any:
    x = keras.layers.Conv2D(1, 1, activation="sigmoid", name=f"conv_out_{number}")(x)
    return ResizeBilinear(2 ** (number - 1), name=f"tf_op_layer_out_{number}/ResizeBilinear")(x)


def _conv(x: Any, filters: int, name: str, stride: int) -> Any:
    return keras.layers.Conv2D(filters, 3, strides=stride, padding="same", name=name)(x)


def _norm(x: Any, name: str) -> Any:
    return keras.layers.BatchNormalization(epsilon=1e-3, name=name)(x)


def _relu(x: Any, name: str) -> Any:
    return keras.layers.Activation("relu", name=name)(x)


def _concat(name: str, parts: list[Any]) -> Any:
    return keras.layers.Concatenate(name=name)(parts)
