"""The arithmetic of a network, counted from its graph."""

from __future__ import annotations

import onnx
import pytest
from onnx import TensorProto, helper

from landslip.benchmarks.measuring.graph_cost import GraphCost, graph_cost
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.errors import ModelError


def model(path, nodes, shape, weights):
    """A graph from ``x`` of that shape to ``y``, with these weights by name."""
    constants = [
        helper.make_tensor(name, TensorProto.FLOAT, dims, bytes(4 * int(onnx.numpy_helper.np.prod(dims))), raw=True)
        for name, dims in weights.items()
    ]
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "g", ends, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


IMAGE = ["batch", 4, "height", "width"]


def test_a_convolution(tmp_path):
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    cost = graph_cost(model(tmp_path / "m.onnx", [node], IMAGE, {"w": [8, 4, 3, 3]}), 32)
    values = 8 * 16 * 16
    assert cost == GraphCost(flop=2 * values * 4 * 9, weights=8 * 4 * 9, activations=4 * 32 * 32 + values)


def test_a_convolution_in_groups(tmp_path):
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 1], group=2)
    cost = graph_cost(model(tmp_path / "m.onnx", [node], IMAGE, {"w": [6, 2, 1, 1]}), 8)
    assert cost.flop == 2 * 6 * 64 * 2


def test_a_transposed_convolution(tmp_path):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    cost = graph_cost(model(tmp_path / "m.onnx", [node], IMAGE, {"w": [4, 3, 2, 2]}), 8)
    assert cost.flop == 2 * (4 * 8 * 8) * 3 * 4
    assert cost.activations == 4 * 64 + 3 * 256


@pytest.mark.parametrize("transposed", [False, True])
def test_a_matrix_product(tmp_path, transposed):
    node = helper.make_node("Gemm", ["x", "w"], ["y"], transA=int(transposed))
    shape = [5, 7] if transposed else [7, 5]
    cost = graph_cost(model(tmp_path / "m.onnx", [node], shape, {"w": [5, 3]}), 8)
    assert cost.flop == 2 * 7 * 5 * 3


def test_what_has_no_arithmetic_costs_nothing(tmp_path):
    path = model(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], IMAGE, {})
    assert graph_cost(path, 32) == GraphCost(0, 0, 0)


def test_cost_grows_with_the_area_of_the_tile():
    small, large = graph_cost(DEMO_MODEL, 224), graph_cost(DEMO_MODEL, 448)
    assert large.flop == 4 * small.flop
    assert large.weights == small.weights
    # The demo model has an eighth of the channels: 62 GFLOP over 64, and a little more for the first convolution.
    assert 0.97e9 < small.flop < 1.1e9


def test_bytes_shrink_with_precision_and_batch():
    cost = GraphCost(flop=1000.0, weights=100, activations=50)
    assert cost.bytes_moved("fp32") == 600
    assert cost.bytes_moved("fp32", batch=4) == 300
    assert cost.bytes_moved("bf16", batch=4) == cost.bytes_moved("fp16", batch=4) == 150
    assert cost.intensity("int8", batch=4) == 1000 / 75


def test_graphs_whose_shapes_do_not_fit_are_refused(tmp_path):
    node = helper.make_node("Gemm", ["x", "w"], ["y"])
    with pytest.raises(ModelError, match="cannot be inferred"):
        graph_cost(model(tmp_path / "m.onnx", [node], [7, 5], {"w": [4, 3]}), 32)


def test_graphs_with_open_shapes_are_refused(tmp_path):
    node = helper.make_node("Conv", ["x", "w"], ["y"], kernel_shape=[1, 1])
    with pytest.raises(ModelError, match="shape of 'x'"):
        graph_cost(model(tmp_path / "m.onnx", [node], ["batch", 4, "rows", "columns"], {"w": [8, 4, 1, 1]}), 32)
