from __future__ import annotations

from collections import Counter

import pytest

from helpers.keras_files import conv, layer, tiny_config, tiny_layers
from landslip.export.screen import screened_graph
from landslip.export.topology import served_topology
from landslip.runtime.errors import ModelError

SERVED = ["input_1", "input_2", "input_3", "joined", "pad", "first", "norm", "relu", "pool", "up", "add", "prediction"]


def cut(layers=None, output=None):
    return served_topology(screened_graph(tiny_config(layers), "m.hdf5"), "m.hdf5", output)


def with_layer(replacement):
    return [replacement if entry["name"] == replacement["name"] else entry for entry in tiny_layers()]


def with_option(name, key, value):
    layers = tiny_layers()
    options = next(entry for entry in layers if entry["name"] == name)["config"]
    options[key] = value
    return layers


def test_only_what_the_first_output_needs_is_kept_and_dropout_is_left_out():
    topology = cut()
    assert sorted(node.name for node in topology.nodes) == sorted(SERVED)
    assert topology.output == "prediction"
    assert topology.inputs == ("input_1", "input_2", "input_3")
    assert next(node for node in topology.nodes if node.name == "up").inputs == ("pool",)


def test_every_node_comes_after_what_feeds_it():
    seen = set()
    for node in cut(list(reversed(tiny_layers()))).nodes:
        assert seen.issuperset(node.inputs)
        seen.add(node.name)


def test_only_settings_that_change_the_result_are_kept():
    nodes = {node.name: node for node in cut().nodes}
    assert set(nodes["first"].options) == {
        "filters",
        "kernel_size",
        "strides",
        "padding",
        "dilation_rate",
        "activation",
        "use_bias",
    }
    assert nodes["norm"].options == {"epsilon": 0.001, "center": True, "scale": True}
    assert nodes["pad"].options == {"padding": ((1, 1), (1, 1))}
    assert nodes["joined"].options == {}


def test_an_output_behind_a_raw_op_cannot_be_served():
    with pytest.raises(ModelError, match=r"needs layer 'tf_op_layer_out_2.*only leave out"):
        cut(output="tf_op_layer_out_2/ResizeBilinear")


def test_an_unknown_output_lists_the_known_ones():
    with pytest.raises(ModelError, match=r"no output 'up'\. Its outputs are: 0 prediction, 1 tf_op"):
        cut(output="up")


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("first", "filters", 0),
        ("first", "filters", 1 << 40),
        ("first", "filters", "4"),
        ("first", "filters", True),
        ("first", "kernel_size", [3]),
        ("first", "kernel_size", [3, 4000]),
        ("first", "groups", 2),
        ("first", "data_format", "channels_first"),
        ("first", "activation", {"class_name": "Lambda", "config": {}}),
        ("first", "activation", "softmax"),
        ("first", "use_bias", 1),
        ("norm", "axis", [1]),
        ("norm", "epsilon", float("nan")),
        ("pad", "padding", [[1, 1]]),
        ("pad", "padding", [[1, -1], [1, 1]]),
        ("pool", "strides", [0, 2]),
        ("up", "interpolation", "bilinear"),
        ("joined", "axis", 1),
        ("relu", "activation", "payload>run"),
        ("input_1", "batch_input_shape", [None, 224]),
        ("input_1", "batch_input_shape", [None, 224, 224, 1 << 30]),
    ],
)
def test_settings_of_other_networks_are_refused_by_name(name, key, value):
    with pytest.raises(ModelError, match=rf"layer '{name}' \(\w+\) has a setting the published network does not have"):
        cut(with_option(name, key, value))


def test_a_missing_setting_is_said():
    layers = tiny_layers()
    del next(entry for entry in layers if entry["name"] == "first")["config"]["strides"]
    with pytest.raises(ModelError, match=r"layer 'first'.*strides"):
        cut(layers)


@pytest.mark.parametrize(("key", "plain"), [("max_value", None), ("negative_slope", 0.0), ("threshold", 0)])
def test_a_plain_relu_layer_is_an_activation(key, plain):
    assert "relu" in {node.name for node in cut(with_layer(layer("ReLU", "relu", ("norm",), **{key: plain}))).nodes}
    with pytest.raises(ModelError, match=key):
        cut(with_layer(layer("ReLU", "relu", ("norm",), **{key: 6.0})))


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        (conv("first", "up", 4), "feeds itself"),
        (conv("first", "nowhere", 4), "no plain output of a layer"),
        (layer("Add", "add", ("up",)), "1 inputs where Add takes two"),
        (layer("Activation", "relu", ("norm", "joined"), activation="relu"), "2 inputs where Activation takes one"),
        (layer("Dropout", "dropout", ("pool", "relu"), rate=0.5), "2 inputs where Dropout takes one"),
        (layer("Activation", "relu", (), activation="relu"), "not called exactly once"),
    ],
)
def test_graphs_that_make_no_sense_are_refused(replacement, message):
    with pytest.raises(ModelError, match=message):
        cut(with_layer(replacement))


@pytest.mark.parametrize(
    "inbound",
    [
        {"args": []},
        [[["norm", 0, 0, {}]], [["norm", 0, 0, {}]]],
        [[["norm", 0, 0, {"training": True}]]],
        [[["norm", 1, 0, {}]]],
        [[[["norm"], 0, 0, {}]]],
        [[None]],
        [[]],
    ],
)
def test_calls_of_another_kind_are_refused(inbound):
    entry = layer("Activation", "relu", ("norm",), activation="relu") | {"inbound_nodes": inbound}
    with pytest.raises(ModelError, match="layer 'relu'"):
        cut(with_layer(entry))


def test_an_input_the_model_does_not_declare_is_refused():
    config = tiny_config()
    config["config"]["input_layers"] = [["input_1", 0, 0], ["input_2", 0, 0]]
    with pytest.raises(ModelError, match="an input that the model does not declare"):
        served_topology(screened_graph(config, "m.hdf5"), "m.hdf5")


def test_a_long_chain_is_cut_without_recursion():
    chain = [conv(f"c{number}", "add" if number == 0 else f"c{number - 1}", 4) for number in range(3000)]
    layers = [*with_layer(conv("prediction", "c2999", 1, 1, activation="sigmoid")), *chain]
    assert Counter(node.kind for node in cut(layers).nodes)["Conv2D"] == 3002
