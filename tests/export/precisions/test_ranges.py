from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from helpers.graphs import small_network
from helpers.models import batch_of
from landslip.export.precisions.graph_session import run_graph, single_tiles
from landslip.export.precisions.integer_layers import observed
from landslip.export.precisions.ranges import activation_ranges
from landslip.runtime.errors import ModelError

BATCH = batch_of(3, 64)


def test_ranges_are_those_of_the_activations_over_all_tiles():
    model = small_network()
    names = observed(model.graph)
    opened = small_network()
    opened.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = ort.InferenceSession(opened.SerializeToString(), providers=["CPUExecutionProvider"])
    for name, values in zip(names, session.run(names, BATCH), strict=True):
        low, high = activation_ranges(model, names, BATCH)[name]
        assert (low, high) == pytest.approx((values.min(), values.max()), abs=1e-5)


def test_what_goes_into_convolutions_and_comes_out_of_them_is_observed():
    graph = small_network().graph
    assert set(observed(graph)) == {
        "inputs", "stem/relu", "pool", "down/relu", "branch", "shortcut", "both", "join/relu", "prediction",
    }  # fmt: skip


def test_the_graph_itself_stays_as_it_is():
    model = small_network()
    content = model.SerializeToString()
    activation_ranges(model, observed(model.graph), BATCH)
    assert model.SerializeToString() == content


def test_activations_that_overflow_are_refused():
    model = small_network()
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == "stem/bias")
    tensor.CopyFrom(numpy_helper.from_array(np.full(8, np.inf, np.float32), tensor.name))
    with pytest.raises(ModelError, match="overflow on the calibration tiles"):
        activation_ranges(model, observed(model.graph), BATCH)


def test_tiles_are_run_one_by_one():
    model = small_network()
    given = [outputs[0] for outputs in run_graph(model, BATCH)]
    assert [values.shape for values in given] == [(1, 1, 64, 64)] * 3
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(np.concatenate(given), session.run(None, BATCH)[0], atol=1e-6)
    assert [len(tile["pre"]) for tile in single_tiles(BATCH)] == [1, 1, 1]


def test_a_graph_that_does_not_run_is_a_model_error():
    model = small_network()
    del model.graph.initializer[:]
    with pytest.raises(ModelError, match="The graph of small does not run"):
        list(run_graph(model, BATCH))
