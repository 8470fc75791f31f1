from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper

from helpers.foreign_onnx import Net
from landslip.export.adoption.foreign_file import read_foreign
from landslip.export.adoption.opsets import LEAST, MOST, modern
from landslip.export.precisions.graph_session import opened
from landslip.runtime.errors import ModelError

IMAGE = {"image": np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)}


def foreign(tmp_path, model):
    onnx.save(model, tmp_path / "net.onnx")
    return read_foreign(tmp_path / "net.onnx")


def version(model):
    return [(entry.domain, entry.version) for entry in model.opset_import]


@pytest.mark.parametrize("opset", [9, 11, 13, 16])
def test_older_versions_are_brought_up_and_say_the_same(tmp_path, opset):
    net = Net().conv(3, 4).add("Relu")
    if opset < 10:
        net.add("Upsample", np.array([1, 1, 2, 2], np.float32), mode="nearest")
    net.conv(4, 1).add("Sigmoid")
    network = foreign(tmp_path, net.model(opset=opset))
    found = modern(network)
    assert version(found) == [("", LEAST)]
    np.testing.assert_allclose(opened(found).run(IMAGE)[0], opened(network.model).run(IMAGE)[0], atol=1e-6)


@pytest.mark.parametrize("opset", [LEAST, MOST])
def test_later_versions_stay(tmp_path, opset):
    assert version(modern(foreign(tmp_path, Net().conv(3, 1).model(opset=opset)))) == [("", opset)]


def test_a_version_that_engines_may_not_know_is_refused(tmp_path):
    network = foreign(tmp_path, Net().conv(3, 1).model(opset=MOST + 1))
    with pytest.raises(ModelError, match=f"opset {MOST + 1}") as refused:
        modern(network)
    assert f"opset_version={LEAST}" in refused.value.remedy


def test_weights_that_are_inputs_too_are_weights(tmp_path):
    model = Net().conv(3, 1).model(opset=11)
    model.graph.input.extend(
        helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in model.graph.initializer
    )
    model.ir_version = 3
    assert [value.name for value in modern(foreign(tmp_path, model)).graph.input] == ["image"]


def test_what_cannot_be_brought_up_is_refused(tmp_path):
    network = foreign(tmp_path, Net().add("Upsample", np.array([1, 1, 2, 2], np.float32)).model(opset=9))
    network.model.graph.node[0].op_type = "Upsampled"
    with pytest.raises(ModelError, match="onnx cannot bring it to 17"):
        modern(network)
