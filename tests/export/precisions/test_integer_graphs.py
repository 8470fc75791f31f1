"""Graphs that INT8 is made of: first layers of bytes, poolings that pad themselves, phases."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from helpers.byte_graphs import network
from helpers.graphs import constants_of, nodes_of
from landslip.export.precisions.graph_session import run_graph
from landslip.export.precisions.integer_graphs import integer_graph
from landslip.export.precisions.integer_layers import firsts, observed
from landslip.export.precisions.pooling import with_padded_pooling
from landslip.export.precisions.quantise import EVERYTHING, FULL, REDUCED, SCHEMES, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.export.precisions.raw_images import with_raw_images

BATCH = {"image": np.random.default_rng(7).integers(0, 256, (3, 3, 32, 48)).astype(np.uint8)}


def confidence(model, batch=BATCH):
    return np.concatenate([outputs[0] for outputs in run_graph(model, batch)])


def test_a_first_layer_of_bytes_gives_the_same_confidence_up_to_the_border():
    model = network()
    raw = with_raw_images(model)
    np.testing.assert_allclose(confidence(raw), confidence(model), atol=1e-5)
    assert (firsts(model.graph), firsts(raw.graph)) == ({"first"}, frozenset())
    assert not nodes_of(raw, "Mul")
    first = next(node for node in raw.graph.node if node.name == "first")
    assert constants_of(raw)[first.input[1]].shape == (8, 4, 5, 5)


def test_an_image_of_floats_stays_as_it_is():
    model = network()
    cast = nodes_of(model, "Cast")[0]
    cast.op_type = "Identity"
    del cast.attribute[:]
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT
    raw = with_raw_images(model)
    assert [node.op_type for node in raw.graph.node] == [node.op_type for node in model.graph.node]


def test_a_pooling_pads_itself_where_nothing_is_below_zero():
    model = network()
    changed = with_padded_pooling(model)
    assert not nodes_of(changed, "Pad")
    np.testing.assert_array_equal(confidence(changed), confidence(model))


@pytest.mark.parametrize("other", [{"pad_value": 0.5}, {"rectified": False}])
def test_a_pooling_that_would_give_other_numbers_is_left_alone(other):
    assert nodes_of(with_padded_pooling(network(**other)), "Pad")


def test_tensorrt_is_given_the_graph_as_it_is():
    model = network()
    assert integer_graph(model, "tensorrt") is model


@pytest.mark.parametrize("largest", [FULL, REDUCED])
@pytest.mark.parametrize("scheme", [SCHEMES["onnx"], EVERYTHING["onnx"]], ids=lambda scheme: scheme.name)
def test_onnxruntime_says_the_same_in_integers(scheme, largest):
    model = network()
    assert error_of(model, scheme, largest, confidence) < (0.006 if largest == FULL else 0.012)


@pytest.mark.parametrize("largest", [FULL, REDUCED])
@pytest.mark.parametrize("scheme", [SCHEMES["openvino"], EVERYTHING["openvino"]], ids=lambda scheme: scheme.name)
def test_openvino_says_the_same_in_integers(scheme, largest):
    """Also what is enlarged by transposed convolutions, and signed sums of them."""
    pytest.importorskip(
        "openvino_telemetry", reason="openvino is not installed"
    )  # not openvino itself: see without_telemetry.py
    core = importlib.import_module("landslip.runtime.engines.openvino_core").openvino_core()

    def run(model):
        graph = core.read_model(model.SerializeToString())
        return core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(BATCH)["confidence"]

    model = network()
    assert nodes_of(integer_graph(model, "openvino"), "ConvTranspose")
    assert error_of(model, scheme, largest, run) < (0.006 if largest == FULL else 0.012)


@pytest.mark.parametrize("scheme", EVERYTHING.values(), ids=lambda scheme: scheme.target)
def test_a_bias_makes_up_for_what_rounding_takes_from_weights_of_bytes(scheme):
    """On an image of middling bytes the first layer gives what it gives in float, but for a step of its bias."""
    raw = integer_graph(network(), scheme.target)
    ranges = activation_ranges(raw, observed(raw.graph, scheme.kinds, scheme.between), BATCH)
    exact, stored = constants_of(raw), constants_of(quantised(raw, ranges, scheme))
    steps = stored["first/filter_scales"].astype(np.float64)
    bias = stored["first/integer_bias"] * steps if scheme.biases else stored["first/balanced_bias"]

    def given(weights, added):
        return weights.astype(np.float64).sum(axis=(2, 3)) @ [127.5, 127.5, 127.5, 255] + added

    wanted = given(exact["first/of_bytes"], exact["first/bias"])
    on_grid = stored["first/on_grid"] * steps[:, None, None, None]
    assert (np.abs(given(on_grid, bias) - wanted) < 0.51 * steps).all()
    assert (np.abs(given(on_grid, exact["first/bias"]) - wanted) > 10 * steps).any()


def error_of(model, scheme, largest, run):
    """Mean difference between a network in integers and in float."""
    prepared = integer_graph(model, scheme.target)
    ranges = activation_ranges(prepared, observed(prepared.graph, scheme.kinds, scheme.between), BATCH)
    made = quantised(prepared, ranges, replace(scheme, largest=largest))
    onnx.checker.check_model(made, full_check=True)
    exact = confidence(model)
    assert np.ptp(exact) > 0.3
    return np.abs(run(made) - exact).mean()
