"""Layers of a graph in ONNX Runtime on the CPU, as its profiler tells."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from landslip.benchmarks.measuring import layer_run as kinds
from landslip.benchmarks.measuring.layer_run import SEEN, LayerRun
from landslip.runtime.artifacts.onnx_operators import read_runnable
from landslip.runtime.engines.exact_sums import add_up_exactly
from landslip.runtime.engines.failures import failure
from landslip.runtime.engines.without_telemetry import import_onnxruntime

_KINDS = {
    "Conv": kinds.CONVOLUTIONS,
    "FusedConv": kinds.CONVOLUTIONS,
    "QLinearConv": kinds.CONVOLUTIONS,
    "ConvTranspose": kinds.TRANSPOSED,
    **dict.fromkeys(("Add", "Mul", "Relu", "Sigmoid", "QLinearAdd", "QLinearMul", "QLinearSigmoid"), kinds.ARITHMETIC),
    **dict.fromkeys(("Concat", "QLinearConcat"), kinds.JOINS),
    **dict.fromkeys(("Resize", "Upsample"), kinds.ENLARGEMENTS),
    **dict.fromkeys(("ReorderInput", "ReorderOutput", "Transpose"), kinds.LAYOUT),
    **dict.fromkeys(("MaxPool", "NhwcMaxPool"), kinds.POOLING),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), kinds.QUANTISATION),
}
"""Kinds of ONNX Runtime's operators."""

_FORMATS = {"float": "f32", "float16": "f16", "uint8": "I8", "int8": "I8"}
"""Number formats by ONNX Runtime's names of the types of the values that an operator gives."""

_ERRORS_ONLY = 3


def onnxruntime_layers(path: Path, precision: str, tile: int) -> Iterator[LayerRun]:
    """Layers of one tile on one thread, in the order in which they run.

    Args:
        path: an ONNX file of landslip's.
        precision: that of the file: ONNX Runtime has no other on the CPU.
        tile: edge of the tile in pixels.

    Raises:
        ModelError: the file is none of landslip's.
        EngineError: ONNX Runtime does not run it.
    """
    del precision
    for event in _last_run(_events(path, tile)):
        kind = _KINDS.get(event["args"]["op_name"], kinds.OTHERS)
        yield LayerRun(kind, "" if kind == kinds.OTHERS else _format(event["args"]), event["dur"] / 1e6)


def _last_run(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Operators of the last run of the graph."""
    began = max(event["ts"] for event in events if event["name"] == "model_run")
    return [event for event in events if event["cat"] == "Node" and "op_name" in event["args"] and event["ts"] >= began]


def _format(facts: dict[str, Any]) -> str:
    """Number format of the first result of an operator."""
    results = facts["output_type_shape"]
    name = next(iter(results[0])) if results else ""
    return _FORMATS.get(name, name)


def _events(path: Path, tile: int) -> list[dict[str, Any]]:
    """Events of the profile of some runs."""
    spec = read_runnable(path).spec
    ort: Any = import_onnxruntime()
    zeros = {entry.name: np.zeros((1, entry.bands, tile, tile), entry.dtype) for entry in spec.inputs}
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    settings.intra_op_num_threads = 1
    settings.enable_profiling = True
    add_up_exactly(settings, path)
    with TemporaryDirectory() as folder:
        settings.profile_file_prefix = str(Path(folder) / "profile")
        try:
            session = ort.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
            for _ in range(SEEN):
                session.run(None, zeros)
            profile = session.end_profiling()
        except Exception as error:  # onnxruntime raises classes of its own without a public root
            raise failure(f"onnxruntime {ort.__version__} cannot run {path}", error) from error
        events: list[dict[str, Any]] = json.loads(Path(profile).read_bytes())
        return events
