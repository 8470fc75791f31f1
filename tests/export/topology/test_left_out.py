from __future__ import annotations

from helpers.keras_files import conv, image, layer, model_layer, tiny_config, tiny_layers
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.left_out import LeftOut
from landslip.export.topology.topology import served_topology


def left_out(*extra):
    return served_topology(screened_graph(tiny_config([*tiny_layers(), *extra]), "m.h5"), "m.h5").left_out


def test_heads_are_counted_and_named_and_what_does_nothing_is_not():
    head = "tf_op_layer_out_2/ResizeBilinear"
    assert left_out() == LeftOut(layers=2, outputs=(head,))  # the dropout on the way is none of them
    assert list(left_out().sentences()) == [
        f"2 layers that do not feed the served output are left out, with the output {head}"
    ]


def test_inputs_that_are_not_needed_are_named():
    config = tiny_config([*tiny_layers(), conv("small", "input_3", 1)])
    config["config"]["output_layers"] = [["small", 0, 0], ["prediction", 0, 0]]
    found = served_topology(screened_graph(config, "m.h5"), "m.h5").left_out
    assert (found.outputs, found.inputs) == (("prediction",), ("input_1", "input_2"))
    assert next(LeftOut(1, ("a", "b"), ("c",)).sentences()) == (
        "1 layer that does not feed the served output is left out, with the outputs a, b and the input c"
    )
    assert next(found.sentences()).endswith("with the output prediction and the inputs input_1, input_2")


def test_layers_inside_models_are_told_apart():
    hidden = layer("Lambda", "payload", ("in",), function=["4wAAAA==", None, None])
    inner = model_layer("inner", [image("in", 4), hidden], ["payload"], [[["mid", 0, 0, {}]]], inputs=["in"])
    outer = model_layer("outer", [image("mid", 4), inner], ["inner"], [[["add", 0, 0, {}]]], inputs=["mid"])
    found = left_out(outer)
    assert found.layers == 5
    assert found.refused == ("outer/inner/payload (Lambda)",)
    assert found.code
    assert list(found.sentences())[-1].endswith("unless you know who made it.")


def test_a_model_that_cannot_be_read_is_left_out_whole():
    found = left_out(model_layer("broken", [], ["nothing"], [[["add", 0, 0, {}]]]))
    assert found.refused == ("broken (Model)",)
    assert not found.code
    assert list(found.sentences())[-1].endswith("is what landslip would refuse: broken (Model)")


def test_where_all_is_served_there_is_nothing_to_say():
    body = {
        "layers": [image("in", 3), conv("out", "in", 1)],
        "input_layers": [["in", 0, 0]],
        "output_layers": [["out", 0, 0]],
    }
    found = served_topology(screened_graph({"class_name": "Model", "config": body}, "m.h5"), "m.h5").left_out
    assert found == LeftOut()
    assert not list(found.sentences())


def test_long_lists_are_cut():
    found = left_out(*(layer("Custom>" + "x" * 200, f"own{number}", ("add",)) for number in range(9)))
    assert len(found.refused) == 9
    last = list(found.sentences())[-1]
    assert " and 4 more. That can carry code." in last
    assert len(last) < 500
