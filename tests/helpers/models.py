"""Small ONNX models for tests, made with onnx alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from helpers.engines import CLASS_SPEC, CLASS_WEIGHTS, SPEC
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, ModelSpec

_TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}


def brightness_model(
    path: Path,
    spec: ModelSpec | None = SPEC,
    *,
    extra: dict[str, str] | None = None,
    gives: int = TensorProto.FLOAT,
    pooled: bool = False,
) -> Path:
    """A model whose confidence is the largest of the post image's bands divided by 255, in the type ``gives``.

    With ``pooled`` it is that of the whole tile, as of a network that classifies tiles.
    """
    inputs = [
        helper.make_tensor_value_info(entry.name, _TYPES[entry.dtype], ["batch", entry.bands, "height", "width"])
        for entry in SPEC.inputs
    ]
    output = helper.make_tensor_value_info(
        "confidence", gives, ["batch", 1, *((1, 1) if pooled else ("height", "width"))]
    )
    # Every input leads somewhere: some engines drop those that do not.
    names = [entry.name for entry in SPEC.inputs]
    first = sum(entry.bands for entry in SPEC.inputs[: names.index("post")])
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}_raw"], to=TensorProto.FLOAT) for name in names),
        helper.make_node("Concat", [f"{name}_raw" for name in names], ["all"], axis=1),
        helper.make_node("Slice", ["all", "first", "end", "axis"], ["raw"]),
        helper.make_node("ReduceMax", ["raw", "all_axes" if pooled else "axis"], ["brightest"], keepdims=1),
        helper.make_node("Div", ["brightest", "full"], ["bright"]),
        helper.make_node("Cast", ["bright"], ["confidence"], to=gives),
    ]
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        *([helper.make_tensor("all_axes", TensorProto.INT64, [3], [1, 2, 3])] if pooled else []),
        helper.make_tensor("first", TensorProto.INT64, [1], [first]),
        helper.make_tensor("end", TensorProto.INT64, [1], [first + 3]),
        helper.make_tensor("full", TensorProto.FLOAT, [], [255.0]),
    ]
    graph = helper.make_graph(nodes, "brightness", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    metadata = {PRECISION_KEY: "fp32"} | ({} if spec is None else {METADATA_KEY: spec.to_json()}) | (extra or {})
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


def class_model(path: Path, spec: ModelSpec = CLASS_SPEC) -> Path:
    """A model of one layer that tells four classes apart: :func:`helpers.engines.class_mixture`."""
    inputs = [
        helper.make_tensor_value_info(entry.name, _TYPES[entry.dtype], ["batch", entry.bands, "height", "width"])
        for entry in SPEC.inputs
    ]
    output = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch", 4, "height", "width"])
    names = [entry.name for entry in SPEC.inputs]
    weights = np.array(CLASS_WEIGHTS)
    weights[:, : sum(entry.bands for entry in SPEC.inputs if entry.dtype == "uint8")] /= 255
    nodes = [
        *(helper.make_node("Cast", [name], [f"{name}_raw"], to=TensorProto.FLOAT) for name in names),
        helper.make_node("Concat", [f"{name}_raw" for name in names], ["all"], axis=1),
        helper.make_node("Conv", ["all", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["confidence"], axis=1),
    ]
    constants = [helper.make_tensor("weights", TensorProto.FLOAT, [4, 8, 1, 1], weights.ravel())]
    graph = helper.make_graph(nodes, "classes", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {PRECISION_KEY: "fp32", METADATA_KEY: spec.to_json()})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


def batch_of(count: int, tile: int = 64) -> dict[str, np.ndarray]:
    """Random tiles for :func:`brightness_model`."""
    rng = np.random.default_rng(0)
    return {
        entry.name: rng.integers(0, 255, (count, entry.bands, tile, tile)).astype(entry.dtype) for entry in SPEC.inputs
    }


def first_band_model(path: Path, spec: ModelSpec) -> Path:
    """A model whose confidence is the first band of its only input, as far as that is from 0 to 1."""
    (entry,) = spec.inputs
    given = helper.make_tensor_value_info(entry.name, _TYPES[entry.dtype], ["batch", entry.bands, "height", "width"])
    output = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch", 1, "height", "width"])
    nodes = [
        helper.make_node("Slice", [entry.name, "first", "end", "axis"], ["band"]),
        helper.make_node("Clip", ["band", "none", "all"], ["confidence"]),
    ]
    numbers = {"first": 0, "end": 1, "axis": 1}
    constants = [helper.make_tensor(name, TensorProto.INT64, [1], [value]) for name, value in numbers.items()]
    constants += [helper.make_tensor(name, TensorProto.FLOAT, [], [value]) for name, value in (("none", 0), ("all", 1))]
    graph = helper.make_graph(nodes, "first band", [given], [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {PRECISION_KEY: "fp32", METADATA_KEY: spec.to_json()})
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path
