from __future__ import annotations

import pytest

from helpers.keras_files import conv, image, layer
from landslip.export.layers.layer_kind import SizeNeededError
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.shapes import inferred
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError


def shapes(*layers, source=None):
    source = source or image("source", 4)
    last = layers[-1]["name"]
    body = {"layers": [source, *layers], "input_layers": [["source", 0, 0]], "output_layers": [[last, 0, 0]]}
    topology = served_topology(screened_graph({"class_name": "Model", "config": body}, "m.h5"), "m.h5")
    return inferred(topology, "m.h5")


def open_image():
    return layer("InputLayer", "source", batch_input_shape=[None, None, None, 4])


def norm(axis):
    return layer("BatchNormalization", "norm", ("source",), axis=axis, epsilon=0.1, center=True, scale=True)


def widened(size, **options):
    return conv("sized", "source", 3, size, **options) | {"class_name": "Conv2DTranspose"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (conv("c", "source", 4, 3, strides=[2, 2], dilation_rate=[2, 2]), None),
        (conv("c", "source", 6, groups=3), "groups 3 of 4 bands"),
        (conv("c", "source", 4, 64, padding="valid", dilation_rate=[4, 4]), "a window of 253 pixels over 224"),
        (norm([1]), "axis 1, which are not the bands"),
        (norm(7), None),
        (layer("PReLU", "p", ("source",), shared_axes=[4]), None),
        (layer("Softmax", "s", ("source",), axis=0), "axis 0 of an input of shape"),
        (layer("Softmax", "s", ("source",), axis=4), "axis 4 of an input of shape"),
        (layer("Cropping2D", "c", ("source",), cropping=[[112, 112], [0, 0]]), "cropping of 224 pixels from 224"),
        (
            layer("Reshape", "r", ("source",), target_shape=[224, 224]),
            r"target_shape \(224, 224\) for an input of shape",
        ),
        (layer("Reshape", "r", ("source",), target_shape=[3, -1]), r"target_shape \(3, -1\) for an input of shape"),
        (layer("Reshape", "r", ("source",), target_shape=[-1, -1]), None),
        (layer("Permute", "p", ("source",), dims=[2, 1]), r"dims \(2, 1\) for an input of shape"),
        (layer("Rescaling", "r", ("source",), scale=[1, 2], offset=0), "scale of 2 values for 4 bands"),
        (layer("Normalization", "n", ("source",), axis=[1]), "axis 1, which are not the bands"),
    ],
)
def test_what_does_not_fit_is_said_with_its_layer(entry, message):
    wanted = (
        "has a setting that landslip does not know"
        if message is None
        else f"does not fit what feeds it: it has {message}"
    )
    with pytest.raises(ModelError, match=rf"m\.h5: layer '{entry['name']}' \({entry['class_name']}\) {wanted}"):
        shapes(entry)


@pytest.mark.parametrize(
    "after", [layer("PReLU", "last", ("flat",), shared_axes=[2]), layer("UpSampling2D", "last", ("flat",), size=[2, 2])]
)
def test_layers_of_images_do_not_fit_behind_flat_values(after):
    with pytest.raises(ModelError, match=r"layer 'last' \(\w+\) does not fit what feeds it"):
        shapes(layer("Flatten", "flat", ("source",)), after)


@pytest.mark.parametrize(
    "entry",
    [
        layer("Flatten", "sized", ("source",)),
        layer("Reshape", "sized", ("source",), target_shape=[-1, 4]),
        layer("PReLU", "sized", ("source",), shared_axes=None),
        widened(2, strides=[3, 3]),
        widened(3, strides=[2, 2], padding="valid", output_padding=[0, 1]),
    ],
)
def test_layers_made_for_one_size_are_named(entry):
    with pytest.raises(SizeNeededError, match=rf"layer 'sized' \({entry['class_name']}\)"):
        shapes(entry, source=open_image())


@pytest.mark.parametrize(
    ("size", "padding", "added"), [(3, "same", 2), (2, "same", 0), (3, "valid", 2), (3, "same", [1, -1])]
)
def test_what_tensorflow_cannot_enlarge_is_refused(size, padding, added):
    added = added if isinstance(added, list) else [added, added]
    with pytest.raises(ModelError, match=r"layer 'sized' \(Conv2DTranspose\) has a setting .*: output_padding"):
        shapes(widened(size, strides=[2, 2], padding=padding, output_padding=added))


def test_open_sizes_go_through():
    found = shapes(
        conv("c", "source", 8, strides=[2, 2]),
        layer("GlobalAveragePooling2D", "mean", ("c",), keepdims=True),
        layer("Multiply", "scaled", ("c", "mean")),
        conv("wide", "scaled", 3, 2, strides=[2, 2]) | {"class_name": "Conv2DTranspose"},
        source=open_image(),
    )
    assert found.values == {
        "source": (None, None, 4),
        "c": (None, None, 8),
        "mean": (1, 1, 8),
        "scaled": (None, None, 8),
        "wide": (None, None, 3),
    }
    assert found.weights["wide"] == {"kernel": (2, 2, 3, 8), "bias": (3,)}
