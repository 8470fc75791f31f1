"""Networks of other layers than the published one, in every precision for every target."""

from __future__ import annotations

import importlib
import json

import onnx
import pytest

from helpers.foreign import randomise, save
from helpers.graphs import nodes_of
from landslip.export.folder.export_options import ExportOptions
from landslip.export.precisions.surgery import element_types
from landslip.runtime.errors import UsageError

pytestmark = pytest.mark.tensorflow

SPEC = """
tile = 64
multiple = 4
resolution = 10.0
output_band = 1

[[inputs]]
role = "post"
feeds = 0
divisor = 127.5
offset = -1.0

[[inputs]]
role = "slope"
feeds = 1
divisor = 45.0
offset = -1.0
"""


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def many_layers(keras):
    """Two classes from a picture and a slope, by way of every layer that computes with weights, and others."""
    kl = keras.layers
    picture, terrain = keras.Input((None, None, 3), name="picture"), keras.Input((None, None, 1), name="terrain")
    fine = kl.LeakyReLU()(kl.Conv2D(8, 3, padding="same")(kl.Concatenate()([picture, terrain])))
    deep = kl.PReLU(shared_axes=[1, 2])(kl.SeparableConv2D(12, 3, strides=2, padding="same")(fine))
    deep = kl.BatchNormalization()(kl.DepthwiseConv2D(3, padding="same")(kl.AveragePooling2D(2)(deep)))
    deep = kl.Conv2D(12, 3, padding="same", dilation_rate=2, activation="relu")(deep)
    wide = kl.Conv2DTranspose(8, 2, strides=2, activation="elu")(deep)
    wide = kl.UpSampling2D(2, interpolation="bilinear")(kl.Conv2D(8, 3, padding="same")(wide))
    both = kl.Conv2D(8, 3, padding="same", activation="relu")(kl.Concatenate()([fine, wide]))
    return keras.Model([picture, terrain], kl.Conv2D(2, 1, activation="softmax")(both))


@pytest.fixture(scope="module")
def made(keras, pipeline, tmp_path_factory):
    folder = tmp_path_factory.mktemp("foreign")
    spec = folder / "SPEC.toml"
    spec.write_text(SPEC)
    source = save(randomise(many_layers(keras)), folder / "foreign.h5")
    options = ExportOptions(targets=("onnx", "openvino", "tensorrt"), build=False)
    precisions = ("fp32", "fp16", "int8")
    artifacts = pipeline.export_model(source, folder / "out", precisions=precisions, spec=spec, options=options)
    return {artifact.path.name: artifact for artifact in artifacts}


def test_every_gate_is_passed(made):
    assert len(made) == 5
    for artifact in made.values():
        (figure,) = [figure for figure in artifact.parity if figure.kind == "scene"]
        assert 0.01 < figure.area_reference / (figure.tiles * figure.tile**2) < 0.99
        assert figure.mean_abs <= 0.01


def test_all_that_has_weights_computes_in_half_precision(made):
    model = onnx.load(made["foreign.fp16.onnx"].path)
    types = element_types(model)
    weighted = [node for kind in ("Conv", "ConvTranspose", "PRelu") for node in nodes_of(model, kind)]
    assert len(weighted) >= 8
    for node in weighted:
        assert {types[value] for value in [*node.input, *node.output]} == {onnx.TensorProto.FLOAT16}
    casts = [node for node in nodes_of(model, "Cast") if node.name.endswith("/cast")]
    assert len(casts) == 2
    (softmax,) = nodes_of(model, "Softmax")
    assert types[softmax.output[0]] == onnx.TensorProto.FLOAT


def test_int8_quantises_the_inner_convolutions(made):
    facts = json.loads(made["foreign.int8.onnx"].record.read_text())["quantisation"]
    assert facts["quantised"] + len(facts["in_float"]["sensitive"]) >= 4
    assert facts["in_float"]["ends"]


def functions_and_norms(keras):
    """Two classes by way of layers that normalise by the image itself, and of functions between layers."""
    tf = importlib.import_module("landslip.models.keras.quiet_tensorflow").tf
    kl = keras.layers
    picture, terrain = keras.Input((64, 64, 3), name="picture"), keras.Input((64, 64, 1), name="terrain")
    fine = kl.Conv2D(8, 3, padding="same")(tf.concat([picture[..., ::-1], 1.0 - terrain], -1))
    fine = tf.nn.relu(kl.GroupNormalization(4)(fine))
    deep = kl.LayerNormalization()(kl.Conv2D(16, 3, strides=2, padding="same")(fine * 0.5 + 0.1))
    deep = tf.nn.relu(kl.Conv2D(16, 3, padding="same")(deep))
    wide = kl.Conv2D(8, 3, padding="same")(tf.nn.depth_to_space(deep, 2))
    far = tf.image.resize(kl.Resizing(20, 20)(kl.Conv2D(8, 3, padding="same", activation="relu")(deep)), [64, 64])
    both = kl.Conv2D(8, 3, padding="same", activation="relu")(tf.concat([fine, abs(wide), far], -1))
    return keras.Model([picture, terrain], kl.Conv2D(2, 1, activation="softmax")(both))


def test_functions_and_norms_pass_every_gate(keras, pipeline, tmp_path):
    spec = tmp_path / "SPEC.toml"
    spec.write_text(SPEC)
    source = save(randomise(functions_and_norms(keras)), tmp_path / "norms.h5")
    options = ExportOptions(targets=("onnx", "openvino", "tensorrt"), build=False)
    precisions = ("fp32", "fp16", "int8")
    artifacts = pipeline.export_model(source, tmp_path / "out", precisions=precisions, spec=spec, options=options)
    assert len(artifacts) == 5
    models = {artifact.path.name: onnx.load(artifact.path) for artifact in artifacts}
    for model in models.values():
        assert all(entry.version <= 18 for entry in model.opset_import if not entry.domain)
        modes = {entry.s for node in nodes_of(model, "Resize") for entry in node.attribute}
        assert b"tf_half_pixel_for_nn" not in modes
    half = models["norms.fp16.onnx"]
    types = element_types(half)
    roots = nodes_of(half, "Sqrt")
    assert {types[node.input[0]] for node in roots} == {onnx.TensorProto.FLOAT}
    assert len(roots) == 2
    assert {types[node.output[0]] for node in nodes_of(half, "Conv")} == {onnx.TensorProto.FLOAT16}
    assert nodes_of(models["norms.int8.onnx"], "QuantizeLinear")


def test_without_a_description_there_is_fp32_alone(keras, pipeline, tmp_path):
    source = save(randomise(many_layers(keras)), tmp_path / "foreign.h5")
    with pytest.raises(UsageError, match=r"comes without a description of its inputs.*`spec`"):
        pipeline.export_model(source, tmp_path / "out", precisions=("fp32", "int8"))
    assert not (tmp_path / "out").exists()
    (artifact,) = pipeline.export_model(source, tmp_path / "out")
    record = json.loads(artifact.record.read_text())
    assert record["spec"] is None
    assert record["reference"] is None
    assert record["parity"]["engines"][0]["note"] == "asked with random numbers"
    assert {figure["kind"] for figure in record["parity"]["figures"]} == {"normal", "uniform"}
