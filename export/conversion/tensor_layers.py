"""Layers for single operations, and for resizing: what Keras has no layer for, or none that converts well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from landslip.export.layers.arithmetic import SIDES
from landslip.export.layers.slicing import Span, whole
from landslip.export.layers.values import Array, Options
from landslip.models.keras.quiet_tensorflow import keras, tf

Function = Callable[[list[Any]], Any]
"""Function from the values that go in to the one that comes out."""


def operation(kind: str, options: Options) -> Any:
    """A layer that does one operation.

    Args:
        kind: one of :data:`landslip.export.layers.known_layers.OPERATIONS`, or ``Resizing``.
        options: arguments of the constructor: ``name``, ``dtype``, and those of the operation.
    """
    arguments = {key: value for key, value in options.items() if key not in {"name", "dtype"}}
    return _Operation(_MADE[kind](**arguments), name=options["name"], dtype=options["dtype"])


class _Operation(keras.layers.Layer):  # type: ignore[misc]
    """A layer that calls a function."""

    def __init__(self, function: Function, **options: Any) -> None:
        super().__init__(**options)
        self._function = function

    def call(self, inputs: Any) -> Any:
        """Call it."""
        return self._function(list(inputs) if isinstance(inputs, list | tuple) else [inputs])


def _arithmetic(function: str, **constants: Array) -> Function:
    compute = {"divide": tf.realdiv}.get(function) or getattr(tf, function)
    # TensorFlow makes constants float32, whatever they are then computed in.
    given = {side: np.asarray(constant, np.float32) for side, constant in constants.items()}

    def computed(values: list[Any]) -> Any:
        left = iter(values)
        dtype = values[0].dtype
        return compute(*(tf.constant(given[side], dtype) if side in given else next(left) for side in SIDES))

    return computed


def _slice(key: tuple[Span | int | str | None, ...]) -> Function:
    def sliced(values: list[Any]) -> Any:
        (value,) = values
        parts = whole(key, value.shape.rank)
        return value[tuple(tf.newaxis if p is None else slice(*p) if isinstance(p, Span) else p for p in parts)]

    return sliced


def _depth_to_space(block_size: int) -> Function:
    return lambda values: tf.nn.depth_to_space(values[0], block_size)


def _resize(height: int, width: int, interpolation: str) -> Function:
    """Resizing as TensorFlow 2 does it, of images whose size is known.

    By whole factors it becomes a Resize node, of a form that all engines know. Otherwise pixels are picked and weighted
    by constants: whether an engine's own rule picks the same ones as TensorFlow is a matter of rounding.
    """

    def resized(values: list[Any]) -> Any:
        (value,) = values
        rows, cols = value.shape[1:3]
        if height % rows == 0 and width % cols == 0:
            return tf.cast(tf.image.resize(value, [height, width], interpolation), value.dtype)
        along = _picked if interpolation == "nearest" else _blended
        return along(along(value, 1, rows, height), 2, cols, width)

    return resized


def _picked(value: Any, axis: int, size: int, wanted: int) -> Any:
    # tensorflow/core/kernels/image/resize_nearest_neighbor_op.cc, HalfPixelScalerForNN
    places = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * np.float32(size / wanted)
    return tf.gather(value, np.minimum(np.floor(places).astype(np.int64), size - 1), axis=axis)


def _blended(value: Any, axis: int, size: int, wanted: int) -> Any:
    # tensorflow/core/kernels/image/resize_bilinear_op.cc, compute_interpolation_weights
    places = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * np.float32(size / wanted) - np.float32(0.5)
    before = np.floor(places)
    first = np.maximum(before, 0).astype(np.int64)
    second = np.minimum(np.ceil(places), size - 1).astype(np.int64)
    share = np.reshape(places - before, [-1 if each == axis else 1 for each in range(4)])
    near, far = tf.gather(value, first, axis=axis), tf.gather(value, second, axis=axis)
    return near + (far - near) * tf.constant(share, value.dtype)


_MADE: dict[str, Callable[..., Function]] = {
    "Absolute": lambda: lambda values: tf.abs(values[0]),
    "Arithmetic": _arithmetic,
    "Cast": lambda: lambda values: values[0],
    "DepthToSpace": _depth_to_space,
    "Resize": _resize,
    "Resizing": _resize,
    "Slice": _slice,
}
"""Maker of each function, called with its options."""
