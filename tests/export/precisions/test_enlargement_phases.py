"""Convolutions in phases: the same numbers from fewer multiplications."""

from __future__ import annotations

import math

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from landslip.export.precisions.enlargement_phases import FORMS, enlarged_inputs, in_phases, phase_kernels
from landslip.export.precisions.graph_session import run_graph
from landslip.models.demo.embedded import DEMO_MODEL

NEAREST = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}


def decoder(rng, skips, bands, filters, place, *, bias=True, pads=(1, 1, 1, 1), scales=(1, 1, 2, 2), **how):
    """A graph that enlarges ``x``, joins it with skips at a place, and convolves twice what it has."""
    kinds = NEAREST | how
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", bands, "h", "w"])]
    inputs += [
        helper.make_tensor_value_info(f"skip{at}", TensorProto.FLOAT, ["n", count, "H", "W"])
        for at, count in enumerate(skips)
    ]
    joined = [f"skip{at}" for at in range(len(skips))]
    joined.insert(place, "up")
    total = bands + sum(skips)
    given = {"scales": np.array(scales, np.float32)}
    nodes = [helper.make_node("Resize", ["x", "", "scales"], ["up"], name="up", **kinds)]
    if skips:
        nodes.append(helper.make_node("Concat", joined, ["all"], name="all", axis=1))
    for branch in ("a", "b"):
        given[f"w{branch}"] = rng.standard_normal((filters, total, 3, 3)).astype(np.float32)
        given[f"v{branch}"] = rng.standard_normal(filters).astype(np.float32)
        taken = ["all" if skips else "up", f"w{branch}", *([f"v{branch}"] if bias else [])]
        nodes.append(helper.make_node("Conv", taken, [branch], name=branch, pads=list(pads)))
    nodes.append(helper.make_node("Add", ["a", "b"], ["confidence"], name="sum"))
    output = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["n", filters, "p", "q"])
    graph = helper.make_graph(
        nodes, "decoder", inputs, [output], [numpy_helper.from_array(v, k) for k, v in given.items()]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def fed(rng, skips, bands, height, width):
    values = {"x": rng.standard_normal((2, bands, height, width)).astype(np.float32)}
    for at, count in enumerate(skips):
        values[f"skip{at}"] = rng.standard_normal((2, count, 2 * height, 2 * width)).astype(np.float32)
    return values


def ran(model, values):
    return np.concatenate([outputs[0] for outputs in run_graph(model, values)])


@settings(max_examples=30, deadline=None)
@given(
    skips=st.lists(st.integers(1, 4), max_size=3),
    bands=st.integers(1, 5),
    filters=st.integers(1, 6),
    place=st.integers(0, 3),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    bias=st.booleans(),
    form=st.sampled_from(FORMS),
    seed=st.integers(0, 99),
)
def test_phases_give_what_the_convolution_gives(skips, bands, filters, place, size, bias, form, seed):
    rng = np.random.default_rng(seed)
    model = decoder(rng, skips, bands, filters, min(place, len(skips)), bias=bias)
    values = fed(rng, skips, bands, *size)
    assert list(enlarged_inputs(model)) == ["a", "b"]
    changed = in_phases(model, form)
    assert "Resize" not in {node.op_type for node in changed.graph.node}
    np.testing.assert_allclose(ran(changed, values), ran(model, values), rtol=1e-4, atol=1e-4)


def test_kernels_are_sums_of_the_taps_that_see_a_pixel():
    weights = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    kernels = phase_kernels(weights)
    assert kernels.shape == (2, 2, 1, 1, 2, 2)
    assert kernels[0, 0, 0, 0].tolist() == [[0, 1 + 2], [3 + 6, 4 + 5 + 7 + 8]]
    assert kernels[1, 1, 0, 0].tolist() == [[0 + 1 + 3 + 4, 2 + 5], [6 + 7, 8]]
    assert np.allclose(kernels.sum(axis=(4, 5)), weights.sum())


@pytest.mark.parametrize("form", FORMS)
def test_only_what_is_asked_for_changes(form):
    rng = np.random.default_rng(3)
    model = decoder(rng, [2], 3, 4, 0)
    before = model.SerializeToString()
    changed = in_phases(model, form, ["b"])
    assert model.SerializeToString() == before
    kinds = [node.op_type for node in changed.graph.node]
    assert kinds.count("Resize") == 1  # which the other one still takes
    values = fed(rng, [2], 3, 4, 5)
    np.testing.assert_allclose(ran(changed, values), ran(model, values), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "how",
    [
        {"pads": (0, 0, 0, 0)},
        {"scales": (1, 1, 3, 3)},
        {"scales": (1, 1, 2, 4)},
        {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
        {"nearest_mode": "ceil"},
    ],
)
def test_what_is_no_such_convolution_stays_as_it_is(how):
    model = decoder(np.random.default_rng(0), [2], 3, 4, 1, **how)
    assert not enlarged_inputs(model)
    assert [node.op_type for node in in_phases(model, "transposed").graph.node] == [
        node.op_type for node in model.graph.node
    ]


@pytest.mark.parametrize("form", FORMS)
def test_the_demo_network_says_the_same_in_all_of_its_stages(form):
    model = onnx.load(str(DEMO_MODEL))
    found = enlarged_inputs(model)
    assert len(found) == 10  # two branches in each of five stages
    changed = in_phases(model, form)
    rng = np.random.default_rng(5)
    values = {
        entry.name: rng.integers(0, 255, (1, entry.type.tensor_type.shape.dim[1].dim_value, 64, 64)).astype(
            helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
        )
        for entry in model.graph.input
    }
    exact = ran(model, values)
    assert exact.std() > 0
    np.testing.assert_allclose(ran(changed, values), exact, atol=2e-5)
    assert _taps(changed, found) < 0.75 * _taps(model, found)


def _taps(model, found):
    """Multiplications per pixel of the enlarged image in the convolutions that are found, and what stands for them."""
    sizes = {each.name: list(each.dims) for each in model.graph.initializer}
    total = 0.0
    for node in model.graph.node:
        if node.op_type in ("Conv", "ConvTranspose") and any(node.name.startswith(name) for name in found):
            smaller = node.name.endswith(("/phases", "/enlarged"))
            total += math.prod(sizes[node.input[1]]) / (4 if smaller else 1)
    return total
