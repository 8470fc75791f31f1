from __future__ import annotations

from collections import Counter

import pytest

from helpers.keras_files import conv, image, layer, model_layer, tiny_config, tiny_layers
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
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
    assert nodes["norm"].options == {"epsilon": 0.001, "center": True, "scale": True, "axis": 3}
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
        ("first", "groups", 3),
        ("first", "data_format", "channels_first"),
        ("first", "activation", {"class_name": "Lambda", "config": {}}),
        ("first", "activation", "payload>run"),
        ("first", "use_bias", 1),
        ("norm", "axis", [1, 2]),
        ("norm", "epsilon", float("nan")),
        ("pad", "padding", [[1, 1]]),
        ("pad", "padding", [[1, -1], [1, 1]]),
        ("pool", "strides", [0, 2]),
        ("up", "interpolation", "lanczos3"),
        ("joined", "axis", "bands"),
        ("relu", "activation", "payload>run"),
        ("input_1", "batch_input_shape", [None]),
        ("input_1", "batch_input_shape", [None, 224, 224, None]),
        ("input_1", "batch_input_shape", [None, 224, 224, 1 << 30]),
    ],
)
def test_settings_of_other_networks_are_refused_by_name(name, key, value):
    with pytest.raises(ModelError, match=rf"layer '{name}' \(\w+\) has a setting that landslip does not know"):
        cut(with_option(name, key, value))


def test_a_missing_setting_is_said():
    layers = tiny_layers()
    del next(entry for entry in layers if entry["name"] == "first")["config"]["strides"]
    with pytest.raises(ModelError, match=r"layer 'first'.*strides"):
        cut(layers)


@pytest.mark.parametrize(
    ("kind", "saved", "kept"),
    [
        ("ReLU", {"max_value": 6.0}, {"max_value": 6.0, "negative_slope": 0.0, "threshold": 0.0}),
        ("ReLU", {"max_value": None, "negative_slope": 0.1, "threshold": 1}, {"negative_slope": 0.1, "threshold": 1.0}),
        (
            "ReLU",
            {"max_value": {"type": "ndarray", "value": 6.0}},
            {"max_value": 6, "negative_slope": 0, "threshold": 0},
        ),
        ("LeakyReLU", {"alpha": 0.1}, {"alpha": 0.1}),
        ("LeakyReLU", {"negative_slope": 0.1}, {"alpha": 0.1}),
        (
            "BatchNormalizationV1",
            {"epsilon": 0.1, "center": True, "scale": False},
            {"epsilon": 0.1, "center": True, "scale": False},
        ),
    ],
)
def test_what_versions_call_differently_is_read_alike(kind, saved, kept):
    nodes = {node.name: node for node in cut(with_layer(layer(kind, "relu", ("norm",), **saved))).nodes}
    assert nodes["relu"].options == kept


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        (conv("first", "up", 4), "feeds itself"),
        (conv("first", "nowhere", 4), "'nowhere' feeds a layer but is none of its layers"),
        (layer("Add", "add", ("up",)), "1 inputs where Add takes two"),
        (layer("Activation", "relu", ("norm", "joined"), activation="relu"), "2 inputs where Activation takes one"),
        (layer("Dropout", "dropout", ("pool", "relu"), rate=0.5), "2 inputs where Dropout takes one"),
        (
            layer("Activation", "relu", (), activation="relu"),
            "a call of layer 'relu' is used that the file does not tell",
        ),
    ],
)
def test_graphs_that_make_no_sense_are_refused(replacement, message):
    with pytest.raises(ModelError, match=message):
        cut(with_layer(replacement))


@pytest.mark.parametrize(
    ("inbound", "message"),
    [
        ({"args": []}, "layer 'relu' cannot be followed: its calls are saved as"),
        ([{"args": []}], "a call of layer 'relu' is used that the file does not tell"),
        ([[["norm", 0, 0, {"training": True}]]], "layer 'relu' cannot be followed: it is called with training=True"),
        ([[["norm", 0, 0, {"scale": 2}]]], "'relu' cannot be followed: it is called with scale=2"),
        ([[["norm", 1, 0, {}]]], "a call of layer 'norm:1' is used that the file does not tell"),
        ([[["norm", 0, 1, {}]]], "output 1 of layer 'norm' is used; it has one"),
        ([[["norm", -1, 0, {}]]], "layer 'relu' cannot be followed"),
        ([[["_CONSTANT_VALUE", -1, 3.0, {}]]], "layer 'relu' cannot be followed"),
        ([[[["norm"], 0, 0, {}]]], "layer 'relu' cannot be followed"),
        ([[[[[[[["norm", 0, 0]]]]]]]], "nested too deeply"),
        ([[None]], "layer 'relu' cannot be followed"),
        ([[]], "a call of layer 'relu' is used that the file does not tell"),
    ],
)
def test_calls_of_another_kind_are_refused(inbound, message):
    entry = layer("Activation", "relu", ("norm",), activation="relu") | {"inbound_nodes": inbound}
    with pytest.raises(ModelError, match=message):
        cut(with_layer(entry))


KERAS_3 = {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["norm", 0, 0]}}], "kwargs": {}}


@pytest.mark.parametrize(
    "inbound", [[["norm", 0, 0]], [[["norm", 0, 0, {"training": False, "mask": None}]]], [KERAS_3]]
)
def test_calls_are_read_as_any_version_saves_them(inbound):
    entry = layer("Activation", "relu", ("norm",), activation="relu") | {"inbound_nodes": inbound}
    assert {node.name: node.inputs for node in cut(with_layer(entry)).nodes}["relu"] == ("norm",)


def test_an_input_the_model_does_not_declare_is_refused():
    config = tiny_config()
    config["config"]["input_layers"] = [["input_1", 0, 0], ["input_2", 0, 0]]
    with pytest.raises(ModelError, match="an input that the model does not declare"):
        served_topology(screened_graph(config, "m.hdf5"), "m.hdf5")


def test_a_long_chain_is_cut_without_recursion():
    chain = [conv(f"c{number}", "add" if number == 0 else f"c{number - 1}", 4) for number in range(3000)]
    layers = [*with_layer(conv("prediction", "c2999", 1, 1, activation="sigmoid")), *chain]
    assert Counter(node.kind for node in cut(layers).nodes)["Conv2D"] == 3002


def encoder(inbound, name="encoder"):
    inner = [image("inner_input", 3), conv("conv", "inner_input", 4), layer("Dropout", "drop", ("conv",), rate=0.5)]
    return model_layer(name, [*inner, conv("deeper", "drop", 4)], ["conv", "deeper"], inbound)


def siamese(first_call, join_inputs):
    """Two images through one encoder; its calls are counted from ``first_call``."""
    layers = [
        image("input_1", 3),
        image("input_2", 3),
        encoder([[["input_1", 0, 0, {}]], [["input_2", 0, 0, {"training": False}]]]),
        layer("Add", "add") | {"inbound_nodes": [[["encoder", first_call + i, o, {}] for i, o in join_inputs]]},
    ]
    body = {"layers": layers, "input_layers": [["input_1", 0, 0], ["input_2", 0, 0]], "output_layers": [["add", 0, 0]]}
    return {"class_name": "Functional", "config": body}


@pytest.mark.parametrize("first_call", [0, 1], ids=["counted from 0", "counted from 1"])
def test_a_model_used_as_a_layer_is_opened_and_its_layers_are_shared(first_call):
    graph = screened_graph(siamese(first_call, [(0, 0), (1, 1)]), "m.hdf5")
    nodes = {node.name: node for node in served_topology(graph, "m.hdf5").nodes}
    assert nodes["add"].inputs == ("encoder/conv", "encoder:1/deeper")
    assert nodes["encoder:1/deeper"].inputs == ("encoder:1/conv",)
    assert nodes["encoder:1/conv"].inputs == ("input_2",)
    assert nodes["encoder/conv"].inputs == ("input_1",)
    assert nodes["encoder/conv"].layer == nodes["encoder:1/conv"].layer == ("encoder", "conv")
    assert "encoder/deeper" not in nodes


def test_a_layer_called_twice_has_two_nodes():
    layers = with_layer(conv("first", "pad", 4) | {"inbound_nodes": [[["pad", 0, 0, {}]], [["norm", 0, 0, {}]]]})
    relu = layer("Activation", "relu", activation="relu") | {"inbound_nodes": [[["first", 1, 0, {}]]]}
    nodes = {node.name: node for node in cut([relu if entry["name"] == "relu" else entry for entry in layers]).nodes}
    assert nodes["relu"].inputs == ("first:1",)
    assert nodes["first:1"].inputs == ("norm",)
    assert nodes["norm"].inputs == ("first",)


def test_models_in_models_are_opened_all_the_way():
    inside = encoder([[["outer_input", 0, 0, {}]]])
    outside = model_layer(
        "outer", [image("outer_input", 3), inside], [], [[["input_1", 0, 0, {}]]], inputs=["outer_input"]
    )
    outside["config"]["output_layers"] = [["encoder", 1, 1]]
    body = {
        "layers": [image("input_1", 3), outside],
        "input_layers": [["input_1", 0, 0]],
        "output_layers": [["outer", 1, 0]],
    }
    topology = served_topology(screened_graph({"class_name": "Model", "config": body}, "m.hdf5"), "m.hdf5")
    assert [node.name for node in topology.nodes] == ["input_1", "outer/encoder/conv", "outer/encoder/deeper"]
    assert topology.nodes[-1].layer == ("outer", "encoder", "deeper")


def test_models_that_multiply_each_other_are_refused():
    def level(depth):
        name = f"level{depth}"
        inner = (
            [image(f"in{depth}", 3), conv("conv", f"in{depth}", 3)]
            if depth == 0
            else [image(f"in{depth}", 3), *level(depth - 1)]
        )
        calls = [[[f"in{depth + 1}", 0, 0, {}]]] + [[[name, i, 0, {}]] for i in range(40)]
        built = model_layer(name, inner, [], calls, inputs=[f"in{depth}"])
        built["config"]["output_layers"] = [["conv", 0, 0]] if depth == 0 else [[f"level{depth - 1}", 40, 0]]
        return [built]

    body = {
        "layers": [image("in3", 3), *level(2)],
        "input_layers": [["in3", 0, 0]],
        "output_layers": [["level2", 40, 0]],
    }
    with pytest.raises(ModelError, match="call each other so often that more than 20000 layers result"):
        served_topology(screened_graph({"class_name": "Model", "config": body}, "m.hdf5"), "m.hdf5")


@pytest.mark.parametrize(
    ("output", "served", "last"),
    [
        (0, "prediction", "prediction"),
        ("up", "up", "up"),
        ("1", "1", "relu"),
        (1, "up", "up"),
        ("up_1", "up_1", "up:1"),
    ],
)
def test_outputs_are_chosen_by_name_or_position(output, served, last):
    layers = [
        layer("Activation", "1", ("relu",), activation="linear") if e["name"] == "dropout" else e for e in tiny_layers()
    ]
    layers = [
        e | {"inbound_nodes": [[["pool", 0, 0, {}]], [["relu", 0, 0, {}]]]} if e["name"] == "up" else e for e in layers
    ]
    config = tiny_config(layers)
    config["config"]["output_layers"] = [["prediction", 0, 0], ["up", 0, 0], ["up", 1, 0], ["1", 0, 0]]
    topology = served_topology(screened_graph(config, "m.hdf5"), "m.hdf5", output)
    assert topology.served == served
    assert topology.output == ("1" if served == "1" else last)


def test_two_layers_that_could_be_mistaken_for_each_other_are_refused():
    layers = [
        image("input_1", 3),
        encoder([[["input_1", 0, 0, {}]]], name="a"),
        conv("a/conv", "input_1", 4),
        layer("Add", "add") | {"inbound_nodes": [[["a", 1, 0, {}], ["a/conv", 0, 0, {}]]]},
    ]
    body = {"layers": layers, "input_layers": [["input_1", 0, 0]], "output_layers": [["add", 0, 0]]}
    with pytest.raises(ModelError, match="two of its layers have the same name"):
        served_topology(screened_graph({"class_name": "Model", "config": body}, "m.hdf5"), "m.hdf5")
