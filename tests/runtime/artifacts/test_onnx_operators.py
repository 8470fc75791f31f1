"""Graphs that landslip never exports are not given to an engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from helpers.engines import SPEC
from helpers.graphs import small_network
from helpers.models import brightness_model
from helpers.rasters import scene_on_grid
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.onnx_operators import OPERATORS, check_graph, read_runnable
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import ModelError


def saved(path, model):
    onnx.save(model, path)
    return path


def changed(path, change):
    model = onnx.load(brightness_model(path))
    change(model)
    return saved(path, model)


def body(name="body"):
    """A graph within a graph: a constant that is true."""
    node = helper.make_node("Identity", ["on"], ["go"])
    gives = helper.make_tensor_value_info("go", TensorProto.BOOL, [])
    return helper.make_graph([node], name, [], [gives], [helper.make_tensor("on", TensorProto.BOOL, [], [True])])


def looped(model):
    count = helper.make_tensor("count", TensorProto.INT64, [], [1 << 62])
    model.graph.initializer.append(count)
    model.graph.node.append(helper.make_node("Loop", ["count", ""], ["end"], body=body()))


def conditional(model):
    model.graph.initializer.append(helper.make_tensor("c", TensorProto.BOOL, [], [True]))
    model.graph.node.append(helper.make_node("If", ["c"], ["end"], then_branch=body("a"), else_branch=body("b")))


def hidden_in_a_known_operator(model):
    model.graph.node[0].attribute.append(helper.make_attribute("body", body()))


def nested_functions(model):
    for depth in range(30):
        calls = [helper.make_node(f"f{depth - 1}", ["x"], [f"y{i}"], domain="here") for i in range(2)] if depth else []
        last = helper.make_node("Identity", ["y0" if depth else "x"], ["z"])
        function = helper.make_function("here", f"f{depth}", ["x"], ["z"], [*calls, last], model.opset_import)
        model.functions.append(function)


def tiled(model):
    model.graph.initializer.append(helper.make_tensor("often", TensorProto.INT64, [4], [1, 1, 1000, 1000]))
    model.graph.node.append(helper.make_node("Tile", ["confidence", "often"], ["bomb"]))


def foreign(model):
    model.graph.node.append(helper.make_node("Anything", ["confidence"], ["x"], domain="com.example"))


def elsewhere(tensor):
    tensor.ClearField("raw_data")
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "w.bin"


def external_weights(model):
    elsewhere(model.graph.initializer[-1])


def external_constant(model):
    values = numpy_helper.from_array(np.ones(4, np.float32), "w")
    elsewhere(values)
    model.graph.node.append(helper.make_node("Constant", [], ["w"], value=values))


def sparse(model):
    values = helper.make_tensor("values", TensorProto.FLOAT, [1], [1.0])
    places = helper.make_tensor("places", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [1 << 40]))


HOSTILE = {
    "a loop without an end": (looped, "'Loop'"),
    "a branch": (conditional, "'If'"),
    "a graph hidden in a known operator": (hidden_in_a_known_operator, "graph within its graph"),
    "functions that call each other": (nested_functions, "holds functions"),
    "a bomb": (tiled, "'Tile'"),
    "an operator of others": (foreign, "'Anything'"),
    "weights in another file": (external_weights, "weights in another file"),
    "a constant in another file": (external_constant, "weights in another file"),
    "sparse weights": (sparse, "sparse weights"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_no_engine_gets_it(tmp_path, name, engine):
    if engine == "openvino":
        pytest.importorskip("openvino")
    change, found = HOSTILE[name]
    path = changed(tmp_path / "m.onnx", change)
    with pytest.raises(ModelError, match=found) as caught:
        open_engine(path, EngineOptions(engine=engine))
    assert "m.onnx" in str(caught.value)
    assert read_onnx_file(path).spec == SPEC  # what it says of itself can be looked at


def test_the_command_line_says_it_and_ends(tmp_path, capsys):
    path = changed(tmp_path / "m.onnx", looped)
    assert run(["info", str(path)]) == 0
    files = scene_on_grid(tmp_path, 90, 90)
    roles = ("pre", "post", "hillshade", "slope")
    given = [text for role in roles for text in (f"--{role}", str(getattr(files, role)))]
    assert run(["map", "-m", str(path), *given, "-o", str(tmp_path / "out")]) == 3
    assert "'Loop'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_landslip_exports_is_let_through(tmp_path):
    assert read_runnable(DEMO_MODEL).spec == read_onnx_file(DEMO_MODEL).spec
    model = small_network()
    helper.set_model_props(model, {METADATA_KEY: SPEC.to_json(), PRECISION_KEY: "fp32"})
    check_graph(saved(tmp_path / "small.onnx", model))


def test_a_damaged_graph_is_said_to_be_that(tmp_path):
    path = brightness_model(tmp_path / "m.onnx")
    content = bytearray(path.read_bytes())
    place = content.index(b"ReduceMax")
    content[place - 1] = 0xFF  # the length of its name
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="damaged"):
        check_graph(path)


@pytest.mark.parametrize("name", ["Loop", "If", "Scan", "Tile", "Expand", "ConstantOfShape", "Range", "SequenceMap"])
def test_what_can_grow_without_bounds_is_not_on_the_list(name):
    assert name not in OPERATORS
    assert onnx.defs.has(name)


def test_the_list_holds_operators_of_onnx():
    assert all(onnx.defs.has(name) for name in OPERATORS)


def test_the_path_is_a_path():
    with pytest.raises(ModelError, match="is damaged or no ONNX model"):
        check_graph(Path(__file__).parent)
