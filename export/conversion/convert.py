"""Turns a TensorFlow function into an ONNX graph, through tf2onnx."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from onnx import ModelProto

from landslip.export.conversion.interrupts import interrupts_remembered
from landslip.export.conversion.tensorflow_errors import reason, told
from landslip.runtime.errors import ModelError, UsageError

OPSET = 17
"""Opset of the graphs: nothing in them gains from a later one, and older TensorRT parsers know this one."""


def convert(function: Any, name: str) -> ModelProto:
    """Convert a traced function.

    Args:
        function: what :func:`landslip.export.conversion.exported_function.exported_function` gives.
        name: name of the network, for messages.

    Returns:
        The graph as tf2onnx leaves it; :func:`landslip.export.conversion.graph.deployable` finishes it.

    Raises:
        UsageError: tf2onnx is not installed.
        ModelError: tf2onnx cannot convert the network.
    """
    try:
        # After TensorFlow was made quiet, and not before: tf2onnx imports it as well.
        import tf2onnx  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"Converting needs tf2onnx, which is not usable here ({error}). "
            "Install it with: pip install 'landslip[export]'"
        ) from error

    try:
        with (
            told(f"Converting the network {name} to ONNX"),
            interrupts_remembered(),
            _quiet(),
            _collected_often(),
            _transposes_kept_whole(),
        ):
            proto, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    except (RuntimeError, KeyError, AttributeError) as error:
        raise ModelError(f"The network {name} cannot be converted to ONNX by tf2onnx: {reason(error)}") from error
    converted: ModelProto = proto
    return converted


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep tf2onnx from logging tracebacks of optimisations that it then does without; the gate checks the outcome."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


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
