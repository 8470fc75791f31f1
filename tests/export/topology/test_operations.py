"""Calls of functions as the versions of Keras write them, and what is not known of them."""

from __future__ import annotations

import pytest

from helpers.keras_files import layer, tiny_config, tiny_layers
from landslip.export.layers.keras_classes import OPERATIONS_OF_KERAS
from landslip.export.layers.known_layers import REBUILT
from landslip.export.topology.inbound_nodes import Ref, all_refs
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.operations import FUNCTIONS, calls_of_function
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError

A, B = Ref("a", 0, 0), Ref("b", 1, 0)


def tensor(ref):
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 8, 8, 4], "dtype": "float32", "keras_history": list(ref)},
    }


def called(function, node, **settings):
    (call,) = calls_of_function(function, {"name": "n", "trainable": True, "dtype": "float32", **settings}, [node])
    return call.kind, call.options, call.inputs


def subtracted(**constants):
    return {"function": "subtract", **constants}


@pytest.mark.parametrize(
    ("node", "options", "inputs"),
    [
        (["a", 0, 0, {"y": ["b", 1, 0], "name": None}], {}, (A, B)),
        ([["a", 0, 0, {"y": ["b", 1, 0]}]], {}, (A, B)),  # with a list around it
        (["a", 0, 0, {"y": 2, "name": "mine"}], {"y": 2.0}, (A,)),
        (["_CONSTANT_VALUE", -1, 1.0, {"y": ["a", 0, 0], "name": None}], {"x": 1.0}, (A,)),
        (["_CONSTANT_VALUE", -1, [1.0, 2], {"y": ["a", 0, 0]}], {"x": [1.0, 2.0]}, (A,)),
        (["a", 0, 0, {"y": ["a", 0, 0]}], {}, (A, A)),
        ({"args": [tensor(A), tensor(B)], "kwargs": {}}, {}, (A, B)),
        ({"args": [tensor(A)], "kwargs": {"y": tensor(B)}}, {}, (A, B)),
        ({"args": [1, tensor(A)], "kwargs": {}}, {"x": 1.0}, (A,)),
        (
            {"args": [tensor(A), {"class_name": "__numpy__", "config": {"value": [[1.0]], "dtype": "float32"}}]},
            {"y": [[1.0]]},
            (A,),
        ),
        (
            {"args": [{"class_name": "__tensor__", "config": {"value": 3, "dtype": "int32"}}, tensor(A)]},
            {"x": 3.0},
            (A,),
        ),
    ],
)
def test_every_way_to_save_a_call_is_read(node, options, inputs):
    assert called("math.subtract", node) == ("Arithmetic", subtracted(**options), inputs)


def test_several_values_come_in_a_list():
    lists = [["a", 0, 0, {"axis": 3}], ["b", 1, 0, {"axis": 3}]]
    assert called("concat", lists) == ("Concatenate", {"axis": 3}, (A, B))
    node = {"args": [[tensor(A), tensor(B)]], "kwargs": {}}
    assert called("ops.Concatenate", node, axis=-1) == ("Concatenate", {}, (A, B))


def test_arguments_of_keras_3_stand_in_the_settings():
    node = {"args": [tensor(A)], "kwargs": {}}
    assert called("ops.LeakyRelu", node, negative_slope=0.1) == ("LeakyReLU", {"alpha": 0.1}, (A,))
    assert called("ops.Cast", node, dtype="float32") == ("Cast", {}, (A,))
    size = {"size": [4, 6], "interpolation": "nearest", "data_format": None, "fill_mode": "constant", "fill_value": 0.0}
    assert called("ops.Resize", node, **size)[1] == {"height": 4, "width": 6, "interpolation": "nearest"}


def test_what_a_call_leaves_out_is_the_default_of_the_function_and_not_of_the_layer():
    assert called("nn.leaky_relu", ["a", 0, 0, {}])[1] == {"alpha": 0.2}
    assert called("image.resize", ["a", 0, 0, {"size": [4, 6]}])[1]["interpolation"] == "bilinear"
    assert called("nn.softmax", ["a", 0, 0, {"axis": None}])[1] == {"axis": -1}


@pytest.mark.parametrize(
    ("function", "node", "message"),
    [
        ("math.add", ["a", 0, 0, {"y": ["b", 1, 0], "z": 1}], "the argument z=1"),
        ("math.add", ["a", 0, 0, {"x": 1, "y": 2}], "the argument x=1"),
        ("math.add", ["a", 0, 0, {}, {}], "it takes .*, which is no output of a layer"),
        ("math.add", "a", "it takes 'a', which is no output of a layer"),
        ("math.add", [["a", 0, 0, {"y": 1}], ["b", 1, 0, {"y": 2}]], "several lists of arguments"),
        ("math.add", ["a", 0, 0, "y"], "it is called with 'y'"),
        ("math.add", ["a", 0, 0, {"y": "b"}], "y 'b'"),
        ("math.add", ["a", 0, 0, {"y": float("nan")}], "y nan"),
        ("math.add", ["a", 0, 0, {"y": [[1.0], [1.0, 2.0]]}], "y "),
        ("math.add", ["a", 0, 0, {"y": [[[[[1.0]]]]]}], "y "),
        ("math.add", ["a", 0, 0, {"y": [[0.0] * 300] * 300}], r"y of \(300, 300\) numbers"),
        ("math.add", ["a", 0, 0, {"y": True}], "y True"),
        ("math.add", ["_CONSTANT_VALUE", -1, 1.0, {"y": 2.0}], "0 values that it is called on"),
        ("nn.relu", [["a", 0, 0, {}], ["b", 1, 0, {}]], "2 values that it is called on"),
        ("concat", [["a", 0, 0, {"axis": 3}]], "1 values that it is called on"),
        ("concat", [["a", 0, 0, {"axis": ["b", 1, 0]}], ["b", 1, 0, {"axis": ["b", 1, 0]}]], "another layer gives"),
        ("image.resize", ["a", 0, 0, {"size": ["b", 1, 0]}], "the argument size, which another layer gives"),
        ("image.resize", ["a", 0, 0, {"size": [4, 4], "preserve_aspect_ratio": True}], "preserve_aspect_ratio True"),
        ("nn.depth_to_space", ["a", 0, 0, {"block_size": 2, "data_format": "NCHW"}], "data_format 'NCHW'"),
        ("ops.Add", {"args": [1, 2, 3], "kwargs": {}}, "3 arguments where 2 belong"),
        ("ops.Relu", {"args": [tensor(A)], "kwargs": {"training": True}}, "the argument training=True"),
    ],
)
def test_what_is_not_known_is_refused_by_name(function, node, message):
    with pytest.raises(ValueError, match=message):
        called(function, node)


def sliced(key, shape=(8, 6, 4)):
    kind, options, _ = called("__operators__.getitem", ["a", 0, 0, {"slice_spec": key}])
    return REBUILT[kind].result(options, [shape])


def span(start=None, stop=None, step=None):
    return {"start": start, "stop": stop, "step": step}


REST = {"class_name": "__ellipsis__"}


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ([span(), span(1), span(None, None, 2), span(0, 2)], (7, 3, 2)),
        ([REST, 0], (8, 6)),
        ([REST, -1, None], (8, 6, 1)),
        ([span(), None], (1, 8, 6, 4)),
        ([span(), span(-3), span(None, -1), -1], (3, 5)),
        ([span(0, None, 1), 2, REST], (6, 4)),
        (REST, (8, 6, 4)),
        ([REST, span(None, None, -1)], (8, 6, 4)),
        (span(), (8, 6, 4)),
        ([{"class_name": "__slice__", "config": span()}, {"class_name": "__slice__", "config": span(2)}], (6, 6, 4)),
    ],
)
def test_shapes_of_slices_are_those_of_numpy(key, shape):
    assert sliced(key) == shape


def test_open_sizes_stay_open():
    assert sliced([REST, span(1), span(0, 2)], (None, None, 4)) == (None, None, 2)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (span(1), "a slice of the batch"),
        (0, "a slice of the batch"),
        (None, "a slice of the batch"),
        ([span(), span(8)], "a slice 8:None:None of 8, which is empty"),
        ([span(), 8], "the place 8 of 8"),
        ([span()] * 5, "a key of 5 axes for an input of 4"),
        ([span()] * 6, "key "),
        ([REST, REST], "key "),
        ([span(), span(step=0)], "a step of 0"),
        ([span(), span(5, 1, -1)], "a step of -1"),
        ([span(), span("a")], "key 'a'"),
        ([span(), {"start": 1}], "key "),
        ([span(), True], "key True"),
    ],
)
def test_slices_that_do_not_fit_are_refused(key, message):
    with pytest.raises(ValueError, match=message):
        sliced(key)


def test_layers_are_mentioned_among_arguments_too():
    inbound = [["a", 0, 0, {"y": ["b", 1, 0], "z": [1.0, {"w": ["c", 2, 0]}]}], {"args": [1, tensor(B)], "kwargs": {}}]
    assert sorted(all_refs(inbound)) == [A, B, B, Ref("c", 2, 0)]


@pytest.mark.parametrize("function", ["py_function", "io.write_file", "numpy_function", "ops.Add", "", 7, None])
@pytest.mark.parametrize("kind", ["TFOpLambda", "SlicingOpLambda"])
def test_no_other_function_is_called_whatever_a_file_names(kind, function):
    entry = layer(kind, "named", ("input_1",), function=function)
    layers = [*tiny_layers()[:-3], entry, *tiny_layers()[-3:]]
    layers[-3]["inbound_nodes"] = [[["named", 0, 0, {}]]]
    with pytest.raises(ModelError, match=r"layer 'named' calls .*, a function that landslip does not support"):
        served_topology(screened_graph(tiny_config(layers), "m.h5"), "m.h5")


def operation_of_keras_3(kind, **config):
    """As HDF5 files have it: without a module, and without what every layer says."""
    nodes = [{"args": [tensor(Ref("input_1", 0, 0))], "kwargs": {}}]
    return {"class_name": kind, "name": "op", "config": {"name": "op", **config}, "inbound_nodes": nodes}


@pytest.mark.parametrize("kind", ["Relu", "Softmax", "ReLU"])
@pytest.mark.parametrize("module", [{}, {"module": "keras.src.ops.nn", "registered_name": "Relu"}])
def test_operations_of_keras_3_are_told_from_layers(kind, module):
    entry = operation_of_keras_3(kind) | module
    graph = screened_graph(tiny_config([*tiny_layers(), entry]), "m.h5")
    assert graph.layers["op"].function == f"ops.{kind}"
    entry["config"] |= {"trainable": True}
    del entry["inbound_nodes"][:]
    if not module and kind in REBUILT:
        assert screened_graph(tiny_config([*tiny_layers(), entry]), "m.h5").layers["op"].function is None


@pytest.mark.parametrize("kind", ["Power", "Einsum", "Where"])
def test_an_operation_of_keras_3_that_is_not_supported_is_no_threat(kind):
    saved = screened_graph(tiny_config([*tiny_layers(), operation_of_keras_3(kind)]), "m.h5").layers["op"]
    assert f"layer 'op' calls 'ops.{kind}', a function that landslip does not support" in saved.objection


@pytest.mark.parametrize("kind", ["VectorizedMap", "Payload"])
def test_what_takes_functions_or_is_not_known_is_a_threat(kind):
    saved = screened_graph(tiny_config([*tiny_layers(), operation_of_keras_3(kind)]), "m.h5").layers["op"]
    assert "can carry code of its own" in saved.objection


def test_every_function_becomes_something_that_can_be_rebuilt():
    assert {operation.kind for operation in FUNCTIONS.values()} <= REBUILT.keys()
    of_keras_3 = {name.removeprefix("ops.") for name in FUNCTIONS if name.startswith("ops.")}
    assert of_keras_3 <= OPERATIONS_OF_KERAS
