"""Functions of TensorFlow that a model calls on values: saved by Keras 2, exported, and compared with the model."""

# ruff: noqa: ARG005 - the functions of a table take the same, whether they need it or not

from __future__ import annotations

import importlib

import numpy as np
import pytest

from helpers.foreign import SIZE, assert_equal, randomise, save
from helpers.keras_versions import write_keras_version
from landslip.export.specification.description import published_description
from landslip.runtime.errors import ModelError

pytestmark = pytest.mark.tensorflow

IMAGE = (SIZE, SIZE - 2, 4)
OPEN = (None, None, 4)
ASSUMED = published_description("foreign", "a test")


@pytest.fixture(scope="module")
def tensorflow():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow")


@pytest.fixture
def network(tmp_path):
    def read(model, **options):
        source = save(randomise(model), tmp_path / "foreign.h5")
        return importlib.import_module("landslip.export.conversion.network").read_network(
            source, ASSUMED, insist=False, **options
        )

    return read


# What is made of an image of 4 bands, and of another one; several values are joined along the bands.
FUNCTIONS = {
    "sums": (OPEN, lambda tf, a, b: [a + b, a - b, a * b, a / (b * b + 1.0), tf.add(x=a, y=b), a + a]),
    "constants": (OPEN, lambda tf, a, b: [a + 1, 1 - a, a - 1.5, 2 * a, a / 3, 1 / (abs(b) + 1.0), -a]),
    "constants of bands": (
        OPEN,
        lambda tf, a, b: [
            a * [1.0, 2, 3, 4],
            tf.constant([1.0, 2, 3, 4]) - a,
            a / np.array([[[[1.0, 2, 3, 4]]]], "float32"),
            tf.nn.bias_add(a, [0.1, 0.2, 0.3, 0.4]),
        ],
    ),
    "constants of rows": (IMAGE, lambda tf, a, b: [a * np.arange(SIZE, dtype="float32")[:, None, None], a]),
    "one band with many": (OPEN, lambda tf, a, b: [a * b[..., :1], a[..., 2:3] - b]),
    "extremes": (OPEN, lambda tf, a, b: [tf.maximum(a, b), tf.minimum(a, 0.1), tf.abs(a)]),
    "activations": (
        OPEN,
        lambda tf, a, b: [
            *(tf.nn.relu(a), tf.nn.relu6(a * 9), tf.nn.leaky_relu(a), tf.nn.leaky_relu(a, alpha=0.1)),
            *(tf.nn.sigmoid(a), tf.tanh(a), tf.nn.silu(a), tf.nn.softmax(a), tf.nn.softmax(a, axis=-1)),
        ],
    ),
    "concat": (OPEN, lambda tf, a, b: [tf.concat([a, b], -1), tf.concat(values=[a, b, a], axis=3, name="x")]),
    "concat of rows": (IMAGE, lambda tf, a, b: [tf.concat([a, b], axis=1)]),
    "nothing": (OPEN, lambda tf, a, b: [tf.identity(a), tf.cast(b, tf.float32)]),
    "slices of bands": (OPEN, lambda tf, a, b: [a[..., :2], b[:, :, :, 1:], a[..., ::-1], b[..., -1:]]),
    "slices of rows": (IMAGE, lambda tf, a, b: [a[:, 2:-3, ::2], b[:, :-5, 1::2, :]]),
    "slices of rows, open size": (OPEN, lambda tf, a, b: [a[:, 1:, :-1], b[:, :-1, 1:]]),
    "one band alone": (IMAGE, lambda tf, a, b: [a[..., 1][..., tf.newaxis], b[:, :, :, -1:]]),
    "one band left": (OPEN, lambda tf, a, b: [a[..., 0]]),
    "one row": (IMAGE, lambda tf, a, b: [a[:, 3]]),
    "rows backwards": (IMAGE, lambda tf, a, b: [a[:, ::-1], b[:, :, ::-1]]),
    "resize enlarging": (
        IMAGE,
        lambda tf, a, b: [tf.image.resize(a, (48, 66)), tf.image.resize(images=b, size=[48, 66], method="nearest")],
    ),
    "resize by a fraction": (
        IMAGE,
        lambda tf, a, b: [tf.image.resize(a, (30, 17)), tf.image.resize(b, [30, 17], "nearest")],
    ),
    "resize reducing": (
        IMAGE,
        lambda tf, a, b: [tf.image.resize(a, (12, 11)), tf.image.resize(b, (12, 11), method="nearest")],
    ),
    "resize one axis": (IMAGE, lambda tf, a, b: [tf.image.resize(a, (24, 7)), tf.image.resize(b, (24, 7), "nearest")]),
    "resize to the same": (IMAGE, lambda tf, a, b: [tf.image.resize(a, b.shape[1:3]), a]),
    "depth to space": (OPEN, lambda tf, a, b: [tf.nn.depth_to_space(a, 2), tf.nn.depth_to_space(b, block_size=2)]),
    "preprocessing": (OPEN, lambda tf, a, b: [a[..., ::-1] / 127.5 - 1.0, (b - [0.5, 0.4, 0.3, 0.2]) / [1.0, 2, 3, 4]]),
}


def applied(tensorflow, shape, function):
    tf, keras = tensorflow.tf, tensorflow.keras
    first, second = keras.Input(shape, name="first"), keras.Input(shape, name="second")
    parts = function(tf, first, second)
    values = keras.layers.Concatenate(name="joined")(parts) if len(parts) > 1 else parts[0]
    try:
        return keras.Model(first, values)
    except ValueError:  # it needs the other one too
        return keras.Model([first, second], values)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_gives_what_keras_gives(tensorflow, network, name):
    shape, function = FUNCTIONS[name]
    model = applied(tensorflow, shape, function)
    assert_equal(network(model), model)


def test_a_model_with_functions_in_it_is_used_twice(tensorflow, network):
    tf, keras = tensorflow.tf, tensorflow.keras
    kl = keras.layers
    image = keras.Input(IMAGE)
    encoder = keras.Model(image, tf.nn.relu(1.0 - kl.Conv2D(3, 3, name="c")(image * 2.0)), name="encoder")
    first, second = keras.Input(IMAGE, name="first"), keras.Input(IMAGE, name="second")
    change = encoder(first) - encoder(second)
    model = keras.Model([first, second], tf.concat([change, encoder(second)], -1))
    assert_equal(network(model), model)


def test_one_function_is_called_with_several_arguments(tensorflow, network):
    tf, keras = tensorflow.tf, tensorflow.keras
    image = keras.Input(IMAGE)
    subtract = (1.0 - image).node.layer
    model = keras.Model(image, tf.concat([subtract(0.5, y=image), subtract(image, y=image[..., :1])], -1))
    assert_equal(network(model), model)


@pytest.mark.parametrize("keras_version", ["tf.keras 2.4", "tf.keras 2.15"])
def test_versions_that_have_functions_are_read_alike(tensorflow, tmp_path, keras_version):
    def function(tf, a, b):
        return [1 - a[..., ::2], tf.image.resize(b[..., :2], (30, 11))[:, :SIZE] * [2.0, 3.0], tf.nn.relu(a / b)]

    model = randomise(applied(tensorflow, (SIZE, 11, 4), function))
    source = write_keras_version(model, tmp_path / "old.h5", keras_version)
    network = importlib.import_module("landslip.export.conversion.network").read_network(source, ASSUMED, insist=False)
    assert_equal(network, model)


def test_functions_are_served_in_a_described_network(tensorflow, tmp_path):
    """Nothing that moves axes is needed for sums, and nothing is refused because some is."""
    keras = tensorflow.keras
    sources = [keras.Input((224, 224, bands), name=f"in{bands}{n}") for n, bands in enumerate((3, 3, 2))]
    joined = keras.layers.Concatenate()([sources[0], 1.0 - sources[1], abs(sources[2])])
    value = tensorflow.tf.nn.sigmoid(keras.layers.Conv2D(1, 3, padding="same")(joined[..., ::-1]))
    source = save(randomise(keras.Model(sources, value)), tmp_path / "m.h5")
    export_model = importlib.import_module("landslip.export.making.export_model").export_model
    artifacts = export_model(source, tmp_path / "out", precisions=("fp32", "fp16"))
    assert len(artifacts) == 2


REFUSED = {
    "a power": (
        lambda tf, a, b: a**2,
        r"layer 'tf.math.pow\S*' calls 'math.pow', a function that landslip does not support",
    ),
    "a size of another layer": (
        lambda tf, a, b: tf.image.resize(a, tf.shape(b)[1:3]),
        "does not know: the argument size, which another layer gives",
    ),
    "smoothed": (
        lambda tf, a, b: tf.image.resize(a, [8, 8], antialias=True),
        r"layer 'tf.image.resize\S*' calls image.resize with something that landslip does not know: antialias True",
    ),
    "bicubic": (lambda tf, a, b: tf.image.resize(a, [8, 8], "bicubic"), "does not know: interpolation 'bicubic'"),
    "part of the batch": (lambda tf, a, b: a[1:], "does not know: a slice of the batch"),
    "joined along the batch": (lambda tf, a, b: tf.concat([a, b], 0), "does not fit what feeds it: it has axis 0"),
    "whole numbers": (lambda tf, a, b: tf.cast(a, tf.int32), "does not know: dtype 'int32'"),
    "an image with a vector": (
        lambda tf, a, b: a[:, 0, 0] + a,
        r"layer 'tf.__operators__.add\S*' \(Arithmetic\) does not fit what feeds it: it has inputs of shapes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_refused_by_name(tensorflow, tmp_path, name):
    function, message = REFUSED[name]
    first, second = tensorflow.keras.Input((8, 8, 8), name="first"), tensorflow.keras.Input((8, 8, 8), name="second")
    model = tensorflow.keras.Model([first, second], function(tensorflow.tf, first, second))
    source = save(model, tmp_path / "m.h5")
    read_network = importlib.import_module("landslip.export.conversion.network").read_network
    with pytest.raises(ModelError, match=message) as told:
        read_network(source, ASSUMED, insist=False)
    assert "code" not in str(told.value)
    assert "'TFOpLambda'" not in str(told.value)
