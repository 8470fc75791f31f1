"""A small network as landslip exports it, made with onnx alone: two scales, a residual block, and a join."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from helpers.engines import SPEC
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY

_TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}

CONVOLUTIONS = ("stem", "down", "branch", "shortcut", "join", "prediction")
"""Its convolutions, in order; the first and the last are at its ends."""


class _Building:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}

    def node(self, kind: str, name: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, values: object) -> str:
        self.constants[name] = np.asarray(values)
        return name

    def conv(self, name: str, source: str, bands: int, filters: int, size: int = 3) -> str:
        scale = np.sqrt(2 / (bands * size * size))
        weights = self.rng.normal(0, scale, (filters, bands, size, size)).astype(np.float32)
        bias = self.rng.normal(0, 0.1, filters).astype(np.float32)
        names = [self.constant(f"{name}/weights", weights), self.constant(f"{name}/bias", bias)]
        edge = size // 2
        return self.node("Conv", name, source, *names, pads=[edge] * 4, kernel_shape=[size, size])

    def relu(self, source: str) -> str:
        return self.node("Relu", f"{source}/relu", source)


def small_network(seed: int = 0, filters: int = 8) -> ModelProto:
    """The network; its layers have random weights."""
    make = _Building(seed)
    scaled = []
    for entry in SPEC.inputs:
        raw = entry.name
        if entry.dtype == "uint8":
            raw = make.node("Cast", f"{entry.name}/float", entry.name, to=TensorProto.FLOAT)
        else:
            unknown = make.node("IsNaN", "slope/unknown", "slope")
            raw = make.node("Where", "slope/known", unknown, make.constant("nothing", np.float32(0)), "slope")
        factor = make.constant(f"{entry.name}/factor", np.float32(1 / entry.divisors[0]))
        shift = make.constant(f"{entry.name}/shift", np.float32(entry.offsets[0]))
        scaled.append(make.node("Add", f"{entry.name}/scaled", make.node("Mul", f"{entry.name}/x", raw, factor), shift))
    joined = make.node("Concat", "inputs", *scaled, axis=1)
    stem = make.relu(make.conv("stem", joined, 8, filters))
    pooled = make.node("MaxPool", "pool", stem, kernel_shape=[2, 2], strides=[2, 2])
    branch = make.conv("branch", make.relu(make.conv("down", pooled, filters, filters)), filters, filters)
    total = make.node("Add", "sum", branch, make.conv("shortcut", pooled, filters, filters))
    scales = make.constant("scales", np.float32([1, 1, 2, 2]))
    rule = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    large = make.node("Resize", "large", make.relu(total), "", scales, **rule)
    both = make.node("Concat", "both", large, stem, axis=1)
    last = make.conv("prediction", make.relu(make.conv("join", both, 2 * filters, filters)), filters, 1, 1)
    make.node("Sigmoid", "confidence", last)
    return _model(make)


def _model(make: _Building) -> ModelProto:
    inputs = [
        helper.make_tensor_value_info(entry.name, _TYPES[entry.dtype], ["batch", entry.bands, "height", "width"])
        for entry in SPEC.inputs
    ]
    output = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch", 1, "height", "width"])
    constants = [numpy_helper.from_array(values, name) for name, values in make.constants.items()]
    graph = helper.make_graph(make.nodes, "small", inputs, [output], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: SPEC.to_json(), PRECISION_KEY: "fp32"})
    onnx.checker.check_model(model, full_check=True)
    return model


def confidence(model: ModelProto, batch: dict[str, np.ndarray]) -> np.ndarray:
    """What ONNX Runtime makes of a batch."""
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, batch)[0]


def nodes_of(model: ModelProto, kind: str) -> list[NodeProto]:
    return [node for node in model.graph.node if node.op_type == kind]


def constants_of(model: ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
