"""A small U-Net of onnx alone that takes an image of bytes, as INT8 is made of it."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FACTORS, OFFSETS = np.float32([1 / 127.5, 1 / 100, 0.02]), np.float32([-1.0, -0.5, 0.25])


def network(pad_value=0.0, image_type=TensorProto.UINT8, rectified=True):
    """A small U-Net on scaled bytes: a stem, a pooling that is padded before, an enlargement, a join."""
    rng = np.random.default_rng(8)
    constants = {
        "factors": FACTORS.reshape(1, 3, 1, 1),
        "offsets": OFFSETS.reshape(3, 1, 1),
        "first/weights": rng.normal(0, 0.3, (8, 3, 5, 5)).astype(np.float32),
        "first/bias": rng.normal(0, 0.1, 8).astype(np.float32),
        "inner/weights": rng.normal(0, 0.2, (8, 8, 3, 3)).astype(np.float32),
        "join/weights": rng.normal(0, 0.1, (4, 16, 3, 3)).astype(np.float32),
        "last/weights": rng.normal(0, 0.5, (1, 4, 1, 1)).astype(np.float32),
        "pads": np.int64([0, 0, 1, 1, 0, 0, 1, 1]),
        "pad value": np.float32(pad_value),
        "scales": np.float32([1, 1, 2, 2]),
    }
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    steps = [
        ("Cast", ["image"], "float", {"to": TensorProto.FLOAT}),
        ("Mul", ["float", "factors"], "multiplied", {}),
        ("Add", ["multiplied", "offsets"], "scaled", {}),
        ("Conv", ["scaled", "first/weights", "first/bias"], "first", {"pads": [2] * 4, "kernel_shape": [5, 5]}),
        ("Relu" if rectified else "LeakyRelu", ["first"], "stem", {}),
        ("Pad", ["stem", "pads", "pad value"], "padded", {}),
        ("MaxPool", ["padded"], "pool", {"kernel_shape": [3, 3], "strides": [2, 2]}),
        ("Conv", ["pool", "inner/weights"], "inner", {"pads": [1] * 4, "kernel_shape": [3, 3]}),
        ("Resize", ["inner", "", "scales"], "large", nearest),
        ("Concat", ["large", "stem"], "both", {"axis": 1}),
        ("Conv", ["both", "join/weights"], "join", {"pads": [1] * 4, "kernel_shape": [3, 3]}),
        ("Relu", ["join"], "joined", {}),
        ("Conv", ["joined", "last/weights"], "last", {"kernel_shape": [1, 1]}),
        ("Sigmoid", ["last"], "confidence", {}),
    ]
    nodes = [helper.make_node(kind, takes, [name], name=name, **said) for kind, takes, name, said in steps]
    given = helper.make_tensor_value_info("image", image_type, ["batch", 3, "height", "width"])
    output = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch", 1, "height", "width"])
    tensors = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "bytes", [given], [output], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model
