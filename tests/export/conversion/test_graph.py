from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from landslip.export.conversion.graph import deployable
from landslip.export.conversion.graph_interface import GraphInterface, Port
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, ModelSpec, published_spec
from landslip.runtime.errors import ModelError
from landslip.runtime.system.versions import landslip_version

SPEC = published_spec("test", "a test")
PORTS = tuple(Port(entry.name, entry.dtype, ("batch", entry.bands, "height", "width")) for entry in SPEC.inputs)
INTERFACE = GraphInterface(
    "test", PORTS, Port("confidence", "float32", ("batch", 1, "height", "width")), SPEC, "a test", plain=True
)
TYPES = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}


RULES = {"nearest": "tf_half_pixel_for_nn", "linear": "half_pixel", "cubic": "half_pixel"}


def converted(factors=(2, 2), mode="nearest", last="Sigmoid", extra=(), turned=False, rule=None, constant=False):
    """What tf2onnx makes of an enlargement: sizes computed from shapes, odd names, leftovers."""
    constants = {
        "one": np.int64([1]),
        "two": np.int64([2]),
        "four": np.int64([4]),
        "zero": np.int64([0]),
        "factors": np.int64(factors),
        "no_roi": np.zeros(0, np.float32),
        "scales": np.float32([1, 1, *factors]),
        "unused": np.ones(9, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["hillshade"], ["shade"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["shade"], ["turned"], perm=[0, 1, 3, 2]),
        helper.make_node("MaxPool", ["turned" if turned else "shade"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Shape", ["small"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "two"], ["outer"]),
        helper.make_node("Slice", ["shape", "two", "four"], ["inner"]),
        helper.make_node("Mul", ["inner", "factors"], ["enlarged"]),
        helper.make_node("Concat", ["outer", "enlarged"], ["sizes"], axis=0),
        helper.make_node(
            "Resize",
            ["small", "no_roi", "scales"] if constant else ["small", "no_roi", "no_roi", "sizes"],
            ["large"],
            name="enlarge",
            mode=mode,
            coordinate_transformation_mode=rule or RULES[mode],
            nearest_mode="floor",
            exclude_outside=0,
        ),
        *extra,
    ]
    nodes.append(helper.make_node(last, ["large"], ["Identity:0"]))
    inputs = [
        helper.make_tensor_value_info(entry.name, TYPES[entry.dtype], [f"unk__{i}", entry.bands, f"h{i}", f"w{i}"])
        for i, entry in enumerate(SPEC.inputs)
    ]
    output = helper.make_tensor_value_info("Identity:0", TensorProto.FLOAT, ["n", 1, "h", "w"])
    initializers = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "tf2onnx", inputs, [output], initializers)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def attributes(node):
    return {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}


def resize_of(model):
    return next(node for node in model.graph.node if node.op_type == "Resize")


def test_resize_has_constant_scales_and_a_rule_every_engine_knows():
    model = deployable(converted(), INTERFACE)
    node = resize_of(model)
    scales = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}[node.input[2]]
    assert attributes(node) == {
        "mode": b"nearest",
        "coordinate_transformation_mode": b"asymmetric",
        "nearest_mode": b"floor",
    }
    assert list(node.input[:2]) == ["small", ""]
    np.testing.assert_array_equal(scales, np.float32([1, 1, 2, 2]))


@pytest.mark.parametrize("constant", [False, True], ids=["open sizes", "fixed sizes"])
@pytest.mark.parametrize("factors", [(2, 2), (4, 2), (1, 3)])
def test_the_rewritten_resize_repeats_pixels(factors, constant):
    model = deployable(converted(factors=factors, constant=constant), INTERFACE)
    assert "Shape" not in {node.op_type for node in model.graph.node}
    session = ort.InferenceSession(model.SerializeToString())
    rng = np.random.default_rng(0)
    feed = {entry.name: rng.integers(0, 9, (2, entry.bands, 8, 12)).astype(entry.dtype) for entry in SPEC.inputs}
    small = feed["hillshade"].reshape(2, 1, 4, 2, 6, 2).max(axis=(3, 5)).astype(np.float32)
    large = small.repeat(factors[0], axis=2).repeat(factors[1], axis=3)
    np.testing.assert_allclose(session.run(["confidence"], feed)[0], 1 / (1 + np.exp(-large)), rtol=1e-5)


def test_a_bilinear_resize_keeps_its_rule():
    node = resize_of(deployable(converted(mode="linear"), INTERFACE))
    assert attributes(node) == {"mode": b"linear", "coordinate_transformation_mode": b"half_pixel"}
    assert len(node.input) == 3


def test_what_moves_axes_may_stay_where_layers_move_axes():
    model = deployable(converted(turned=True), replace(INTERFACE, plain=False))
    assert "Transpose" in {node.op_type for node in model.graph.node}


def test_fixed_sizes_are_numbers():
    output = Port("confidence", "float32", ("batch", 1, 64, 64))
    interface = replace(
        INTERFACE, inputs=tuple(replace(port, dims=(*port.dims[:2], 64, 64)) for port in PORTS), output=output
    )
    graph = deployable(converted(constant=True), interface).graph
    for value in [*graph.input, *graph.output]:
        assert [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim][2:] == [64, 64]


def test_without_a_description_none_travels_inside():
    model = deployable(converted(), replace(INTERFACE, spec=None))
    assert [entry.key for entry in model.metadata_props] == [PRECISION_KEY]


def test_dimensions_are_named_alike_and_open():
    graph = deployable(converted(), INTERFACE).graph
    for value in [*graph.input, *graph.output]:
        dims = [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        assert dims[0] == "batch"
        assert dims[2:] == ["height", "width"]
    assert [value.name for value in graph.output] == ["confidence"]


def test_what_leads_nowhere_is_gone():
    dead = helper.make_node("Neg", ["shade"], ["nowhere"])
    model = deployable(converted(extra=[dead]), INTERFACE)
    assert {node.op_type for node in model.graph.node} == {"Cast", "MaxPool", "Resize", "Sigmoid"}
    assert [tensor.name for tensor in model.graph.initializer] == ["enlarge/constant_2"]
    assert [entry.domain for entry in model.opset_import] == [""]


def test_the_order_and_names_of_constants_do_not_matter():
    model, shuffled = converted(), converted()
    constants = list(reversed(shuffled.graph.initializer))
    del shuffled.graph.initializer[:]
    shuffled.graph.initializer.extend(constants)
    for node in shuffled.graph.node:
        node.input[:] = ["renamed" if name == "factors" else name for name in node.input]
    next(tensor for tensor in shuffled.graph.initializer if tensor.name == "factors").name = "renamed"
    assert deployable(model, INTERFACE).SerializeToString() == deployable(shuffled, INTERFACE).SerializeToString()


def test_the_description_travels_inside():
    model = deployable(converted(), INTERFACE)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    assert ModelSpec.from_json(metadata[METADATA_KEY], "here") == SPEC
    assert metadata[PRECISION_KEY] == "fp32"
    assert (model.producer_name, model.graph.name) == ("landslip", "test")
    assert model.producer_version == landslip_version()


def test_the_result_passes_onnx_full_check():
    onnx.checker.check_model(deployable(converted(), INTERFACE), full_check=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "cubic"}, "'enlarge' .* is a Resize by an unknown rule"),
        ({"rule": "align_corners"}, "'enlarge' .* is a Resize by an unknown rule"),
        ({"factors": (2,)}, "'enlarge' enlarges to is not its input times two constants"),
        ({"turned": True}, "still holds Transpose"),
        ({"last": "Identity"}, "still holds Identity"),
    ],
)
def test_a_graph_of_another_network_is_refused(options, message):
    with pytest.raises(ModelError, match=message):
        deployable(converted(**options), INTERFACE)


def test_an_op_onnx_does_not_know_is_refused():
    model = converted(last="FusedBatchNormV3")
    with pytest.raises(ModelError, match="does not pass ONNX's own check"):
        deployable(model, INTERFACE)


def test_other_inputs_than_the_spec_names_are_refused():
    model = converted()
    model.graph.input[0].name = "before"
    with pytest.raises(ModelError, match=r"takes .*'before'"):
        deployable(model, INTERFACE)
