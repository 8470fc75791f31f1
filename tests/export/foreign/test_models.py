"""Whole networks of other people: nested, shared, sequential, with several inputs and outputs, of any Keras version."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import onnx
import pytest

from helpers.foreign import answers_of_engines, assert_equal, inputs_of, randomise, save
from helpers.keras_versions import KERAS_VERSIONS, write_keras_version
from landslip.export.specification.description import published_description
from landslip.runtime.errors import ModelError

pytestmark = pytest.mark.tensorflow

ASSUMED = published_description("foreign", "a test")


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


@pytest.fixture(scope="module")
def read_network():
    return importlib.import_module("landslip.export.conversion.network").read_network


@pytest.fixture
def network(read_network, tmp_path):
    def read(model, **options):
        return read_network(save(randomise(model), tmp_path / "foreign.h5"), ASSUMED, insist=False, **options)

    return read


def siamese(keras):
    """Two images through one encoder with two outputs, a sequence in between, and a head that is used twice."""
    kl = keras.layers
    image = keras.Input((16, 16, 3), name="image")
    fine = kl.Conv2D(4, 3, padding="same", name="c1")(image)
    coarse = kl.Dropout(0.5, name="d")(kl.MaxPooling2D(name="p")(kl.BatchNormalization(name="n")(fine)))
    encoder = keras.Model(image, [fine, coarse], name="encoder")
    neck = keras.Sequential([keras.Input((8, 8, 8)), kl.Conv2D(6, 1, name="c2"), kl.ReLU(6.0, name="r")], name="neck")
    head = kl.Conv2D(2, 1, activation="softmax", name="head")

    before, after = keras.Input((16, 16, 3), name="before"), keras.Input((16, 16, 3), name="after")
    fine_before, coarse_before = encoder(before)
    fine_after, coarse_after = encoder(after, training=False)
    wide = kl.UpSampling2D(name="up")(neck(kl.Concatenate(name="both")([coarse_before, coarse_after])))
    change = kl.Subtract(name="change")([fine_after, fine_before])
    joined = kl.Conv2D(5, 1, name="mix")(kl.Concatenate(name="all")([wide, change]))
    first, second = head(joined), head(kl.ReLU(6.0, name="clipped")(joined))
    return keras.Model([before, after], [first, second, change], name="siamese")


def classifier(keras):
    """A sequence that begins with a model and ends in classes."""
    kl = keras.layers
    source = keras.Input((12, 10, 3))
    base = keras.Model(source, kl.Conv2D(4, 3, activation="relu", name="c")(source), name="base")
    return keras.Sequential([base, kl.GlobalAveragePooling2D(), kl.Dense(5, activation="elu"), kl.Dense(2)], name="s")


def unet(keras):
    """A sequence of plain layers, as Keras 2.1 had them."""
    kl = keras.layers
    layers = [
        kl.Conv2D(4, 3, padding="same", activation="relu", input_shape=(16, 12, 2)),
        kl.BatchNormalization(),
        kl.MaxPooling2D(),
        kl.SeparableConv2D(6, 3, padding="same"),
        kl.LeakyReLU(0.1),
        kl.ReLU(6.0),
        kl.UpSampling2D(),
        kl.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
    ]
    return keras.Sequential(layers)


MODELS = [siamese, classifier, unet]


@pytest.mark.parametrize("build", MODELS)
def test_networks_give_what_keras_gives(keras, network, build):
    model = build(keras)
    assert_equal(network(model), model)


@pytest.mark.parametrize("keras_version", KERAS_VERSIONS)
@pytest.mark.parametrize("build", MODELS)
def test_every_version_is_read_alike(keras, read_network, tmp_path, build, keras_version):
    model = randomise(build(keras))
    source = write_keras_version(model, tmp_path / "old.h5", keras_version)
    found = read_network(source, ASSUMED, insist=False)
    assert found.keras_version == KERAS_VERSIONS[keras_version][0]
    assert_equal(found, model)


@pytest.mark.parametrize(("output", "index"), [("head", 0), ("head_1", 1), (1, 1), ("2", 2), ("change", 2)])
def test_any_output_can_be_served(keras, network, output, index):
    model = siamese(keras)
    found = network(model, output=output)
    assert_equal(found, model, output=index)
    assert found.interface.output.name == ("head", "head_1", "change")[index]


def test_an_unknown_output_lists_the_known_ones(keras, network):
    with pytest.raises(ModelError, match=r"has no output 'prediction'\. Its outputs are: 0 head, 1 head_1, 2 change"):
        network(siamese(keras), output="prediction")


def test_an_output_that_needs_one_input_takes_one(keras, network):
    kl = keras.layers
    first, second = keras.Input((8, 8, 3), name="first"), keras.Input((8, 8, 3), name="second")
    model = keras.Model([first, second], [kl.Conv2D(1, 1)(second), kl.Add()([first, second])])
    assert [port.name for port in network(model).interface.inputs] == ["second"]


def test_a_graph_without_a_description_looks_like_its_network(keras, network, caplog):
    kl = keras.layers
    source = keras.Input((None, 20, 3), name="band stack")
    model = keras.Model(source, kl.Conv2D(2, 1, name="land/slides")(source))
    with caplog.at_level("INFO", logger="landslip"):
        found = network(model)
    assert found.spec is None
    graph = found.graph.graph
    shapes = {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {
        "band_stack": ["batch", "band_stack_1", 20, 3],
        "land/slides": ["batch", "land/slides_1", 20, 2],
    }
    assert [entry.key for entry in found.graph.metadata_props] == ["landslip.precision"]
    assert "has inputs or an output of its own, which are kept" in caplog.text
    assert "`spec`" in caplog.text
    assert_equal(found, model)


def test_any_number_of_values_goes_through(keras, network):
    model = unet(keras)
    found = network(model)
    batch = {name: np.concatenate([values] * 3)[:5] for name, values in inputs_of(found).items()}
    for answer in answers_of_engines(found, batch).values():
        np.testing.assert_allclose(answer, model(next(iter(batch.values())), training=False), atol=1e-5)


def test_models_that_keras_3_saved_are_read(read_network, tmp_path):
    """A real file of Keras 3, with a model in a model and a layer called twice."""
    code = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
kl = keras.layers
source = keras.Input((16, 16, 3), name="inner")
inside = kl.BatchNormalization(name="n")(kl.Conv2D(4, 3, padding="same", name="c")(source))
encoder = keras.Model(source, inside, name="encoder")
a, b = keras.Input((16, 16, 3), name="a"), keras.Input((16, 16, 3), name="b")
x = kl.LeakyReLU(negative_slope=0.1)(kl.Subtract()([encoder(a), encoder(b)]))
head = keras.Sequential([keras.Input((16, 16, 4)), kl.Dropout(0.5), kl.Conv2D(1, 1, activation="sigmoid")], name="head")
model = keras.Model([a, b], head(x))
rng = np.random.default_rng(0)
model.set_weights([rng.uniform(0.2, 0.8, weight.shape) for weight in model.get_weights()])
model.save(sys.argv[1])
values = [rng.normal(size=(2, 16, 16, 3)).astype("float32") for _ in "ab"]
np.savez(sys.argv[2], a=values[0], b=values[1], answer=model(values, training=False))
"""
    source, answers = tmp_path / "keras3.h5", tmp_path / "answers.npz"
    environment = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    subprocess.run([sys.executable, "-c", code, source, answers], check=True, capture_output=True, env=environment)
    found = read_network(source, ASSUMED, insist=False)
    assert found.keras_version.startswith("3.")
    with np.load(answers) as stored:
        batch = {"a": stored["a"], "b": stored["b"]}
        for answer in answers_of_engines(found, batch).values():
            np.testing.assert_allclose(answer, stored["answer"], atol=1e-5)


def test_settings_that_change_nothing_are_never_read(keras, read_network, tmp_path):
    model = randomise(unet(keras))
    source = save(model, tmp_path / "m.h5")

    with h5py.File(source, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        first = config["config"]["layers"][1]["config"]
        first["kernel_initializer"] = {"class_name": "Lambda", "config": {"function": ["4wAA", None, None]}}
        first["kernel_regularizer"] = {"class_name": "Payload", "config": "anything"}
        first["trainable"], first["dtype"] = "no", {"class_name": "Policy", "config": {"name": "mixed_float16"}}
        file.attrs["model_config"] = json.dumps(config)
    assert_equal(read_network(source, ASSUMED, insist=False), model)


def test_the_order_of_python_sets_does_not_matter(keras, tmp_path):
    source = save(randomise(siamese(keras)), tmp_path / "m.h5")
    code = (
        "import sys; from pathlib import Path; from landslip.export.making.export_model import export_model; "
        "export_model(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    made = set()
    for seed in ("4", "5"):  # of all hashes of strings, hence of the order of sets
        out = tmp_path / seed
        subprocess.run([sys.executable, "-c", code, source, out], env=os.environ | {"PYTHONHASHSEED": seed}, check=True)
        made.add((out / "m.fp32.onnx").read_bytes())
    assert len(made) == 1
    onnx.checker.check_model(onnx.load_from_string(made.pop()), full_check=True)
