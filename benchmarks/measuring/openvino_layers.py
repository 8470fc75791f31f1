"""Layers of a graph in OpenVINO on the CPU, as its performance counters tell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from landslip.benchmarks.measuring import layer_run as kinds
from landslip.benchmarks.measuring.gemm import HINTS
from landslip.benchmarks.measuring.layer_run import SEEN, LayerRun
from landslip.runtime.engines.failures import failure
from landslip.runtime.engines.openvino_core import openvino_core
from landslip.runtime.engines.without_telemetry import import_openvino

_KINDS = {
    "Convolution": kinds.CONVOLUTIONS,
    "Deconvolution": kinds.TRANSPOSED,
    "Subgraph": kinds.ARITHMETIC,
    "Eltwise": kinds.ARITHMETIC,
    "Concat": kinds.JOINS,
    "Interpolate": kinds.ENLARGEMENTS,
    "Reorder": kinds.LAYOUT,
    "Transpose": kinds.LAYOUT,
    "MaxPool": kinds.POOLING,
    "Pooling": kinds.POOLING,
    "FakeQuantize": kinds.QUANTISATION,
}
"""Kinds of OpenVINO's types of nodes."""


def openvino_layers(path: Path, precision: str, tile: int) -> Iterator[LayerRun]:
    """Layers of one tile on one thread, in the order in which they run.

    Args:
        path: an ONNX file of landslip's.
        precision: what to compute in, one that OpenVINO has on this CPU.
        tile: edge of the tile in pixels.

    Raises:
        EngineError: OpenVINO does not run it.
    """
    for node in _profile(path, precision, tile):
        if node.status == node.Status.EXECUTED:
            kind = _KINDS.get(node.node_type, kinds.OTHERS)
            computed_in = "" if kind == kinds.OTHERS else node.exec_type.rsplit("_", 1)[-1]
            yield LayerRun(kind, computed_in, node.real_time.total_seconds())


def _profile(path: Path, precision: str, tile: int) -> list[Any]:
    ov: Any = import_openvino()
    settings = {"INFERENCE_PRECISION_HINT": HINTS[precision], "INFERENCE_NUM_THREADS": 1, "PERF_COUNT": True}
    try:
        core = openvino_core()
        graph = core.read_model(str(path))
        shapes = {entry.any_name: [1, entry.partial_shape[1].get_length(), tile, tile] for entry in graph.inputs}
        graph.reshape(shapes)
        request = core.compile_model(graph, "CPU", settings).create_infer_request()
        zeros = {
            entry.any_name: np.zeros(shapes[entry.any_name], entry.element_type.to_dtype()) for entry in graph.inputs
        }
        for _ in range(SEEN):
            request.infer(zeros)
        return list(request.get_profiling_info())
    except Exception as error:  # bare RuntimeErrors, and classes of its own
        raise failure(f"openvino {ov.get_version()} cannot run {path}", error) from error
