"""Weights of models in models whose stored names are not those of their layers."""

from __future__ import annotations

import importlib
import warnings

import h5py
import numpy as np
import pytest

from helpers.foreign import answers_of_engines, inputs_of, save
from helpers.keras_files import conv, image, layer, model_layer, tiny_config, tiny_layers
from landslip.export.specification.description import published_description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.weight_order import weight_orders
from landslip.runtime.errors import ModelError

ASSUMED = published_description("foreign", "a test")


@pytest.fixture(scope="module")
def tf_keras():
    module = importlib.import_module("landslip.models.keras.quiet_tensorflow")
    return module.tf, module.keras


def generator(keras, frozen=()):
    """A model with a sequence in it; two convolutions of one shape, and names that look like others' with a suffix."""
    kl = keras.layers
    image = keras.Input((8, 6, 3))
    value = kl.BatchNormalization(name="bn")(kl.Conv2D(3, 3, padding="same", name="conv")(image))
    neck = keras.Sequential([kl.Conv2D(3, 3, padding="same", name="conv_1"), kl.PReLU(shared_axes=[1, 2], name="act")])
    value = kl.Conv2D(3, 3, padding="same", name="conv_2")(neck(value))
    model = keras.Model(image, kl.BatchNormalization(center=False, scale=False, name="bn_1")(value), name="g")
    for each in (*model.layers, *neck.layers):
        each.trainable = each.name not in frozen
    return model


def saved_in_a_graph(tf_keras, path, frozen=()):
    """A genuine file as TensorFlow 1 wrote it: names are unique in the process, and the model was built before."""
    tf, keras = tf_keras
    rng = np.random.default_rng(3)
    batch = rng.normal(size=(2, 8, 6, 3)).astype(np.float32)
    with tf.Graph().as_default(), tf.compat.v1.Session().as_default():
        generator(keras)
        image = keras.Input((8, 6, 3))
        model = keras.Model(image, keras.layers.Conv2D(1, 1, name="last")(generator(keras, frozen)(image)))
        model.set_weights([rng.uniform(0.1, 0.4, weight.shape) for weight in model.get_weights()])
        save(model, path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a graph of TensorFlow 1 uses
            return batch, model.predict(batch)


@pytest.mark.tensorflow
@pytest.mark.parametrize("frozen", [(), ("conv",), ("bn", "conv_1"), ("bn_1", "act", "conv_2")], ids=str)
def test_weights_go_by_order_where_keras_goes_by_order(tf_keras, tmp_path, frozen):
    source = tmp_path / "gan.h5"
    batch, answer = saved_in_a_graph(tf_keras, source, frozen)
    with h5py.File(source) as file:
        names = [str(name) for name in file["model_weights/g"].attrs["weight_names"]]
    assert not any(name.startswith(("conv/", "bn/")) for name in names)
    network = importlib.import_module("landslip.export.conversion.network").read_network(source, ASSUMED, insist=False)
    (name,) = inputs_of(network)
    for engine in answers_of_engines(network, {name: batch}).values():
        np.testing.assert_allclose(engine, answer, rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
def test_shapes_are_checked_where_weights_go_by_order(tf_keras, tmp_path):
    source = tmp_path / "gan.h5"
    saved_in_a_graph(tf_keras, source)
    with h5py.File(source, "r+") as file:
        group = file["model_weights/g"]
        name = str(group.attrs["weight_names"][0])
        values = group[name][()]
        del group[name]
        group[name] = values[:1]
    read_network = importlib.import_module("landslip.export.conversion.network").read_network
    with pytest.raises(
        ModelError, match=r"'kernel' of layer 'g/conv' has shape \(1, 3, 3, 3\) .* needs \(3, 3, 3, 3\)"
    ):
        read_network(source, ASSUMED, insist=False)


def test_a_model_with_a_layer_whose_weights_are_unknown_has_no_order():
    inner = [image("in", 4), conv("a", "in", 4), layer("Normalization", "b", ("a",), mean=[1.0], variance=[2.0])]
    known = model_layer("known", inner, ["b"], [[["add", 0, 0, {}]]], inputs=["in"])
    odd = [image("in", 4), conv("a", "in", 4, kernel_size="three")]
    unknown = model_layer("unknown", odd, ["a"], [[["add", 0, 0, {}]]], inputs=["in"])
    graph = screened_graph(tiny_config([*tiny_layers(), known, unknown]), "m.h5")
    assert weight_orders(graph) == {"known": (("a",),)}
