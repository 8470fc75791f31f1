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

_ERRORS_ONLY = 3
"""ONNX Runtime's log level "error"."""


def run_graph(model: ModelProto, batch: TileArrays) -> Iterator[list[NDArray[Any]]]:
    """Outputs of a graph for each tile of a batch, one after the other, so that memory does not grow with the batch.

    Yields:
        All outputs of the graph, each for a batch of one.

    Raises:
        ModelError: ONNX Runtime cannot load or run it.
    """
    ort: Any = import_onnxruntime()
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    try:
        session = ort.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
        for tile in single_tiles(batch):
            yield session.run(None, tile)
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        raise ModelError(f"The graph of {model.graph.name} does not run: {' '.join(str(error).split())}") from error


def single_tiles(batch: TileArrays) -> Iterator[TileArrays]:
    """Each tile of a batch as a batch of its own."""
    count = len(next(iter(batch.values())))
    for index in range(count):
        yield {name: np.ascontiguousarray(values[index : index + 1]) for name, values in batch.items()}
