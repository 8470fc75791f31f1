from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.keras_files import layer, layers_with, op, tiny_config, tiny_layers
from landslip.export.layers.keras_classes import OF_KERAS
from landslip.export.layers.known_layers import KNOWN
from landslip.export.topology.inbound_nodes import Ref
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["class_name", "config", "layers"]), inner)
    ),
    max_leaves=12,
)


def served(extra):
    """The tiny network, served through one more layer."""
    return served_topology(screened_graph(tiny_config(layers_with(extra)), "m.hdf5"), "m.hdf5")


def changed(**changes):
    config = tiny_config()
    config["config"].update(changes)
    return config


def test_layers_inputs_and_outputs_are_read():
    graph = screened_graph(tiny_config(), "m.hdf5")
    assert list(graph.layers) == [entry["name"] for entry in tiny_layers()]
    assert graph.inputs == ("input_1", "input_2", "input_3")
    assert list(graph.outputs) == ["prediction", "tf_op_layer_out_2/ResizeBilinear"]
    assert graph.layers["first"].kind == "Conv2D"
    assert graph.layers["first"].options["filters"] == 4


def test_a_single_end_may_lack_the_outer_list():
    graph = screened_graph(changed(output_layers=["prediction", 0, 0]), "m.hdf5")
    assert graph.outputs == {"prediction": Ref("prediction", 0, 0)}


@pytest.mark.parametrize("kind", ["Lambda", "Custom>Payload", "conv2d", "AttentionGate"])
def test_a_class_that_is_not_allowed_is_refused_by_name_where_it_is_needed(kind):
    payload = layer(kind, "payload", ("add",), function=["4wAAAA==", None, None])
    with pytest.raises(ModelError, match=rf"m\.hdf5: layer 'payload' is of class '{kind}'.*does not load it"):
        served(payload)
    graph = screened_graph(tiny_config([*tiny_layers(), payload]), "m.hdf5")
    assert graph.layers["payload"].objection.startswith("m.hdf5: layer 'payload' is of class")
    assert served_topology(graph, "m.hdf5").output == "prediction"


@pytest.mark.parametrize("kind", ["Conv1D", "LSTM", "Embedding", "Masking", "TimeDistributed", "MultiHeadAttention"])
def test_a_layer_of_keras_that_is_not_supported_is_no_threat(kind):
    entry = layer(kind, "other", ("add",), units=4)
    for module in ({}, {"module": "keras.layers", "registered_name": None}):
        with pytest.raises(ModelError, match=rf"'other' is of class '{kind}', a layer of Keras .* not support") as told:
            served(entry | module)
        assert "code" not in str(told.value)


@pytest.mark.parametrize(
    "inner",
    [
        layer("Lambda", "p"),
        layer("Payload", "p"),
        layer("Dense", "p", activation={"class_name": "__lambda__", "config": {"value": "4wAA"}}),
        layer("Conv2D", "p") | {"module": "payload"},
        {"class_name": "Functional", "config": {"layers": [layer("Custom>Payload", "p")]}},
    ],
)
def test_a_layer_of_keras_that_holds_a_stranger_is_a_threat(inner):
    entry = layer("TimeDistributed", "other", ("add",), layer=inner)
    with pytest.raises(ModelError, match=r"'TimeDistributed' and holds '\S+', which .* carry code .* does not load it"):
        served(entry)


@pytest.mark.parametrize("op_name", ["PyFunc", "ReadFile", "WriteFile", ""])
def test_a_raw_op_that_is_not_allowed_is_refused(op_name):
    with pytest.raises(ModelError, match=f"holds the raw TensorFlow op '{op_name}'"):
        served(op("out_9", "up", op_name))


@pytest.mark.tensorflow
@pytest.mark.parametrize("op_name", ["ResizeBilinear", "PyFunc"])
def test_ops_are_recognised_in_every_encoding(op_name):
    from landslip.models.keras.quiet_tensorflow import tf

    for text in (
        json.dumps({"name": "n", "op": op_name}),
        tf.compat.v1.NodeDef(name="n", op=op_name).SerializeToString().decode(),
    ):
        entry = op("out_9", "up")
        entry["config"]["node_def"] = text
        graph = screened_graph(tiny_config([*tiny_layers(), entry]), "m.hdf5")
        assert graph.layers["tf_op_layer_out_9"].kind == "TensorFlowOpLayer"
        assert (graph.layers["tf_op_layer_out_9"].objection is None) is (op_name == "ResizeBilinear")


@pytest.mark.parametrize("node_def", [None, 7, [], "\x00\xff\xfe no node", {"op": ["ResizeBilinear"]}])
def test_a_node_that_cannot_be_read_is_refused_where_it_is_needed(node_def):
    entry = op("out_9", "up")
    entry["config"]["node_def"] = node_def
    with pytest.raises(ModelError, match="raw TensorFlow op None"):
        served(entry)
    served_topology(screened_graph(tiny_config([*tiny_layers(), entry]), "m.hdf5"), "m.hdf5")


@pytest.mark.parametrize("kind", ["Lambda", "MyModel", "Custom>Model"])
def test_other_kinds_of_model_are_refused(kind):
    with pytest.raises(ModelError, match=f"is a Keras model of class '{kind}'"):
        screened_graph(tiny_config() | {"class_name": kind}, "m.hdf5")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": []}, "declares no layers"),
        ({"layers": tiny_layers() * 400}, "more than 5000"),
        ({"layers": [*tiny_layers(), tiny_layers()[0]]}, "same name"),
        ({"layers": [{"class_name": "Conv2D", "config": {}}]}, "'Conv2D' has no name"),
        ({"layers": [{"class_name": "Conv2D", "config": None}]}, "'Conv2D' has no settings"),
        ({"layers": [{"class_name": ["Conv2D"], "config": {}}]}, "is no class name"),
        ({"output_layers": []}, "names no good output layers: none are named"),
        ({"output_layers": "prediction"}, "names no good output layers: it takes 'prediction'"),
        ({"input_layers": [["input_1", 0, 0]] * 2}, "two of its layers have the same name"),
        ({"output_layers": [["other", 0, 0]]}, "'other', which is not one of its layers"),
    ],
)
def test_damage_is_said(changes, message):
    with pytest.raises(ModelError, match=message):
        screened_graph(changed(**changes), "m.hdf5")


@given(config=JSON)
def test_any_json_is_refused_in_a_sentence(config):
    with pytest.raises(ModelError, match=r"^m\.hdf5: "):
        screened_graph(config, "m.hdf5")


def test_nothing_allowed_can_carry_code():
    assert not {"Lambda", "Layer", "RNN", "TFOpLambda", "TimeDistributed", "Wrapper"} & KNOWN
    assert "Lambda" not in OF_KERAS
