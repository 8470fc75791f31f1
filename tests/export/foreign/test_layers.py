"""Every layer class landslip knows: saved by Keras, exported, and compared with the Keras model that was saved."""

from __future__ import annotations

import importlib

import pytest

from helpers.foreign import SIZE, assert_equal, randomise, save
from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.layers.known_layers import KINDS, TRANSPARENT
from landslip.export.layers.values import ACTIVATIONS
from landslip.export.specification.description import published_description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.shapes import inferred
from landslip.export.topology.topology import served_topology

pytestmark = pytest.mark.tensorflow

IMAGE = (SIZE, SIZE - 2, 4)
OPEN = (None, None, 4)
ASSUMED = published_description("foreign", "a test")


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


@pytest.fixture
def network(tmp_path):
    def read(model, **options):
        source = save(randomise(model), tmp_path / "foreign.h5")
        return importlib.import_module("landslip.export.conversion.network").read_network(
            source, ASSUMED, insist=False, **options
        )

    return read


# What each chain of layers is, after an image of 4 bands; kl is keras.layers.
CHAINS = {
    "Conv2D strided": (IMAGE, lambda kl: [kl.Conv2D(5, 3, strides=2, padding="same", activation="relu")]),
    "Conv2D strided, open size": (OPEN, lambda kl: [kl.Conv2D(5, (5, 3), strides=(2, 1), padding="same")]),
    "Conv2D without bias": (IMAGE, lambda kl: [kl.Conv2D(5, 3, use_bias=False)]),
    "Conv2D dilated": (IMAGE, lambda kl: [kl.Conv2D(5, 3, dilation_rate=(2, 3), padding="same")]),
    "Conv2D dilated, open size": (OPEN, lambda kl: [kl.Conv2D(5, 3, dilation_rate=2, padding="same")]),
    "Conv2D grouped": (OPEN, lambda kl: [kl.Conv2D(6, 3, groups=2, padding="same", activation="tanh")]),
    "DepthwiseConv2D": (IMAGE, lambda kl: [kl.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same")]),
    "DepthwiseConv2D dilated": (OPEN, lambda kl: [kl.DepthwiseConv2D(3, dilation_rate=2, padding="same")]),
    "SeparableConv2D": (IMAGE, lambda kl: [kl.SeparableConv2D(6, 3, depth_multiplier=2, padding="same")]),
    "SeparableConv2D dilated": (OPEN, lambda kl: [kl.SeparableConv2D(6, 3, dilation_rate=2, padding="same")]),
    "Conv2DTranspose": (IMAGE, lambda kl: [kl.Conv2DTranspose(6, 3, strides=2, padding="same", activation="relu")]),
    "Conv2DTranspose valid": (IMAGE, lambda kl: [kl.Conv2DTranspose(6, 4, strides=3)]),
    "Conv2DTranspose, open size": (OPEN, lambda kl: [kl.Conv2DTranspose(6, 2, strides=2, padding="same")]),
    "Conv2DTranspose, kernel smaller than stride": (
        IMAGE,
        lambda kl: [kl.Conv2DTranspose(6, 2, strides=3), kl.Conv2DTranspose(4, 1, strides=2, padding="same")],
    ),
    "Conv2DTranspose enlarged": (
        IMAGE,
        lambda kl: [
            kl.Conv2DTranspose(6, 3, strides=2, padding="same", output_padding=1),
            kl.Conv2DTranspose(4, (2, 3), strides=(3, 2), output_padding=(2, 0)),
        ],
    ),
    "Conv2DTranspose enlarged, open size": (
        OPEN,
        lambda kl: [kl.Conv2DTranspose(6, (3, 4), strides=2, padding="same", output_padding=(0, 1))],
    ),
    "Dense on images": (OPEN, lambda kl: [kl.Dense(3, activation="softmax")]),
    "BatchNormalization": (IMAGE, lambda kl: [kl.BatchNormalization(epsilon=0.01)]),
    "BatchNormalization bare": (OPEN, lambda kl: [kl.BatchNormalization(scale=False, center=False)]),
    "MaxPooling2D": (IMAGE, lambda kl: [kl.MaxPooling2D(3, 2, padding="same"), kl.MaxPooling2D()]),
    "AveragePooling2D": (OPEN, lambda kl: [kl.AveragePooling2D(3, 2, padding="same"), kl.AveragePooling2D()]),
    "GlobalAveragePooling2D": (IMAGE, lambda kl: [kl.GlobalAveragePooling2D()]),
    "GlobalAveragePooling2D kept": (OPEN, lambda kl: [kl.GlobalAveragePooling2D(keepdims=True)]),
    "GlobalMaxPooling2D": (IMAGE, lambda kl: [kl.GlobalMaxPooling2D()]),
    "GlobalMaxPooling2D kept": (OPEN, lambda kl: [kl.GlobalMaxPooling2D(keepdims=True)]),
    "ZeroPadding2D": (IMAGE, lambda kl: [kl.ZeroPadding2D(((1, 0), (2, 3))), kl.Conv2D(3, 3)]),
    "ZeroPadding2D, open size": (OPEN, lambda kl: [kl.ZeroPadding2D(1)]),
    "Cropping2D": (IMAGE, lambda kl: [kl.Cropping2D(((1, 2), (0, 3)))]),
    "Cropping2D, open size": (OPEN, lambda kl: [kl.Cropping2D(2)]),
    "UpSampling2D": (IMAGE, lambda kl: [kl.UpSampling2D((2, 3))]),
    "UpSampling2D, open size": (OPEN, lambda kl: [kl.UpSampling2D(2)]),
    "UpSampling2D bilinear": (IMAGE, lambda kl: [kl.UpSampling2D((2, 3), interpolation="bilinear")]),
    "UpSampling2D bilinear, open size": (OPEN, lambda kl: [kl.UpSampling2D((2, 4), interpolation="bilinear")]),
    "ReLU": (IMAGE, lambda kl: [kl.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2)]),
    "ReLU plain": (OPEN, lambda kl: [kl.ReLU()]),
    "LeakyReLU": (OPEN, lambda kl: [kl.LeakyReLU(0.2)]),
    "PReLU": (IMAGE, lambda kl: [kl.PReLU()]),
    "PReLU shared, open size": (OPEN, lambda kl: [kl.PReLU(shared_axes=[1, 2])]),
    "ELU": (OPEN, lambda kl: [kl.ELU(0.7)]),
    "Softmax": (OPEN, lambda kl: [kl.Softmax()]),
    "Softmax over columns": (IMAGE, lambda kl: [kl.Softmax(axis=2)]),
    "ThresholdedReLU": (OPEN, lambda kl: [kl.ThresholdedReLU(0.1)]),
    "Rescaling": (OPEN, lambda kl: [kl.Rescaling(1 / 255.0, offset=-0.5)]),
    "Rescaling by band": (OPEN, lambda kl: [kl.Rescaling([0.1, 0.2, 0.3, 0.4], offset=[1.0, 2.0, 3.0, 4.0])]),
    "Normalization": (OPEN, lambda kl: [kl.Normalization()]),
    "Normalization given": (OPEN, lambda kl: [kl.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 2, 3, 4])]),
    "Normalization undone": (IMAGE, lambda kl: [kl.Normalization(invert=True)]),
    "LayerNormalization": (OPEN, lambda kl: [kl.LayerNormalization(), kl.LayerNormalization(scale=False)]),
    "LayerNormalization over images": (IMAGE, lambda kl: [kl.LayerNormalization([1, 2, 3], epsilon=1e-5)]),
    "LayerNormalization of rows": (IMAGE, lambda kl: [kl.LayerNormalization(1, center=False)]),
    "GroupNormalization": (OPEN, lambda kl: [kl.GroupNormalization(2), kl.GroupNormalization(4, center=False)]),
    "GroupNormalization of all bands": (OPEN, lambda kl: [kl.GroupNormalization(1, epsilon=1e-5)]),
    "GroupNormalization of each band": (IMAGE, lambda kl: [kl.GroupNormalization(-1, scale=False)]),
    "Resizing": (IMAGE, lambda kl: [kl.Resizing(48, 44), kl.Resizing(31, 60), kl.Resizing(9, 9)]),
    "Resizing nearest": (IMAGE, lambda kl: [kl.Resizing(h, w, "nearest") for h, w in ((48, 44), (31, 60), (9, 9))]),
    "Flatten, Dense, Reshape": (IMAGE, lambda kl: [kl.Flatten(), kl.Dense(12 * 11), kl.Reshape((12, -1, 1))]),
    "Permute": (IMAGE, lambda kl: [kl.Permute((2, 3, 1))]),
    "Dropout and its like": (
        OPEN,
        lambda kl: [
            kl.Dropout(0.5),
            kl.Identity(),
            kl.SpatialDropout2D(0.5),
            kl.GaussianNoise(0.5),
            kl.GaussianDropout(0.5),
            kl.AlphaDropout(0.5),
            kl.ActivityRegularization(0.1),
            kl.RandomFlip(),
            kl.RandomRotation(0.1),
            kl.RandomZoom(0.1),
            kl.RandomTranslation(0.1, 0.1),
            kl.RandomContrast(0.1),
            kl.RandomBrightness(0.1),
            kl.Conv2D(2, 3),
        ],
    ),
}


def chained(keras, shape, layers):
    value = source = keras.Input(shape)
    for layer in layers:
        value = layer(value)
    return keras.Model(source, value)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_layer_gives_what_keras_gives(keras, network, chain):
    shape, layers = CHAINS[chain]
    model = chained(keras, shape, layers(keras.layers))
    assert_equal(network(model), model)


@pytest.mark.parametrize(
    "names", [sorted(ACTIVATIONS)[:6], sorted(ACTIVATIONS)[6:12], sorted(ACTIVATIONS)[12:]], ids=str
)
def test_activations_give_what_keras_gives(keras, network, names):
    source = keras.Input(IMAGE)
    parts = [keras.layers.Activation(name)(source) for name in names]
    parts += [keras.layers.Conv2D(2, 1, activation=name)(source) for name in names]
    model = keras.Model(source, keras.layers.Concatenate()(parts))
    assert_equal(network(model), model)


def merged(keras, make, shapes=(IMAGE, IMAGE)):
    sources = [keras.Input(shape, name=f"source_{number}") for number, shape in enumerate(shapes)]
    return keras.Model(sources, make(sources))


@pytest.mark.parametrize("kind", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
def test_values_are_merged_as_keras_does(keras, network, kind):
    model = merged(keras, getattr(keras.layers, kind)())
    assert_equal(network(model), model)


@pytest.mark.parametrize("shapes", [(IMAGE, (4,)), (IMAGE, (1, 1, 4)), ((SIZE, 1, 1), (1, SIZE, 4))], ids=str)
def test_what_is_missing_is_repeated_as_keras_does(keras, network, shapes):
    model = merged(keras, keras.layers.Multiply(), shapes)
    assert_equal(network(model), model)


def test_values_are_joined_along_any_axis(keras, network):
    model = merged(keras, keras.layers.Concatenate(axis=1), ((4, SIZE, 3), (5, SIZE, 3)))
    assert_equal(network(model), model)


def test_there_is_a_test_for_every_class(keras):
    tested = {type(layer).__name__ for shape, chain in CHAINS.values() for layer in chain(keras.layers)}
    merging = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"}
    assert tested | merging | {"Activation", "InputLayer"} == KINDS.keys() | TRANSPARENT


@pytest.mark.parametrize("chain", CHAINS)
def test_shapes_are_those_of_keras(keras, tmp_path, chain):
    shape, layers = CHAINS[chain]
    model = chained(keras, shape, layers(keras.layers))
    source = save(model, tmp_path / "m.h5")
    with open_saved_model(source) as saved:
        topology = served_topology(screened_graph(saved.config, "m.h5"), "m.h5")
    shapes = inferred(topology, "m.h5")
    for node in topology.nodes:
        layer = model.get_layer(node.name)
        assert shapes.values[node.name] == tuple(layer.output.shape[1:])
        weights = {weight.name.rsplit("/", 1)[-1].removesuffix(":0"): tuple(weight.shape) for weight in layer.weights}
        assert dict(shapes.weights[node.name]) == {name: size for name, size in weights.items() if name != "count"}
