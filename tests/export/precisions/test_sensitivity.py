from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.graphs import confidence, small_network
from helpers.models import batch_of
from landslip.export.precisions import int8
from landslip.export.precisions.int8 import Quantiser
from landslip.export.precisions.integer_layers import firsts, lasts, observed
from landslip.export.precisions.quantise import SCHEMES, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.export.precisions.sensitivity import (
    SensitiveLayer,
    keepings,
    measured_layers,
    undecided_squares,
    work_shares,
)
from landslip.runtime.errors import ModelError

BATCH = batch_of(2, 64)
INNER = ["down", "branch", "shortcut", "join"]

layer_lists = st.lists(
    st.builds(SensitiveLayer, st.uuids().map(str), st.floats(0, 1e-3), st.floats(1e-4, 0.3)), min_size=1, max_size=30
)


def test_work_is_counted_as_multiplications():
    shares = work_shares(small_network(), 64)
    # Filters times bands times taps times pixels; stem, join and prediction at full size, the others at half.
    work = {"stem": 8 * 8 * 9, "join": 8 * 16 * 9, "prediction": 8, **dict.fromkeys(INNER[:3], 8 * 8 * 9 / 4)}
    assert shares == pytest.approx({name: each / sum(work.values()) for name, each in work.items()})


def test_a_layer_that_suffers_is_found():
    """A filter far larger than the input's grid can follow makes its layer coarse; the others are fine."""
    model = small_network()
    ranges = activation_ranges(model, observed(model.graph), BATCH)
    ranges["both"] = (-1000.0, 1000.0)  # steps of 8 for activations of about 1
    quantise = partial(_quantised, model, ranges)
    layers = {layer.name: layer for layer in measured_layers(model, quantise, INNER, BATCH)}
    assert max(layers.values(), key=lambda layer: layer.error).name == "join"
    assert layers["join"].error > 20 * layers["branch"].error > 0


def _quantised(model, ranges, kept):
    return quantised(model, ranges, SCHEMES["openvino"], firsts(model.graph) | lasts(model.graph) | set(kept))


def test_the_undecided_parts_of_tiles_are_found():
    batch = batch_of(2, 64)
    for name in batch:
        batch[name][0, :, :32] = 0  # nothing to see in its upper half
    squares = undecided_squares(small_network(), batch, 32)
    exact = confidence(small_network(), batch)
    for index in range(2):
        at = {
            (row, col): (exact * (1 - exact))[index, 0, row : row + 32, col : col + 32].sum()
            for row in (0, 16, 32)
            for col in (0, 16, 32)
        }
        row, col = max(at, key=at.get)
        for name, values in batch.items():
            np.testing.assert_array_equal(squares[name][index], values[index, :, row : row + 32, col : col + 32])


@given(layer_lists)
def test_choices_grow_and_leave_less_and_less(layers):
    by_name = {layer.name: layer for layer in layers}
    left = [sum(layer.error for layer in layers)]
    seen = []
    for keeping in keepings(layers):
        assert keeping.layers[: len(seen)] == tuple(seen)
        assert len(keeping.layers) > len(seen)
        assert keeping.work == pytest.approx(sum(by_name[name].work for name in keeping.layers))
        seen = list(keeping.layers)
        left.append(sum(layer.error for layer in layers if layer.name not in seen))
    assert seen
    assert left[-1] <= 0.01 * left[0] + 1e-12
    assert all(after <= 0.8 * before + 1e-12 or after == left[-1] for before, after in pairwise(left))


def test_what_takes_away_most_for_the_least_work_comes_first():
    layers = [
        SensitiveLayer("dear", 1e-4, 0.2),
        SensitiveLayer("cheap", 5e-5, 0.001),
        SensitiveLayer("useless", 1e-9, 0.1),
    ]
    assert next(keepings(layers)).layers == ("cheap",)
    assert [*keepings(layers)][-1].layers == ("cheap", "dear")


def test_graphs_come_closer_with_every_layer_kept():
    model = small_network()
    exact = confidence(model, BATCH)
    quantiser = Quantiser(model, BATCH, "onnx")
    found = [(made, np.abs(confidence(made.graph, BATCH) - exact).mean()) for made in quantiser.graphs()]
    assert [(made.scheme.name, made.kept.layers) for made, _ in found[:2]] == [("everything", ()), ("convolutions", ())]
    assert found[-1][1] < found[1][1] / 3
    facts = quantiser.facts(found[2][0])
    assert facts["quantised"] + len(facts["in_float"]["sensitive"]) == len(INNER)
    assert facts["in_float"]["ends"] == ["prediction", "stem"]
    assert (facts["calibration_tiles"], facts["weight_bits"], facts["placing"]) == (2, 8, "convolutions")


def test_what_is_fastest_comes_first_and_everything_is_tried_once_more_without_what_costs_little(monkeypatch):
    monkeypatch.setattr(int8, "_SPARE_AMONG_INTEGERS", 0.5)
    found = [(made.scheme.name, made.kept.layers) for made in Quantiser(small_network(), BATCH, "openvino").graphs()]
    assert [name for name, _ in found[:3]] == ["everything", "everything", "convolutions"]
    assert [bool(kept) for _, kept in found[:3]] == [False, True, False]
    assert all(name == "convolutions" and kept for name, kept in found[3:])


def test_tensorrt_gets_convolutions_alone():
    assert {made.scheme.name for made in Quantiser(small_network(), BATCH, "tensorrt").graphs()} == {"convolutions"}


def test_reduced_weights_are_recorded():
    quantiser = Quantiser(small_network(), BATCH, "onnx", reduced_range=True)
    assert quantiser.facts(next(quantiser.graphs()))["weight_bits"] == 7


def test_a_network_with_nothing_to_quantise_is_refused():
    model = small_network()
    for node in [node for node in model.graph.node if node.name in INNER]:
        node.op_type = "ConvInteger"
    with pytest.raises(ModelError, match="has no convolution that could be quantised"):
        Quantiser(model, BATCH, "tensorrt")
