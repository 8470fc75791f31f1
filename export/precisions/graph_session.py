"""Graphs in memory, run by ONNX Runtime on the CPU tile by tile, while an artifact is in the making."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.engines.without_telemetry import import_onnxruntime
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import printable

_FATAL_ONLY = 4
"""ONNX Runtime's log level "fatal": its errors are raised as well."""
_SENTENCE = 500
"""Characters of what ONNX Runtime says that a message repeats."""


class GraphSession:
    """Graph that ONNX Runtime has loaded."""

    def __init__(self, session: Any, name: str) -> None:
        """Take what :func:`opened` has made.

        Args:
            session: of ONNX Runtime.
            name: of the graph, for messages.
        """
        self._session, self._name = session, name

    def run(self, inputs: TileArrays) -> list[NDArray[Any]]:
        """All outputs of the graph.

        Raises:
            ModelError: ONNX Runtime cannot run it.
        """
        try:
            outputs: list[NDArray[Any]] = self._session.run(None, inputs)
        except Exception as error:  # onnxruntime raises classes of its own without a public root
            raise _failed(self._name, error) from error
        return outputs


def opened(model: ModelProto, *, as_it_is: bool = False) -> GraphSession:
    """Load a graph.

    Args:
        model: the graph.
        as_it_is: compute node by node as it is written, without what ONNX Runtime makes faster.

    Raises:
        ModelError: ONNX Runtime cannot load it.
    """
    ort: Any = import_onnxruntime()
    settings = ort.SessionOptions()
    settings.log_severity_level = _FATAL_ONLY
    if as_it_is:
        settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = ort.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        raise _failed(model.graph.name, error) from error
    return GraphSession(session, model.graph.name)


def run_graph(model: ModelProto, batch: TileArrays) -> Iterator[list[NDArray[Any]]]:
    """Outputs of a graph for each tile of a batch, one after the other, so that memory does not grow with the batch.

    Yields:
        All outputs of the graph, each for a batch of one.

    Raises:
        ModelError: ONNX Runtime cannot load or run it.
    """
    session = opened(model)
    for tile in single_tiles(batch):
        yield session.run(tile)


def _failed(name: str, error: Exception) -> ModelError:
    reason = printable(" ".join(str(error).split()), _SENTENCE)
    return ModelError(f"The graph of {name} does not run: {reason}")


def single_tiles(batch: TileArrays) -> Iterator[TileArrays]:
    """Each tile of a batch as a batch of its own."""
    count = len(next(iter(batch.values())))
    for index in range(count):
        yield {name: np.ascontiguousarray(values[index : index + 1]) for name, values in batch.items()}
