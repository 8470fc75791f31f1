"""Facts of the features that overlapping tiles can share, as ``landslip info`` tells them."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from helpers.graphs import small_network
from helpers.models import brightness_model
from helpers.quantised import small_int8
from landslip.benchmarks.measuring.graph_cost import graph_cost
from landslip.export.proof.graph_work import multiplications
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.graph_parts import GraphParts
from landslip.runtime.artifacts.spec import TARGET_KEY
from landslip.runtime.cli.main import run


def facts_of(capsys, path):
    assert run(["info", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["shared_features"]


def test_the_demo_model_shares_its_branches(capsys):
    assert facts_of(capsys, DEMO_MODEL) == {
        "possible": True, "engines": ["onnxruntime", "openvino"], "tensors": 3, "bands": 8,
        "pixels_seen_to_each_side": 6, "bytes_per_pixel": 32, "share_of_operations": 0.1346,
    }  # fmt: skip


def test_the_text_says_so(capsys):
    assert run(["info", str(DEMO_MODEL)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["possible", "yes"] in lines
    assert ["share_of_operations", "0.1346"] in lines


def test_a_model_without_such_features_says_why(tmp_path, capsys):
    facts = facts_of(capsys, brightness_model(tmp_path / "m.onnx"))
    assert facts.keys() == {"possible", "why_not"}
    assert facts["possible"] is False
    assert "has a stride, or sees too far" in facts["why_not"]


def test_no_engine_shares_what_is_made_for_tensorrt(tmp_path, capsys):
    model = small_network()
    model.metadata_props.append(onnx.StringStringEntryProto(key=TARGET_KEY, value="tensorrt"))
    onnx.save(model, tmp_path / "m.onnx")
    facts = facts_of(capsys, tmp_path / "m.onnx")
    assert facts["possible"] is False
    assert "tensorrt" in facts["why_not"]


@pytest.mark.parametrize("make", [small_network, lambda: small_int8("onnx"), lambda: small_int8("openvino")])
def test_multiplications_are_those_of_the_shapes_that_onnx_infers(tmp_path, make):
    onnx.save(make(), tmp_path / "m.onnx")
    parts = GraphParts.read((tmp_path / "m.onnx").read_bytes())
    found = multiplications(parts)
    assert found is not None
    assert 2 * found * 64**2 == pytest.approx(graph_cost(tmp_path / "m.onnx", 64).flop)


def test_sizes_that_are_computed_are_not_guessed(tmp_path, capsys):
    model = small_network()
    (resize,) = [node for node in model.graph.node if node.op_type == "Resize"]
    resize.input[2] = ""
    resize.input.append("sizes")
    model.graph.initializer.append(numpy_helper.from_array(np.int64([1, 8, 64, 64]), "sizes"))
    onnx.save(model, tmp_path / "m.onnx")
    facts = facts_of(capsys, tmp_path / "m.onnx")
    assert (facts["possible"], facts["share_of_operations"]) == (True, None)


@pytest.mark.parametrize(
    ("kind", "attributes", "edge"),
    [
        ("DepthToSpace", {"blocksize": 2}, 2.0),
        ("SpaceToDepth", {"blocksize": 2}, 0.5),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}, 0.5),
        ("GlobalAveragePool", {}, 0.0),
    ],
)
def test_what_changes_the_size_of_a_picture_counts_by_its_area(kind, attributes, edge):
    nodes = [helper.make_node(kind, ["post"], ["x"], **attributes), helper.make_node("Conv", ["x", "w"], ["y"])]
    entries = [helper.make_tensor_value_info(name, 1, [1, 4, "h", "w"]) for name in ("post", "y")]
    weights = numpy_helper.from_array(np.zeros((2, 4, 3, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "g", entries[:1], entries[1:], [weights])
    parts = GraphParts.read(helper.make_model(graph).SerializeToString())
    assert multiplications(parts) == pytest.approx(2 * 4 * 9 * edge**2)
