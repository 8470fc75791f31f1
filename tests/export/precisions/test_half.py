from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from helpers.graphs import CONVOLUTIONS, confidence, constants_of, nodes_of, small_network
from helpers.models import batch_of
from landslip.export.precisions.half import half, rounding
from landslip.export.precisions.surgery import element_types
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY
from landslip.runtime.errors import ModelError

BATCH = batch_of(2, 64)


def with_weights(model, name, values):
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(np.asarray(values, np.float32), name))
    return model


def last_nodes(model, count):
    return [node.op_type for node in model.graph.node][-count:]


def test_inputs_and_output_keep_their_types():
    before, after = small_network(), half(small_network())
    assert [*after.graph.input] == [*before.graph.input]
    assert [*after.graph.output] == [*before.graph.output]
    metadata = {entry.key: entry.value for entry in after.metadata_props}
    assert metadata[PRECISION_KEY] == "fp16"
    assert metadata[METADATA_KEY] == {entry.key: entry.value for entry in before.metadata_props}[METADATA_KEY]


def test_every_convolution_computes_in_half_precision():
    model = half(small_network())
    types = element_types(model)
    for node in nodes_of(model, "Conv"):
        assert {types[value] for value in [*node.input, *node.output]} == {TensorProto.FLOAT16}, node.name
    assert len(nodes_of(model, "Conv")) == len(CONVOLUTIONS)


def test_there_is_one_cast_behind_the_normalisation_one_before_the_sigmoid_and_none_between():
    before, model = small_network(), half(small_network())
    added = {node.name for node in nodes_of(model, "Cast")} - {node.name for node in nodes_of(before, "Cast")}
    assert added == {"inputs/fp16/cast", "prediction/fp32/cast"}
    assert last_nodes(model, 3) == ["Conv", "Cast", "Sigmoid"]
    assert element_types(model)["confidence"] == TensorProto.FLOAT


def test_scales_of_resize_stay_single():
    model = half(small_network())
    (resize,) = nodes_of(model, "Resize")
    types = element_types(model)
    assert types[resize.input[2]] == TensorProto.FLOAT
    assert types[resize.input[0]] == types[resize.output[0]] == TensorProto.FLOAT16


def test_nodes_are_sorted_and_the_full_check_passes():
    model = half(small_network())
    onnx.checker.check_model(model, full_check=True)
    known = {value.name for value in model.graph.input} | set(constants_of(model)) | {""}
    for node in model.graph.node:
        assert known.issuperset(node.input), node.name
        known.update(node.output)


def test_the_original_stays_as_it_is():
    model = small_network()
    content = model.SerializeToString()
    half(model)
    assert model.SerializeToString() == content


def test_the_same_network_gives_the_same_bytes():
    assert half(small_network()).SerializeToString() == half(small_network()).SerializeToString()


def test_confidence_is_close():
    exact = confidence(small_network(), BATCH)
    assert np.ptp(exact) > 0.3
    for model in (half(small_network()), rounding(half(small_network()))):
        error = np.abs(confidence(model, BATCH) - exact)
        assert 0 < error.max() < 0.01


def test_rounding_rounds_what_onnxruntime_does_not():
    exact = confidence(small_network(), BATCH)
    plain = np.abs(confidence(half(small_network()), BATCH) - exact).mean()
    rounded = np.abs(confidence(rounding(half(small_network())), BATCH) - exact).mean()
    assert rounded > 1.2 * plain


def test_rounding_is_what_numpy_gives():
    """A 1x1 convolution of one band, by hand: weights, input and product are each rounded to fp16."""
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w", "b"], ["y"], name="y")],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 4, 4])],
        [numpy_helper.from_array(np.float32([[[[1.2345]]]]), "w"), numpy_helper.from_array(np.float32([0.1]), "b")],
    )
    one = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    x = np.random.default_rng(0).normal(size=(1, 1, 4, 4)).astype(np.float32)
    w, b = np.float16(1.2345), np.float16(0.1)
    wanted = (x.astype(np.float16).astype(np.float32) * np.float32(w) + np.float32(b)).astype(np.float16)
    given = confidence(rounding(half(one)), {"x": x})
    np.testing.assert_array_equal(given, wanted.astype(np.float32))


def test_small_weights_become_subnormal_and_not_zero():
    weights = np.full((1, 8, 1, 1), 1e-6, np.float32)
    model = half(with_weights(small_network(), "prediction/weights", weights))
    kept = constants_of(model)["prediction/weights/fp16"]
    assert kept.dtype == np.float16
    np.testing.assert_allclose(kept, 1e-6, rtol=0.05)


@pytest.mark.parametrize("weight", [65536.0, -1e9])
def test_weights_beyond_half_precision_are_named(weight):
    weights = np.full((1, 8, 1, 1), weight, np.float32)
    with pytest.raises(ModelError, match=r"'prediction/weights' reach .* fp16 ends at 65504.*fp32"):
        half(with_weights(small_network(), "prediction/weights", weights))


def test_activations_beyond_half_precision_do_not_pass_unseen():
    """Weights that all fit, and sums inside that do not; as it is, ONNX Runtime would compute it in fp32."""
    model = with_weights(small_network(), "stem/bias", np.full(8, 60000.0))
    model = with_weights(model, "prediction/weights", np.full((1, 8, 1, 1), 1e-5))
    exact = confidence(model, BATCH)
    assert np.abs(confidence(half(model), BATCH) - exact).max() < 0.1
    assert not np.abs(confidence(rounding(half(model)), BATCH) - exact).max() < 0.1


def test_a_graph_that_ends_without_an_activation_gives_single_precision_all_the_same():
    model = small_network()
    sigmoid = model.graph.node.pop()
    model.graph.node[-1].output[0] = sigmoid.output[0]
    result = half(model)
    assert last_nodes(result, 2) == ["Conv", "Cast"]
    assert result.graph.node[-1].output[0] == "confidence"
    np.testing.assert_allclose(confidence(result, BATCH), confidence(model, BATCH), atol=0.05)


def test_what_moves_axes_behind_the_activation_stays_single():
    model = small_network()
    model.graph.node[-1].output[0] = "turned"
    model.graph.node.append(helper.make_node("Transpose", ["turned"], ["confidence"], name="t", perm=[0, 1, 3, 2]))
    result = half(model)
    assert last_nodes(result, 4) == ["Conv", "Cast", "Sigmoid", "Transpose"]


def test_what_adds_classes_up_behind_the_activation_stays_single():
    model = small_network()
    model.graph.node[-1].output[0] = "each"
    gather = helper.make_node("Gather", ["each", "bands"], ["chosen"], name="chosen", axis=1)
    total = helper.make_node("ReduceSum", ["chosen", "axis"], ["confidence"], name="total", keepdims=1)
    model.graph.node.extend([gather, total])
    model.graph.initializer.append(numpy_helper.from_array(np.int64([0]), "bands"))
    model.graph.initializer.append(numpy_helper.from_array(np.int64([1]), "axis"))
    result = half(model)
    assert last_nodes(result, 5) == ["Conv", "Cast", "Sigmoid", "Gather", "ReduceSum"]
    np.testing.assert_allclose(confidence(result, BATCH), confidence(small_network(), BATCH), atol=0.01)


def test_sizes_computed_from_shapes_stay_whole_numbers():
    model = small_network()
    resize = next(node for node in model.graph.node if node.op_type == "Resize")
    at = list(model.graph.node).index(resize)
    for offset, node in enumerate(
        [
            helper.make_node("Shape", [resize.input[0]], ["shape"], name="shape"),
            helper.make_node("Mul", ["shape", "twice"], ["sizes"], name="sizes"),
        ]
    ):
        model.graph.node.insert(at + offset, node)
    model.graph.initializer.append(numpy_helper.from_array(np.int64([1, 1, 2, 2]), "twice"))
    resize = next(node for node in model.graph.node if node.op_type == "Resize")
    resize.input[:] = [resize.input[0], "", "", "sizes"]
    result = half(model)
    assert element_types(result)["sizes"] == TensorProto.INT64
    np.testing.assert_allclose(confidence(result, BATCH), confidence(small_network(), BATCH), atol=0.01)


def normalised(model, source="join/relu", into="prediction"):
    """A network whose values are normalised by their own mean and deviation before its last convolution."""
    at = next(index for index, node in enumerate(model.graph.node) if node.name == into)
    steps = [
        ("ReduceMean", [source], "mean"),
        ("Sub", [source, "mean"], "away"),
        ("Mul", ["away", "away"], "squares"),
        ("ReduceMean", ["squares"], "variance"),
        ("Add", ["variance", "epsilon"], "shifted"),
        ("Sqrt", ["shifted"], "root"),
        ("Reciprocal", ["root"], "factor"),
        ("Mul", ["away", "factor"], "normal"),
    ]
    for offset, (kind, inputs, output) in enumerate(steps):
        axes = {"axes": [1, 2, 3]} if kind == "ReduceMean" else {}
        model.graph.node.insert(at + offset, helper.make_node(kind, inputs, [output], name=output, **axes))
    model.graph.node[at + len(steps)].input[0] = "normal"
    model.graph.initializer.append(numpy_helper.from_array(np.float32(1e-5), "epsilon"))
    return model


def test_variances_stay_single_as_squares_end_early_in_half_precision():
    model = small_network()
    model = normalised(with_weights(model, "join/weights", 2000 * constants_of(model)["join/weights"]))
    result = half(model)
    types = element_types(result)
    assert {types[name] for name in ("squares", "variance", "shifted", "root")} == {TensorProto.FLOAT}
    assert {types[name] for name in ("away", "factor", "normal")} == {TensorProto.FLOAT16}
    exact = confidence(model, BATCH)
    assert np.ptp(exact) > 0.01
    np.testing.assert_allclose(confidence(rounding(result), BATCH), exact, atol=0.01)
