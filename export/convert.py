"""Turns the rebuilt Keras network into an ONNX graph that takes raw values, through tf2onnx."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from onnx import ModelProto

from landslip.export.description import Description
from landslip.models.quiet_tensorflow import tf
from landslip.runtime.errors import ModelError
from landslip.runtime.spec import InputSpec

OPSET = 17
"""Nothing in the graph gains from a later opset, and older TensorRT parsers know this one."""


def convert(model: Any, description: Description) -> ModelProto:
    """Trace the network behind its normalisation and convert the trace.

    The traced function takes and gives (batch, band, row, col) while Keras works on (batch, row, col, band); tf2onnx
    moves the transposes towards each other until they cancel.

    Args:
        model: what :func:`landslip.export.rebuild.rebuild` gives.
        description: inputs of the deployed graph, their scaling, and what they feed.

    Returns:
        The graph as tf2onnx leaves it; :func:`landslip.export.graph.deployable` finishes it.

    Raises:
        ModelError: tf2onnx cannot convert the network.
    """
    spec = description.spec
    signature = [
        tf.TensorSpec([None, entry.bands, None, None], tf.dtypes.as_dtype(entry.dtype), name=entry.name)
        for entry in spec.inputs
    ]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def deployed(*raw: Any) -> Any:
        scaled = {entry.name: _scaled(value, entry) for entry, value in zip(spec.inputs, raw, strict=True)}
        joined = [tf.concat([scaled[name] for name in names], axis=1) for names in description.joined]
        confidence = model([tf.transpose(x, [0, 2, 3, 1]) for x in joined], training=False)
        return tf.transpose(confidence, [0, 3, 1, 2])

    # After TensorFlow was made quiet, and not before: tf2onnx imports it as well.
    import tf2onnx  # noqa: PLC0415

    try:
        with _collected_often(), _transposes_kept_whole():
            proto, _ = tf2onnx.convert.from_function(deployed, input_signature=signature, opset=OPSET)
    except (ValueError, RuntimeError, KeyError, AttributeError) as error:
        raise ModelError(f"The network {spec.name} cannot be converted to ONNX by tf2onnx: {error}") from error
    converted: ModelProto = proto
    return converted


@contextmanager
def _collected_often() -> Iterator[None]:
    """Collect garbage as it arises: tf2onnx copies the graph with all its weights before each of some 36 passes.

    The copies hold each other in cycles. Python postpones full collections while few objects are new in relation to all
    there are, and TensorFlow makes many; setting those aside brings the peak at full width from 5.3 to 2.3 GB.
    """
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 5, 2)
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


@contextmanager
def _transposes_kept_whole() -> Iterator[None]:
    """Keep tf2onnx from turning the transpose of a single band into a Reshape after its first pass.

    A Reshape does not cancel against the transposes that arrive in later passes. Whether some are left in the end
    depended on the order of a set, and so on the seed of Python's string hashes.
    """
    from tf2onnx.optimizer.transpose_optimizer import TransposeOptimizer  # noqa: PLC0415 - as above

    def nothing(self: Any) -> None:
        del self

    replaced = TransposeOptimizer.post_optimize_action
    TransposeOptimizer.post_optimize_action = nothing
    try:
        yield
    finally:
        TransposeOptimizer.post_optimize_action = replaced


def _scaled(value: Any, entry: InputSpec) -> Any:
    if entry.dtype == "float32":
        value = tf.where(tf.math.is_nan(value), tf.constant(0.0), value)
    divisor, offset = (np.reshape(v, (-1, 1, 1)).astype(np.float32) for v in (entry.divisor, entry.offset))
    return tf.cast(value, tf.float32) / divisor + offset
