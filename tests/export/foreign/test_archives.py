"""Archives (``.keras``) of Keras 3 and 2: genuine files, exported, and compared with what Keras gives."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.foreign import answers_of_engines, assert_equal, randomise
from helpers.keras_archives import archived_weights, as_keras_2, write_keras_archive
from helpers.processes import landslip
from landslip.export.specification.description import published_description

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

ASSUMED = published_description("foreign", "a test")

CODE = """
import os, sys, json
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras, numpy as np
kl = keras.layers
folder = sys.argv[1]

def block(x, filters, dilation=1):
    x = kl.SeparableConv2D(filters, 3, padding="same", dilation_rate=dilation, use_bias=False)(x)
    return kl.LeakyReLU(0.1)(kl.BatchNormalization()(x))

def unet():
    image = keras.Input((16, 12, 5), name="bands")
    fine = block(image, 6)
    coarse = block(kl.MaxPooling2D()(fine), 8, 2)
    deep = kl.PReLU(shared_axes=[1, 2])(kl.Conv2D(10, 3, padding="same")(kl.AveragePooling2D(2)(coarse)))
    up = kl.Conv2DTranspose(8, 3, strides=2, padding="same")(deep)
    gate = kl.Conv2D(1, 1, activation="sigmoid")(kl.Add()([kl.Conv2D(4, 1)(coarse), kl.Conv2D(4, 1)(up)]))
    up = kl.UpSampling2D(interpolation="bilinear")(kl.Concatenate()([kl.Multiply()([coarse, gate]), up]))
    return keras.Model(image, kl.Conv2D(2, 1, activation="softmax")(block(kl.Concatenate()([fine, up]), 6)))

def nested():
    image = keras.Input((16, 12, 3))
    stem = kl.Conv2D(4, 3, padding="same", name="stem")
    inner = keras.Model(image, kl.ReLU()(kl.Conv2D(4, 1, name="narrow")(stem(image))), name="inner")
    encoder = keras.Model(image, kl.BatchNormalization()(inner(image) * 2.0 + stem(image)), name="encoder")
    neck = keras.Sequential([kl.Conv2D(4, 3, padding="same"), kl.Dropout(0.5), kl.PReLU(), kl.Conv2D(3, 1)], name="n")
    before, after = keras.Input((16, 12, 3), name="before"), keras.Input((16, 12, 3), name="after")
    head = kl.Conv2D(4, 1, name="head")
    change = kl.Subtract()([encoder(before), encoder(after)])
    return keras.Model([before, after], head(kl.Concatenate()([neck(change), stem(after)])) + head(kl.ZeroPadding2D(0)(
        kl.Concatenate()([neck(stem(before)), change]))))

def sequential():
    model = keras.Sequential([
        *(keras.Input((16, 12, 4)), kl.Rescaling(1 / 255.0), kl.Normalization(), kl.DepthwiseConv2D(3, padding="same")),
        *(kl.Conv2D(4, 1, activation="gelu"), kl.GroupNormalization(2), kl.LayerNormalization(), kl.Dense(3)),
        *(kl.Conv2D(4, 3, groups=1, padding="same"), kl.SpatialDropout2D(0.2), kl.Conv2D(1, 1, activation="sigmoid")),
    ])
    model.layers[1].adapt(np.random.default_rng(3).normal(size=(8, 16, 12, 4)).astype("float32"))
    return model

def frozen():
    model = unet()
    for layer in model.layers[::2]:
        layer.trainable = False
    return model

def trained():
    model = keras.Sequential([keras.Input((16, 12, 3)), kl.RandomFlip(), kl.Conv2D(4, 3, padding="same"),
                              kl.BatchNormalization(), kl.Conv2D(1, 1)])
    @keras.saving.register_keras_serializable("mine")
    def loss(true, given): return keras.ops.mean((true - given) ** 2)
    model.compile("adam", loss, metrics=["mae", keras.metrics.BinaryIoU()])
    model.fit(np.ones((4, 16, 12, 3)), np.ones((4, 16, 12, 1)), verbose=0)
    return model

def with_policy(policy):
    def build():
        keras.config.set_dtype_policy(policy)
        image = keras.Input((16, 12, 3))
        x = kl.BatchNormalization()(kl.Conv2D(4, 3, padding="same", activation="relu")(image))
        model = keras.Model(image, kl.Activation("sigmoid", dtype="float32")(kl.Conv2D(1, 1)(x)))
        keras.config.set_dtype_policy("float32")
        return model
    return build

builders = {each.__name__: each for each in (unet, nested, sequential, frozen, trained)}
for policy in ("mixed_float16", "float16", "bfloat16"):
    builders[policy] = with_policy(policy)
for name, build in builders.items():
    model = build()
    rng = np.random.default_rng(0)
    if name != "trained":
        for weight in model.weights:
            if "count" not in weight.path and weight.path.rsplit("/")[-1] not in ("mean", "variance"):
                scale = 1 / max(1.0, np.prod(weight.shape[:-1])) ** 0.5
                low = 0.5 if "variance" in weight.path or "gamma" in weight.path else -scale
                weight.assign(rng.uniform(low, 1.0 if low > 0 else scale, weight.shape))
    model.save(f"{folder}/{name}.keras")
    if name != "nested":  # a layer that two models share is more than Keras itself can load
        model = keras.models.load_model(f"{folder}/{name}.keras", compile=False)
    values = {i.name: rng.normal(0, 1, (2, *i.shape[1:])).astype("float32") for i in model.inputs}
    answer = model(list(values.values()) if len(values) > 1 else next(iter(values.values())), training=False)
    np.savez(f"{folder}/{name}.npz", answer=keras.ops.convert_to_numpy(keras.ops.cast(answer, "float32")), **values)
"""
TOLERANCES = {"mixed_float16": 2e-3, "float16": 2e-3, "bfloat16": 2e-2}
"""What Keras itself rounds, where it computes in fewer bits than the exported graph."""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archives")
    environment = {key: value for key, value in os.environ.items() if key != "TF_USE_LEGACY_KERAS"}
    done = subprocess.run([sys.executable, "-c", CODE, folder], check=False, capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return folder


@pytest.fixture(scope="module")
def read_network():
    return importlib.import_module("landslip.export.conversion.network").read_network


NAMES = ("unet", "nested", "sequential", "frozen", "trained", "mixed_float16", "float16", "bfloat16")


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_gives_what_keras_3_gives(written, read_network, name):
    network = read_network(written / f"{name}.keras", ASSUMED, insist=False)
    assert network.keras_version.startswith("3.")
    with np.load(written / f"{name}.npz") as stored:
        answer = stored["answer"]
        batch = {port.name: stored[port.name] for port in network.interface.inputs}
    assert np.ptp(answer) > 1e-3
    tolerance = TOLERANCES.get(name, 2e-5) * max(1.0, float(np.abs(answer).max()))
    np.testing.assert_allclose(network.confidence(batch), answer, rtol=0, atol=tolerance)
    for engine, given in answers_of_engines(network, batch).items():
        np.testing.assert_allclose(given, answer, rtol=0, atol=tolerance, err_msg=engine)


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def shared(keras):
    """Several layers of each class, a layer that two models share, a sequence, and functions between layers."""
    kl = keras.layers
    image = keras.Input((16, 12, 3))
    stem = kl.Conv2D(4, 3, padding="same", name="stem")
    encoder = keras.Model(image, kl.BatchNormalization()(kl.Conv2D(4, 3, padding="same")(stem(image))), name="encoder")
    neck = keras.Sequential([kl.Conv2D(4, 3, padding="same"), kl.Dropout(0.5), kl.PReLU(), kl.Conv2D(4, 1)], name="n")
    before, after = keras.Input((16, 12, 3), name="before"), keras.Input((16, 12, 3), name="after")
    change = kl.Conv2D(4, 1)(1.0 - kl.Concatenate()([encoder(before), stem(after)]))
    value = kl.BatchNormalization()(kl.Conv2D(4, 1)(kl.Add()([neck(change), encoder(after), change])))
    return keras.Model([before, after], kl.Conv2D(2, 1, activation="softmax")(value), name="shared")


@pytest.mark.parametrize("version", ["2.21.0", "2.15.0", "2.14.0", "2.13.1"])
def test_an_archive_of_keras_2_gives_what_keras_gives(keras, read_network, tmp_path, monkeypatch, version):
    model = randomise(shared(keras))
    model.compile("adam", "mse")
    with as_keras_2(version, monkeypatch):
        model.save(tmp_path / "m.keras")
    found = read_network(tmp_path / "m.keras", ASSUMED, insist=False)
    assert found.keras_version == version
    assert_equal(found, model)


def test_an_archive_is_exported_and_proven_by_the_commands(tmp_path):
    source, out = write_keras_archive(tmp_path / "tiny.keras"), tmp_path / "out"
    assert landslip("export", source, "-o", out).code == 0
    assert sorted(path.name for path in out.iterdir()) == [
        *("tiny.fp32.onnx", "tiny.fp32.onnx.json", "tiny.reference.npz", "tiny.stac.json"),
    ]
    record = json.loads((out / "tiny.fp32.onnx.json").read_text())
    assert (record["source"]["file"], record["source"]["keras_version"]) == ("tiny.keras", "3.3.3")
    verified = landslip("verify", out, "--reference", source, "--json")
    assert (verified.code, "Keras network" in verified.out) == (0, True)
    other = write_keras_archive(tmp_path / "other.keras", weights=archived_weights(named=True))
    assert landslip("verify", out, "--reference", other).code == 3
