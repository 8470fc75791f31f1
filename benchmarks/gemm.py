"""Matrix products in an engine, as fast as it can: what its networks are held against.

The graph is one product of two square matrices, the second a constant, so that an engine may lay it out once. For INT8
both are quantised as landslip's artifacts are: unsigned 8 bits times signed 8 bits, around a product in float.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

from landslip.runtime.engines.quiet import import_onnxruntime, import_openvino
from landslip.runtime.errors import EngineError

_OPSET, _IR = 17, 9
_FLOAT = {"fp32": (TensorProto.FLOAT, np.float32), "fp16": (TensorProto.FLOAT16, np.float16)}
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16", "int8": "f32"}

Multiply = Callable[[], object]
"""Computes the product once."""


def product(size: int, precision: str) -> ModelProto:
    """The graph: ``product = factor @ constant``, both (size, size).

    Args:
        size: rows and columns.
        precision: ``fp32``, ``fp16`` or ``int8``.
    """
    return _quantised(size) if precision == "int8" else _plain(size, precision)


def on_onnxruntime(size: int, precision: str, device: str, threads: int = 0) -> Multiply:
    """The product in ONNX Runtime; on a GPU with everything in its memory.

    Raises:
        EngineError: it does not start on that device.
    """
    ort = import_onnxruntime()
    settings = ort.SessionOptions()
    settings.log_severity_level, settings.intra_op_num_threads = 3, threads
    wanted = "CUDAExecutionProvider" if device == "cuda" else "CPUExecutionProvider"
    if device == "cuda" and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    options = {"use_tf32": "0"} if device == "cuda" else {}
    session = ort.InferenceSession(
        product(size, precision).SerializeToString(), settings, providers=[(wanted, options)]
    )
    if session.get_providers()[0] != wanted:
        raise EngineError(f"onnxruntime {ort.__version__} does not start on {device}. landslip doctor says more.")
    values = ort.OrtValue.ortvalue_from_numpy(_factor(size, precision), device, 0)
    binding = session.io_binding()
    binding.bind_ortvalue_input("factor", values)
    binding.bind_ortvalue_output("product", ort.OrtValue.ortvalue_from_numpy(_factor(size, precision), device, 0))
    return lambda: session.run_with_iobinding(binding)  # which waits for the GPU


def on_openvino(size: int, precision: str, threads: int = 0) -> Multiply:
    """The product in OpenVINO on the CPU.

    Raises:
        EngineError: it does not compute in that precision here.
    """
    ov: Any = import_openvino()
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": _HINTS[precision], "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    core = ov.Core()
    if precision != "int8" and precision.upper() not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise EngineError(f"openvino {ov.get_version()} does not compute in {precision} on this CPU.")
    graph = core.read_model(product(size, "int8" if precision == "int8" else "fp32").SerializeToString())
    request = core.compile_model(graph, "CPU", settings).create_infer_request()
    values = {"factor": _factor(size, "fp32")}
    return lambda: request.infer(values, share_inputs=True, share_outputs=True)


def _factor(size: int, precision: str) -> NDArray[Any]:
    values = np.random.default_rng(0).uniform(0.0, 1.0, (size, size))
    return values.astype(np.float16 if precision == "fp16" else np.float32)


def _plain(size: int, precision: str) -> ModelProto:
    kind, dtype = _FLOAT[precision]
    constant = numpy_helper.from_array(_constant(size).astype(dtype), "constant")
    return _model(size, kind, [helper.make_node("MatMul", ["factor", "constant"], ["product"])], [constant])


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
    return _model(size, TensorProto.FLOAT, nodes, constants)


def _constant(size: int) -> NDArray[np.float64]:
    return np.random.default_rng(1).uniform(-1.0, 1.0, (size, size))


def _model(size: int, kind: int, nodes: list[Any], constants: list[TensorProto]) -> ModelProto:
    ends = [helper.make_tensor_value_info(name, kind, [size, size]) for name in ("factor", "product")]
    graph = helper.make_graph(nodes, "product", ends[:1], ends[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
