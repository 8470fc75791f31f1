"""The function that is deployed: the network behind its normalisation, or by itself where nothing is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from landslip.export.conversion.fitting import Fitted
from landslip.export.conversion.graph_interface import GraphInterface, Port
from landslip.export.conversion.kept_bands import KeptBands
from landslip.models.keras.quiet_tensorflow import tf
from landslip.runtime.artifacts.spec import InputSpec


def exported_function(model: Any, fitted: Fitted, interface: GraphInterface) -> Any:
    """A ``tf.function`` from the inputs of the deployed graph to its output.

    With a spec it takes and gives (batch, band, row, col) while Keras works on (batch, row, col, band); tf2onnx moves
    the transposes towards each other until they cancel.

    Args:
        model: what :func:`landslip.export.conversion.rebuild.rebuild` gives.
        fitted: what it was built from.
        interface: inputs of the function.
    """
    signature = [_signature(port) for port in interface.inputs]
    if fitted.spec is None:
        return _undescribed(model, signature)
    return _described(model, fitted, fitted.spec.inputs, signature)


def _undescribed(model: Any, signature: list[Any]) -> Any:
    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def undescribed(*inputs: Any) -> Any:
        return model(list(inputs), training=False)

    return undescribed


def _described(model: Any, fitted: Fitted, entries: tuple[InputSpec, ...], signature: list[Any]) -> Any:
    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def described(*raw: Any) -> Any:
        scaled = {entry.name: _scaled(value, entry) for entry, value in zip(entries, raw, strict=True)}
        joined = [tf.concat([scaled[name] for name in names], axis=1) for names in fitted.joined]
        answer = model([tf.transpose(x, [0, 2, 3, 1]) for x in joined], training=False)
        return _confidences(answer, fitted.kept)

    return described


def _confidences(answer: Any, kept: KeptBands) -> Any:
    """The output (batch, band, row, col) from what the network gives, as the reference computes it in numpy."""
    answer = _ACTIVATIONS[kept.activation](answer)
    if len(kept.bands) == 1:
        (band,) = kept.bands
        return tf.transpose(answer if kept.count == 1 else answer[..., band : band + 1], [0, 3, 1, 2])
    answer = tf.transpose(answer, [0, 3, 1, 2])
    if not kept.all_in_order:
        answer = tf.gather(answer, list(kept.bands), axis=1)
    return answer if kept.classes else tf.reduce_sum(answer, axis=1, keepdims=True)


_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "none": lambda answer: answer,
    "sigmoid": tf.sigmoid,
    "softmax": tf.nn.softmax,
}


def _signature(port: Port) -> Any:
    dims = [None if isinstance(dim, str) else dim for dim in port.dims]
    return tf.TensorSpec(dims, tf.dtypes.as_dtype(port.dtype), name=port.name)


def _scaled(value: Any, entry: InputSpec) -> Any:
    if entry.dtype == "float32":
        value = tf.where(tf.math.is_nan(value), tf.constant(0.0), value)
    divisor, offset = (np.reshape(each, (-1, 1, 1)).astype(np.float32) for each in (entry.divisor, entry.offset))
    return tf.cast(value, tf.float32) / divisor + offset
