"""Graphs cut where overlapping tiles share features."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from helpers.engines import SPEC
from helpers.graphs import small_network
from helpers.models import batch_of, brightness_model
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.feature_cut import FeatureValue, cut_features
from landslip.runtime.artifacts.graph_parts import GraphParts
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.errors import ModelError, UsageError
from landslip.runtime.untrusted.protobuf import MalformedError


def cut(model, path):
    onnx.save(model, path)
    return cut_features(read_onnx_file(path))


def run(content, inputs):
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_outputs()]
    taken = {entry.name for entry in session.get_inputs()}
    return dict(zip(names, session.run(names, {name: inputs[name] for name in taken}), strict=True))


def check_halves(found, whole, batch):
    for half in (found.features, found.rest):
        graph = onnx.load_from_string(half.content)
        onnx.checker.check_model(graph, full_check=True)
        assert [entry.name for entry in graph.graph.input] == [entry.name for entry in half.takes]
    features = run(found.features.content, batch)
    described = [FeatureValue(name, each.shape[1], each.dtype.name) for name, each in features.items()]
    assert tuple(described) == found.shared.values
    np.testing.assert_array_equal(
        run(found.rest.content, batch | features)["confidence"], run(whole, batch)["confidence"]
    )


def test_the_demo_model_is_cut_behind_its_branches_at_full_resolution():
    found = cut_features(read_onnx_file(DEMO_MODEL))
    assert [(each.name.split("/")[1], each.bands, each.dtype) for each in found.shared.values] == [
        ("res1conv_topoImage_Skip_c_out", 2, "float32"),
        ("res1conv_postImage_Skip_c_out", 3, "float32"),
        ("res1conv_preImage_Skip_c_out", 3, "float32"),
    ]
    assert found.shared.reach == 6
    check_halves(found, str(DEMO_MODEL), batch_of(2, 64))


def test_what_has_a_stride_is_not_shared(tmp_path):
    model = small_network()
    found = cut(model, tmp_path / "m.onnx")
    assert found.shared.values == (FeatureValue("stem/relu", 8, "float32"),)
    assert found.shared.reach == 1
    check_halves(found, model.SerializeToString(), batch_of(2, 64))


def changed(name, **attributes):
    """The small network with other attributes of a convolution."""
    model = small_network()
    (node,) = [node for node in model.graph.node if node.name == name]
    kept = [entry for entry in node.attribute if entry.name not in attributes]
    del node.attribute[:]
    node.attribute.extend([*kept, *(helper.make_attribute(key, value) for key, value in attributes.items())])
    return model


@pytest.mark.parametrize(
    "attributes",
    [
        {"pads": [0, 0, 2, 2]},
        {"pads": [0, 0, 0, 0], "auto_pad": "VALID"},
        {"dilations": [15, 15], "pads": [15] * 4},
        {"strides": [2, 2]},
    ],
)
def test_a_model_without_such_features_says_so(tmp_path, attributes):
    with pytest.raises(UsageError, match="no features that overlapping tiles could share") as caught:
        cut(changed("stem", **attributes), tmp_path / "m.onnx")
    assert caught.value.option == "share_features"


def test_dilated_kernels_see_further(tmp_path):
    assert cut(changed("stem", dilations=[3, 3], pads=[3] * 4), tmp_path / "m.onnx").shared.reach == 3
    same = changed("stem", auto_pad="SAME_UPPER")
    assert cut(same, tmp_path / "n.onnx").shared.reach == 1


def test_values_without_a_convolution_are_not_worth_it(tmp_path):
    with pytest.raises(UsageError, match="no features"):
        cut_features(read_onnx_file(brightness_model(tmp_path / "m.onnx")))


def test_constants_that_differ_by_place_are_not_shared(tmp_path):
    model = small_network()
    (node,) = [node for node in model.graph.node if node.name == "post/x"]
    ramp = numpy_helper.from_array(np.linspace(0, 0.01, 64, dtype=np.float32), "ramp")
    model.graph.initializer.append(ramp)
    node.input[1] = "ramp"
    with pytest.raises(UsageError, match="no features"):
        cut(model, tmp_path / "m.onnx")


def quantised_join():
    """Features in float that are joined with what was enlarged, and quantised together, as in INT8 artifacts."""
    kinds = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT}
    inputs = [
        helper.make_tensor_value_info(each.name, kinds[each.dtype], ["batch", each.bands, "height", "width"])
        for each in SPEC.inputs
    ]
    output = helper.make_tensor_value_info("confidence", TensorProto.FLOAT, ["batch", 1, "height", "width"])
    rng = np.random.default_rng(4)
    constants = {
        "kernel": rng.integers(-127, 128, (4, 4, 3, 3)).astype(np.int8), "kernel/scale": np.float32(2e-5),
        "kernel/zero": np.int8(0), "scales": np.float32([1, 1, 2, 2]),
        "one_band": np.int64([0, 0, 0, 0, 0, 1, 0, 0]), "full": np.uint8(255),
        "scale": np.float32(0.01),
        "zero": np.uint8(0), "last": rng.normal(0, 0.3, (1, 7, 1, 1)).astype(np.float32),
    }  # fmt: skip
    nearest = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    node = helper.make_node
    nodes = [
        node("Cast", ["post"], ["raw"], to=TensorProto.FLOAT),
        node("DequantizeLinear", ["kernel", "kernel/scale", "kernel/zero"], ["weights"]),
        node("Pad", ["post", "one_band", "full"], ["stored"]),
        node("Cast", ["stored"], ["bytes"], to=TensorProto.FLOAT),
        node("Conv", ["bytes", "weights"], ["seen"], pads=[1] * 4, kernel_shape=[3, 3]),
        node("Relu", ["seen"], ["feature"]),
        node("MaxPool", ["raw"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        node("Resize", ["pooled", "", "scales"], ["large"], **nearest),
        node("Concat", ["large", "feature"], ["joined"], axis=1),
        node("QuantizeLinear", ["joined", "scale", "zero"], ["whole"]),
        node("DequantizeLinear", ["whole", "scale", "zero"], ["again"]),
        node("Conv", ["again", "last"], ["sum"], kernel_shape=[1, 1]),
        node("Sigmoid", ["sum"], ["confidence"]),
    ]
    made = [numpy_helper.from_array(np.asarray(values), name) for name, values in constants.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "join", inputs, [output], made),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )
    helper.set_model_props(model, {entry.key: entry.value for entry in small_network().metadata_props})
    return model


def test_features_that_are_quantised_with_others_pass_as_whole_numbers(tmp_path):
    model = quantised_join()
    found = cut(model, tmp_path / "m.onnx")
    assert found.shared.values == (FeatureValue("feature/shared", 4, "uint8"),)
    check_halves(found, model.SerializeToString(), batch_of(2, 32))


@pytest.mark.parametrize("pads", [[0, 0, 1, 0, 0, 1, -1, 0], [1, 0, 0, 0, -1, 1, 0, 0], [0, -1, 0, 0, 0, 2, 0, 0]])
def test_what_is_padded_with_pixels_is_not_shared(tmp_path, pads):
    model = quantised_join()
    (tensor,) = [each for each in model.graph.initializer if each.name == "one_band"]
    tensor.CopyFrom(helper.make_tensor("one_band", TensorProto.INT64, [8], pads))
    with pytest.raises(UsageError, match="no features"):
        cut(model, tmp_path / "m.onnx")


def test_features_that_others_take_in_float_stay_in_float(tmp_path):
    model = quantised_join()
    model.graph.node.insert(8, helper.make_node("Concat", ["large", "feature"], ["besides"], axis=1))
    model.graph.node.insert(9, helper.make_node("Sigmoid", ["besides"], ["unused"]))
    found = cut(model, tmp_path / "m.onnx")
    assert found.shared.values == (FeatureValue("feature", 4, "float32"),)


def test_a_graph_of_all_parts_is_the_graph():
    content = DEMO_MODEL.read_bytes()
    parts = GraphParts.read(content)
    again = parts.graph(parts.nodes, parts.inputs.values(), parts.outputs.values())
    one, other = onnx.load_from_string(content), onnx.load_from_string(again)
    del one.graph.value_info[:]
    assert (one.graph, one.metadata_props, one.opset_import) == (other.graph, other.metadata_props, other.opset_import)


@pytest.mark.parametrize("content", [b"", b"\x3a", b"\x3a\x02\x0a", b"\x08\x07"])
def test_damaged_files_are_refused(content):
    with pytest.raises(MalformedError):
        GraphParts.read(content)


def test_a_file_that_is_gone_is_named(tmp_path):
    onnx.save(small_network(), tmp_path / "m.onnx")
    file = read_onnx_file(tmp_path / "m.onnx")
    (tmp_path / "m.onnx").unlink()
    with pytest.raises(ModelError, match=r"m\.onnx is damaged or no ONNX model"):
        cut_features(file)
