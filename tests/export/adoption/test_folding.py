from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from helpers.foreign_onnx import DESCRIPTION, Net, pictures
from landslip.export.adoption.adopted_network import read_adopted
from landslip.export.adoption.folding import folded, serving
from landslip.export.precisions.graph_session import opened
from landslip.runtime.errors import ModelError


def kinds(model):
    return [node.op_type for node in model.graph.node]


def image(seed=0):
    return {"image": np.random.default_rng(seed).normal(size=(2, 3, 8, 8)).astype(np.float32)}


def test_what_is_always_the_same_is_computed_beforehand():
    net = Net()
    net.nodes += [
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([1, 3, 1, 1]))),
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"], value=numpy_helper.from_array(np.float32([2]))),
        helper.make_node("Constant", [], ["three"], value_float=3.0),
        helper.make_node("Mul", ["zeros", "three"], ["six"]),
    ]
    net.node("Add", ["image", "six"])
    model = net.model(dims=("n", 3, "rows", "cols"))
    found = folded(model)
    assert kinds(found) == ["Add"]
    np.testing.assert_array_equal(opened(found).run(image())[0], opened(model).run(image())[0])


def test_what_does_nothing_is_left_out():
    net = Net().conv(3, 1).add("Identity").add("Dropout").add("Relu").add("Identity")
    found = folded(net.model())
    assert kinds(found) == ["Conv", "Relu", "Identity"]  # the last one names the output
    np.testing.assert_array_equal(opened(found).run(image())[0], opened(net.model()).run(image())[0])


def test_only_what_leads_to_the_output_is_served():
    net = Net().conv(3, 1)
    wanted = net.last
    model = net.add("Relu").model(outputs=[net.last, wanted])
    found = serving(model, wanted)
    assert kinds(found) == ["Conv"]
    assert [value.name for value in found.graph.output] == [wanted]


@pytest.mark.parametrize("size", [1 << 40, 1 << 25])
def test_a_constant_that_is_too_large_is_not_computed(tmp_path, size):
    net = Net().conv(3, 1).add("Sigmoid")
    confidence = net.last
    zeros = net.node("ConstantOfShape", [net.constant(np.array([size]))]).last
    least = net.node("ReduceMin", [zeros], keepdims=0).last
    net.node("Add", [confidence, least])
    onnx.save(net.model(), tmp_path / "bomb.onnx")
    with pytest.raises(ModelError, match="'ConstantOfShape' with a result of a size that is not known"):
        read_adopted(tmp_path / "bomb.onnx", DESCRIPTION)


def test_many_small_amounts_are_no_bomb_either():
    net = Net()
    net.nodes += [helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([1 << 12] * 2)))]
    for number in range(6):
        net.nodes.append(helper.make_node("ConstantOfShape", ["shape"], [f"zeros{number}"]))
        net.nodes.append(helper.make_node("ReduceMax", [f"zeros{number}"], [f"zero{number}"]))
        net.node("Add", ["image" if number == 0 else net.last, f"zero{number}"])
    assert kinds(folded(net.model())).count("ConstantOfShape") == 3


def test_a_constant_without_a_value_is_refused(tmp_path):
    net = Net()
    net.nodes.append(helper.make_node("Constant", [], ["nothing"]))
    net.node("Add", ["image", "nothing"]).conv(3, 1).add("Sigmoid")
    onnx.save(net.model(), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="Constant node: has no data"):
        read_adopted(tmp_path / "net.onnx", DESCRIPTION)


def test_an_amount_that_depends_on_what_is_fed_is_refused(tmp_path):
    net = Net()
    shape = net.node("Shape", ["image"]).last
    net.node("ConstantOfShape", [shape])
    net.node("Add", ["image", net.last]).conv(3, 1).add("Sigmoid")
    onnx.save(net.model(), tmp_path / "net.onnx")
    with pytest.raises(ModelError, match="'ConstantOfShape'") as refused:
        read_adopted(tmp_path / "net.onnx", DESCRIPTION)
    assert "sizes of images as numbers" in refused.value.remedy


def test_the_network_of_before_is_not_changed(tmp_path):
    model = Net().conv(3, 1).add("Dropout").add("Sigmoid").model()
    before = model.SerializeToString()
    folded(model)
    assert model.SerializeToString() == before
    onnx.save(model, tmp_path / "net.onnx")
    assert read_adopted(tmp_path / "net.onnx", DESCRIPTION).network.confidence(pictures()).shape == (2, 1, 16, 16)
