from __future__ import annotations

import pytest

from helpers.keras_files import conv, image, layer, model_layer, tiny_config
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.weight_groups import weight_groups
from landslip.runtime.errors import ModelError


def groups(layers, version="3.12.0"):
    body = {"layers": layers, "input_layers": [["input_1", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    graph = screened_graph({"class_name": "Functional", "config": body}, "m.keras")
    return {"/".join(path): group for path, group in weight_groups(graph, version, "m.keras").items()}


def inner(name, *layers, **entry):
    made = model_layer(
        name, [image("inner_input", 3), *layers], [layers[-1]["name"]], [[["input_1", 0, 0, {}]]], kind="Functional"
    )
    return {**made, **entry}


def test_layers_of_a_class_are_numbered():
    config = tiny_config()
    found = weight_groups(screened_graph(config, "m"), "3.0.5", "m")
    assert {path[-1]: group for path, group in found.items() if "conv" in group or "norm" in group} == {
        "first": "layers/conv2d",
        "norm": "layers/batch_normalization",
        "prediction": "layers/conv2d_1",
        "conv_out_2": "layers/conv2d_2",
    }


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("PReLU", "layers/p_re_lu"),
        ("Conv2DTranspose", "layers/conv2d_transpose"),
        ("SeparableConv2D", "layers/separable_conv2d"),
        ("LeakyReLU", "layers/leaky_re_lu"),
        ("ELU", "layers/elu"),
        ("SyncBatchNormalization", "layers/sync_batch_normalization"),
    ],
)
def test_class_names_become_small_letters(kind, group):
    assert groups([image("input_1", 3), layer(kind, "x", ("input_1",))])["x"] == group


def test_layers_of_models_lie_below_them_and_are_counted_anew():
    found = groups([image("input_1", 3), inner("m", conv("a", "inner_input", 3)), conv("b", "m", 3)])
    assert found["m/a"] == "layers/functional/layers/conv2d"
    assert found["b"] == "layers/conv2d"
    assert "m" not in found


def test_operations_of_keras_3_are_no_layers():
    add = {"class_name": "Add", "name": "plus", "module": "keras.src.ops.numpy", "config": {"name": "plus"}}
    add["inbound_nodes"] = [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["a", 0, 0]}}]}]
    found = groups([image("input_1", 3), conv("a", "input_1", 3), add, layer("Add", "sum", ("a", "plus"))])
    assert found["sum"] == "layers/add"
    assert "plus" not in found


@pytest.mark.parametrize(
    ("version", "last"), [("3.12.0", "layers/conv2d_1"), ("2.15.0", "layers/conv2d"), ("2.13.1", "layers/conv2d_2")]
)
def test_a_layer_that_was_met_before_keeps_its_group(version, last):
    shared = conv("shared", "inner_input", 3)
    again = {**conv("shared", "m", 3), "shared_object_id": 7}
    found = groups([image("input_1", 3), inner("m", shared), again, conv("b", "shared", 3)], version)
    assert found["shared"] == found["m/shared"] == "layers/functional/layers/conv2d"
    assert found["b"] == last


def test_a_model_that_was_met_before_keeps_its_groups():
    again = inner("m", conv("a", "inner_input", 3), shared_object_id=7)
    other = inner("n", again | {"inbound_nodes": [[["inner_input", 0, 0, {}]]]})
    found = groups([image("input_1", 3), inner("m", conv("a", "inner_input", 3)), other])
    assert found["n/m/a"] == found["m/a"] == "layers/functional/layers/conv2d"


def test_a_shared_layer_that_could_be_two_others_is_refused():
    layers = [inner(name, conv("shared", "inner_input", 3)) for name in ("m", "n")]
    again = {**conv("shared", "m", 3), "shared_object_id": 7}
    with pytest.raises(ModelError, match="layer 'shared' is shared with one of several layers of that name"):
        groups([image("input_1", 3), *layers, again])


def test_models_that_hold_each_other_again_take_bounded_memory():
    """Twenty models, each of which holds all before it: a million layers."""
    layers = [image("input_1", 3), inner("m0", conv("a", "inner_input", 3))]
    for number in range(1, 20):
        held = [inner(f"m{each}", conv("a", "inner_input", 3), shared_object_id=each) for each in range(number)]
        layers.append(inner(f"m{number}", *held))
    with pytest.raises(ModelError, match="hold each other so often that 20000 layers do not suffice"):
        groups(layers)
