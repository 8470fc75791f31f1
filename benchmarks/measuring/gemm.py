"""Small graphs that show what an engine can do at best: a matrix product, and moving memory.

A product is that of two square matrices, the second a constant, so that an engine may lay it out once. For INT8 both
are quantised as landslip's artifacts are: unsigned 8 bits times signed 8 bits, around a product in float.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from landslip.runtime.engines.failures import failure
from landslip.runtime.engines.openvino_core import openvino_core
from landslip.runtime.engines.without_telemetry import import_onnxruntime, import_openvino
from landslip.runtime.errors import EngineError

_OPSET, _IR = 17, 9
_ERRORS_ONLY = 3
_ENDS = "factor", "product"
_FLOAT = {"fp32": (TensorProto.FLOAT, np.float32), "fp16": (TensorProto.FLOAT16, np.float16)}
HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32", "int8+bf16": "bf16"}
"""OpenVINO's names of precisions; in INT8 they are for what is not quantised."""

Run = Callable[[], object]
"""Computes a graph once."""


def product(size: int, precision: str) -> ModelProto:
    """The graph: ``product = factor @ constant``, both (size, size).

    Args:
        size: rows and columns.
        precision: ``fp32``, ``fp16`` or ``int8``.
    """
    return _quantised(size) if precision == "int8" else _plain(size, precision)


def moving(values: int) -> ModelProto:
    """A graph that reads so many fp32 values and writes as many: ``moved = -still``."""
    node = helper.make_node("Neg", ["still"], ["moved"])
    return _model([values], TensorProto.FLOAT, ("still", "moved"), [node], [])


def on_onnxruntime(graph: ModelProto, device: str) -> Run:
    """A graph of one input in ONNX Runtime; on a GPU with everything in its memory.

    Raises:
        EngineError: it does not start on that device.
    """
    ort = import_onnxruntime()
    session = _session(ort, graph, device)
    (entry,), (end,) = session.get_inputs(), session.get_outputs()
    dtype = np.float16 if entry.type == "tensor(float16)" else np.float32
    binding = session.io_binding()
    binding.bind_ortvalue_input(entry.name, ort.OrtValue.ortvalue_from_numpy(_values(entry.shape, dtype), device, 0))
    binding.bind_ortvalue_output(end.name, ort.OrtValue.ortvalue_from_shape_and_type(end.shape, dtype, device, 0))
    return lambda: session.run_with_iobinding(binding)  # which waits for the GPU


def _session(ort: Any, graph: ModelProto, device: str) -> Any:
    settings = ort.SessionOptions()
    settings.log_severity_level = _ERRORS_ONLY
    provider, options = ("CPUExecutionProvider", {})
    if device == "cuda":
        provider, options = ("CUDAExecutionProvider", {"use_tf32": "0"})
        if hasattr(ort, "preload_dlls"):
            ort.preload_dlls()
    try:
        session = ort.InferenceSession(graph.SerializeToString(), settings, providers=[(provider, options)])
    except Exception as error:  # onnxruntime raises classes of its own without a public root
        raise failure(f"onnxruntime cannot open a graph of one node on {device}", error) from error
    if session.get_providers()[0] != provider:
        raise EngineError(f"onnxruntime {ort.__version__} does not start on {device}. landslip doctor says more.")
    return session


def openvino_precisions() -> tuple[str, ...]:
    """Precisions that OpenVINO has arithmetic for on this CPU."""
    able = openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return tuple(precision for precision in HINTS if precision.upper() in able)


def on_openvino(size: int, precision: str) -> Run:
    """The product in OpenVINO on the CPU, in one of :func:`openvino_precisions`.

    Raises:
        EngineError: it does not compile the graph.
    """
    ov: Any = import_openvino()
    settings = {"INFERENCE_PRECISION_HINT": HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
    graph = product(size, "int8" if precision == "int8" else "fp32").SerializeToString()
    core = openvino_core()
    try:
        request = core.compile_model(core.read_model(graph), "CPU", settings).create_infer_request()
    except Exception as error:  # bare RuntimeErrors, and classes of its own
        raise failure(f"openvino {ov.get_version()} cannot compile a product in {precision}", error) from error
    values = {"factor": _values((size, size), np.float32)}
    return lambda: request.infer(values, share_inputs=True, share_outputs=True)


def _values(shape: Sequence[int], dtype: Any) -> NDArray[Any]:
    return np.random.default_rng(0).random(shape, np.float32).astype(dtype)


def _plain(size: int, precision: str) -> ModelProto:
    kind, dtype = _FLOAT[precision]
    constant = numpy_helper.from_array(_constant(size).astype(dtype), "constant")
    node = helper.make_node("MatMul", ["factor", "constant"], ["product"])
    return _model([size, size], kind, _ENDS, [node], [constant])


def _quantised(size: int) -> ModelProto:
    kernel = np.clip(np.rint(_constant(size) * 127), -127, 127).astype(np.int8)
    constants = [
        numpy_helper.from_array(kernel, "kernel"),
        numpy_helper.from_array(np.array(1 / 127, np.float32), "kernel_scale"),
        numpy_helper.from_array(np.array(0, np.int8), "kernel_zero"),
        numpy_helper.from_array(np.array(1 / 255, np.float32), "factor_scale"),
        numpy_helper.from_array(np.array(0, np.uint8), "factor_zero"),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["factor", "factor_scale", "factor_zero"], ["factor_bytes"]),
        helper.make_node("DequantizeLinear", ["factor_bytes", "factor_scale", "factor_zero"], ["factor_again"]),
        helper.make_node("DequantizeLinear", ["kernel", "kernel_scale", "kernel_zero"], ["constant"]),
        helper.make_node("MatMul", ["factor_again", "constant"], ["product"]),
    ]
    return _model([size, size], TensorProto.FLOAT, _ENDS, nodes, constants)


def _constant(size: int) -> NDArray[np.float64]:
    return np.random.default_rng(1).uniform(-1.0, 1.0, (size, size))


def _model(
    shape: Sequence[int], kind: int, ends: tuple[str, str], nodes: list[Any], constants: list[TensorProto]
) -> ModelProto:
    first, last = (helper.make_tensor_value_info(name, kind, shape) for name in ends)
    graph = helper.make_graph(nodes, last.name, [first], [last], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
