"""Sums of two products, as CPUs without VNNI add them up in 16 bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from onnx import TensorProto, helper, numpy_helper

from helpers.byte_graphs import network
from helpers.graphs import constants_of, small_network
from helpers.models import batch_of
from landslip.export.precisions import int8
from landslip.export.precisions.int8 import Quantiser
from landslip.export.precisions.integer_graphs import integer_graph
from landslip.export.precisions.integer_layers import convolutions, observed
from landslip.export.precisions.integer_scales import diffused, filter_scales
from landslip.export.precisions.quantise import EVERYTHING, FULL, REDUCED, SCHEMES, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.export.precisions.raw_images import stored_bytes
from landslip.export.precisions.sixteen_bits import overflowing, pair_sums

BATCH = {"image": np.random.default_rng(7).integers(0, 256, (2, 3, 32, 48)).astype(np.uint8)}
EIGHT_BITS = {target: replace(scheme, largest=FULL) for target, scheme in EVERYTHING.items()}


def without_vnni(activations, weights):
    """Sums of products of unsigned and signed bytes, (..., n) and (n,), as ``vpmaddubsw`` makes them.

    It adds up two neighbouring products and cuts the sum off at the ends of 16 bits; those sums are added up in 32.
    """
    products = activations.astype(np.int64) * weights.astype(np.int64)
    products = np.pad(products, [(0, 0)] * (products.ndim - 1) + [(0, products.shape[-1] % 2)])
    pairs = products.reshape(*products.shape[:-1], -1, 2).sum(axis=-1)
    held = np.iinfo(np.int16)
    return np.clip(pairs, held.min, held.max).sum(axis=-1)


def exact_sums(activations, weights):
    return activations.astype(np.int64) @ weights.astype(np.int64)


def worst_sums_are_exact(weights):
    """Whether the largest activations at the largest weights, and at the smallest, still give the right sums."""
    ordered = np.sort(np.asarray(weights, np.int8))
    cases = ((ordered[::-1], ordered[::-1] > 0), (ordered, ordered < 0))
    return all(
        without_vnni(np.where(seen, 255, 0).astype(np.uint8), order) == exact_sums(np.where(seen, 255, 0), order)
        for order, seen in cases
    )


def graph_of(kind, takes, weights, **attributes):
    """A graph of one layer that takes 8-bit weights, as it is or behind DequantizeLinear."""
    scale, zero = numpy_helper.from_array(np.float32(0.1), "scale"), numpy_helper.from_array(np.uint8(7), "zero")
    tensors = [scale, zero, numpy_helper.from_array(np.zeros((), np.int8), "none")]
    tensors.append(numpy_helper.from_array(np.asarray(weights, np.int8), "weights"))
    nodes = [
        helper.make_node("DequantizeLinear", ["image", "scale", "zero"], ["real image"], name="images"),
        helper.make_node("DequantizeLinear", ["weights", "scale", "none"], ["real weights"], name="filters"),
        helper.make_node(kind, takes, ["result"], name="layer", **attributes),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, None)
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, None)
    return helper.make_graph(nodes, "one layer", [image], [result], tensors)


def made(scheme, model=None):
    """A network of bytes in integers."""
    prepared = integer_graph(model or network(), scheme.target)
    ranges = activation_ranges(prepared, observed(prepared.graph, scheme.kinds, scheme.between), BATCH)
    return quantised(prepared, ranges, scheme)


REAL, QUANTISED = ["real image", "real weights"], ["image", "scale", "zero", "weights", "scale", "none"]
LAYERS = [
    ("Conv", REAL, (2, 3, 1, 1), 0, {}),
    ("ConvTranspose", REAL, (3, 2, 1, 1), 1, {}),
    ("ConvInteger", ["image", "weights"], (2, 3, 1, 1), 0, {}),
    ("QLinearConv", [*QUANTISED, "scale", "zero"], (2, 3, 1, 1), 0, {}),
    ("MatMul", REAL, (3, 2), 1, {}),
    ("MatMulInteger", ["image", "weights"], (3, 2), 1, {}),
    ("QLinearMatMul", [*QUANTISED, "scale", "zero"], (3, 2), 1, {}),
    ("Gemm", REAL, (3, 2), 1, {}),
    ("Gemm", REAL, (2, 3), 0, {"transB": 1}),
]


@pytest.mark.parametrize(("kind", "takes", "shape", "axis", "said"), LAYERS)
@pytest.mark.parametrize(
    ("filters", "sums"),
    [
        ([[64, 64, -64], [-64, -64, 0]], (-128, 128)),  # as much as 16 bits hold
        ([[127, -127, 0], [1, -1, 1]], (-127, 127)),  # one large weight of either sign, and nothing beside it
        ([[65, 0, 64], [0, 0, 0]], (0, 129)),
        ([[0, 0, 0], [-65, 1, -64]], (-129, 1)),
        ([[65, 0, 0], [65, 0, 0]], (0, 65)),  # two filters are never added up
    ],
)
def test_the_largest_weights_of_a_filter_decide(kind, takes, shape, axis, said, filters, sums):
    weights = np.moveaxis(np.reshape(filters, (2, *(size for at, size in enumerate(shape) if at != axis))), 0, axis)
    (found,) = pair_sums(graph_of(kind, takes, weights, **said))
    assert (found.layer, found.least, found.greatest) == ("layer", *sums)
    assert found.fits == (sums[0] >= -128 and sums[1] <= 128) == all(map(worst_sums_are_exact, filters))


@given(st.lists(st.integers(-128, 127), min_size=1, max_size=12))
def test_what_fits_is_added_up_exactly_whatever_is_seen_and_in_any_order(weights):
    graph = graph_of("Conv", REAL, np.reshape(weights, (1, -1, 1, 1)))
    assert (not overflowing(graph)) == worst_sums_are_exact(weights)


@pytest.mark.parametrize("scheme", EVERYTHING.values(), ids=lambda scheme: scheme.target)
def test_everything_in_integers_fits(scheme):
    model = made(scheme)
    names = [node.name for node in model.graph.node if node.op_type in scheme.kinds]
    assert [each.layer for each in pair_sums(model.graph)] == names
    assert not overflowing(model.graph)
    stored = [values for name, values in constants_of(model).items() if name.endswith("/on_grid")]
    assert len(stored) == len(names)
    assert all(worst_sums_are_exact(values.ravel()) for values in stored)


@pytest.mark.parametrize("scheme", [*EIGHT_BITS.values(), *SCHEMES.values()], ids=lambda each: each.name + each.target)
def test_8_bits_are_caught_and_layers_of_bytes_have_7(scheme):
    model = made(scheme)
    names = [node.name for node in model.graph.node if node.op_type in scheme.kinds]
    of_bytes = [] if scheme.target == "tensorrt" else ["first"]
    assert [each.layer for each in pair_sums(model.graph)] == names
    assert overflowing(model.graph) == [name for name in names if name not in of_bytes]


def test_float_layers_are_not_meant():
    assert pair_sums(network().graph) == []


def test_nothing_is_proven_of_weights_that_are_computed():
    graph = graph_of("ConvInteger", ["image", "computed"], np.zeros((1, 1, 1, 1)))
    graph.node.insert(0, helper.make_node("Identity", ["weights"], ["computed"], name="computed"))
    assert overflowing(graph) == ["layer"]


@pytest.mark.parametrize("largest", [FULL, REDUCED])
def test_a_bright_image_beside_the_band_of_its_offsets(largest):
    """Up to its border, where the zero point of bytes is: 0, in all bands."""
    raw = integer_graph(network(), "onnx")
    first = next(node for node in convolutions(raw.graph) if node.name == "first")
    assert first.input[0] in stored_bytes(raw.graph)
    weights = constants_of(raw)[first.input[1]]
    integers = diffused(weights, filter_scales(weights, largest), largest)
    image = np.random.default_rng(1).integers(200, 256, (4, 12, 12), dtype=np.uint8)
    image[3] = 255
    padded = np.pad(image, ((0, 0), (2, 2), (2, 2)))
    # Bands of a pixel are neighbours, as in the layout that engines compute in.
    windows = sliding_window_view(padded, (5, 5), axis=(1, 2)).transpose(1, 2, 3, 4, 0).reshape(144, -1)
    filters = integers.transpose(0, 2, 3, 1).reshape(8, -1)
    given, right = ([sums(windows, each) for each in filters] for sums in (without_vnni, exact_sums))
    assert np.array_equal(given, right) == (largest == REDUCED)


def test_zeros_around_an_image_of_bytes_are_its_zero_point():
    for scheme in EVERYTHING.values():
        model = made(scheme)
        bytes_of = stored_bytes(integer_graph(network(), scheme.target).graph)
        constants = constants_of(model)
        points = [constants[f"{name}/zero_point"] for name in bytes_of]
        assert [(int(point), point.dtype) for point in points] == [(0, np.uint8)]


@pytest.mark.parametrize("target", EVERYTHING)
def test_what_may_overflow_is_no_candidate_for_every_cpu(target, monkeypatch, caplog):
    monkeypatch.setattr(int8, "EVERYTHING", EIGHT_BITS)
    quantiser = Quantiser(small_network(), batch_of(2, 64), target)
    graphs = list(quantiser.graphs())
    assert {each.scheme.name for each in graphs} == {"convolutions"}
    assert quantiser.facts(graphs[0])["fits_without_vnni"] is False
    assert "everything in integers is left out: down," in caplog.text


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("target", EVERYTHING)
def test_candidates_say_whether_they_fit(target, reduced):
    quantiser = Quantiser(small_network(), batch_of(2, 64), target, reduced_range=reduced)
    said = [(each.scheme.name, quantiser.facts(each)) for each in quantiser.graphs()]
    fits, bits = ([(name, facts[key]) for name, facts in said] for key in ("fits_without_vnni", "weight_bits"))
    assert all(fit for name, fit in fits if reduced or name == "everything")
    assert all(bit == (7 if reduced or name == "everything" else 8) for name, bit in bits)
    assert next(fit for name, fit in fits if name == "convolutions") == reduced
