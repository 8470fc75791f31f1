"""Time that OpenVINO takes by kind of layer, as its own counters tell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from landslip.benchmarks.measuring.gemm import HINTS
from landslip.runtime.engines.failures import failure
from landslip.runtime.engines.openvino_core import openvino_core
from landslip.runtime.engines.without_telemetry import import_openvino

_KINDS = {
    "Convolution": "convolutions",
    "Subgraph": "sums, activations, rescaling",
    "Eltwise": "sums, activations, rescaling",
    "Concat": "joins",
    "Interpolate": "enlargements",
    "Reorder": "changes of layout",
    "MaxPool": "pooling",
}
"""Kinds of OpenVINO's types of nodes."""

_SEEN = 3
"""Runs, of which the last one counts: the first prepares things."""


@dataclass(frozen=True)
class LayerTime:
    """Layers of one kind."""

    kind: str
    """Kind of the layers."""
    precision: str
    """Number format they compute in, as OpenVINO calls it."""
    layers: int
    """Number of such layers."""
    share: float
    """Share of the time of a tile."""


def layer_times(path: Path, precision: str, tile: int) -> list[LayerTime]:
    """Time that each kind of layer takes of a tile on one thread, the most first.

    Args:
        path: an ONNX file of landslip's.
        precision: what to compute in, one that OpenVINO has on this CPU.
        tile: edge of the tile in pixels.

    Raises:
        EngineError: OpenVINO does not run it.
    """
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
    for node in _profile(path, precision, tile):
        if node.status == node.Status.EXECUTED:
            kind = _KINDS.get(node.node_type, "others")
            computed_in = node.exec_type.rsplit("_", 1)[-1] if kind != "others" else ""
            seconds[kind, computed_in].append(node.real_time.total_seconds())
    total = sum(map(sum, seconds.values()))
    found = [LayerTime(*key, len(each), sum(each) / total) for key, each in seconds.items()]
    return sorted(found, key=lambda entry: -entry.share)


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
        for _ in range(_SEEN):
            request.infer(zeros)
        return list(request.get_profiling_info())
    except Exception as error:  # bare RuntimeErrors, and classes of its own
        raise failure(f"openvino {ov.get_version()} cannot run {path}", error) from error
