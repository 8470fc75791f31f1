from __future__ import annotations

import os
import struct

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from helpers.foreign_onnx import Net, tiny
from landslip.export.adoption.foreign_file import read_foreign
from landslip.runtime.artifacts.spec import METADATA_KEY
from landslip.runtime.errors import InputMissingError, ModelError


def changed(tmp_path, change, net=None):
    """A file whose model was changed, without any check of onnx."""
    model = (net or Net().conv(3, 1).add("Sigmoid")).model()
    change(model)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def refused(path, match):
    with pytest.raises(ModelError, match=match) as found:
        read_foreign(path)
    assert found.value.remedy
    assert str(path) in str(found.value)
    return found.value


def test_what_the_file_says_is_kept(tmp_path):
    found = read_foreign(tiny(tmp_path / "net.onnx", opset=15))
    assert (found.opset, found.producer, found.weights) == (15, "tests", {})


def test_an_artifact_of_landslip_is_ready(tmp_path):
    def described(model):
        helper.set_model_props(model, {METADATA_KEY: "{}"})

    refused(changed(tmp_path, described), "exported by landslip already")


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("If", "no branches"), ("Loop", "no branches"), ("Scan", "no branches"), ("ArgMax", "confidences"),
        ("Einsum", "MatMul"), ("GridSample", "Resize"), ("NonMaxSuppression", "Conv"), ("QLinearConv", "precision"),
        ("DequantizeLinear", "INT8"), ("StringNormalizer", "Conv"), ("RandomNormal", "Conv"),
    ],
)  # fmt: skip
def test_operators_that_are_not_run_are_named(tmp_path, kind, remedy):
    error = refused(changed(tmp_path, lambda model: setattr(model.graph.node[1], "op_type", kind)), repr(kind))
    assert remedy in error.remedy


def test_operators_of_runtimes_are_refused(tmp_path):
    path = changed(tmp_path, lambda model: setattr(model.graph.node[1], "domain", "com.microsoft"))
    assert "not optimised" in refused(path, "an operator of 'com.microsoft'").remedy


def test_functions_are_refused(tmp_path):
    def with_function(model):
        model.functions.append(
            helper.make_function("mine", "f", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [])
        )

    assert "inline_local_functions" in refused(changed(tmp_path, with_function), "holds functions").remedy


def test_graphs_for_training_are_refused(tmp_path):
    refused(changed(tmp_path, lambda model: model.training_info.add()), "graphs for training")


def test_graphs_within_graphs_are_refused(tmp_path):
    def with_graph(model):
        model.graph.node[1].attribute.append(helper.make_attribute("body", helper.make_graph([], "inner", [], [])))

    refused(changed(tmp_path, with_graph), "a graph within its graph")


def test_a_circle_of_nodes_is_refused(tmp_path):
    def circle(model):
        model.graph.node[0].input[0] = model.graph.node[1].output[0]

    refused(changed(tmp_path, circle), "does not pass ONNX's own check")


def test_weights_that_are_no_number_are_refused(tmp_path):
    def spoilt(model):
        model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.float32([np.nan]), "weights_1"))

    assert "training went wrong" in refused(changed(tmp_path, spoilt), "'weights_1' hold NaN").remedy


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_precisions_than_single_are_refused(tmp_path, kind):
    def other(model):
        values = numpy_helper.to_array(model.graph.initializer[0]).astype(kind)
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(values, "weights_0"))

    assert "float()" in refused(changed(tmp_path, other), "single precision").remedy


def test_texts_are_refused(tmp_path):
    def texts(model):
        model.graph.initializer.append(helper.make_tensor("names", TensorProto.STRING, [1], [b"landslide"]))

    refused(changed(tmp_path, texts), "'names' are of the type STRING")


@pytest.mark.parametrize("dims", [[1 << 40, 1 << 20], [-1], [3, 3, 3, 1 << 31], [7]])
def test_weights_of_other_sizes_than_said_are_refused(tmp_path, dims):
    def grown(model):
        del model.graph.initializer[0].dims[:]
        model.graph.initializer[0].dims.extend(dims)

    refused(changed(tmp_path, grown), "not as many as that")


def test_sparse_weights_are_refused(tmp_path):
    refused(changed(tmp_path, lambda model: model.graph.sparse_initializer.add()), "sparse weights")


@pytest.mark.parametrize("content", [b"no model at all", struct.pack("<I", 0xFFFFFFFF) * 40])
def test_what_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    refused(path, "net.onnx")


def test_a_cut_file_is_refused(tmp_path):
    path = tiny(tmp_path / "net.onnx")
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, "damaged")


def test_a_file_that_is_not_there_is_missing(tmp_path):
    with pytest.raises(InputMissingError):
        read_foreign(tmp_path / "net.onnx")


@pytest.fixture
def outside(tmp_path):
    """A network with its weights in a file beside it, and its model in memory."""
    folder = tmp_path / "net"
    folder.mkdir()
    model = Net().conv(3, 4).add("Relu").conv(4, 1).add("Sigmoid").model()
    path = folder / "net.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="net.data", size_threshold=0)
    return path


def external(path, **entries):
    """Change what the first weights say of their place."""
    model = onnx.load(path, load_external_data=False)
    tensor = model.graph.initializer[0]
    kept = {entry.key: entry.value for entry in tensor.external_data} | entries
    del tensor.external_data[:]
    for key, value in kept.items():
        if value is not None:
            tensor.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def test_weights_beside_the_file_are_taken_in(outside):
    found = read_foreign(outside)
    assert set(found.weights) == {"net.data"}
    assert len(found.weights["net.data"]) == 64
    assert not any(tensor.external_data for tensor in found.model.graph.initializer)
    expected = Net().conv(3, 4).add("Relu").conv(4, 1).add("Sigmoid").model().graph.initializer
    for ours, theirs in zip(found.model.graph.initializer, expected, strict=True):
        np.testing.assert_array_equal(numpy_helper.to_array(ours), numpy_helper.to_array(theirs))


@pytest.mark.parametrize(
    "location", ["../secret", "/etc/passwd", "a/../../secret", "", "C:\\secret", "..\\secret", "a\0b", "link/secret"]
)
def test_weights_elsewhere_are_not_read(outside, location):
    secret = outside.parent.parent / "secret"
    secret.write_bytes(bytes(10_000))
    (outside.parent / "link").symlink_to(outside.parent.parent)
    external(outside, location=location)
    assert "beside it" in refused(outside, "no file in its folder").remedy


def test_weights_that_are_not_there_are_asked_for(outside):
    (outside.parent / "net.data").unlink()
    with pytest.raises(InputMissingError, match=r"keeps its weights in 'net\.data'") as missing:
        read_foreign(outside)
    assert "Copy that file" in missing.value.remedy


@pytest.mark.parametrize(
    "entries",
    [{"offset": "1000000"}, {"length": "4"}, {"offset": "-8"}, {"offset": "9" * 30}, {"length": "x"}, {"offset": "٣"}],
)
def test_weights_have_to_be_where_the_file_says(outside, entries):
    external(outside, **entries)
    refused(outside, "are not where it says")


def test_weights_in_a_pipe_are_no_file(outside):
    os.mkfifo(outside.parent / "pipe")
    external(outside, location="pipe")
    with pytest.raises(InputMissingError, match="is not there"):
        read_foreign(outside)


def test_weights_of_attributes_elsewhere_are_refused(tmp_path):
    def elsewhere(model):
        tensor = helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0])
        tensor.data_location = TensorProto.EXTERNAL
        model.graph.node[1].attribute.append(helper.make_attribute("value", tensor))

    refused(changed(tmp_path, elsewhere), "keeps weights in another file")
