"""Small Keras HDF5 files for tests, put together by hand: no TensorFlow, and anything can be made wrong in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Layer = dict[str, Any]

_ALL = {"trainable": True, "dtype": "float32"}
_LAST = {"data_format": "channels_last"}


def layer(kind: str, name: str, sources: tuple[str, ...] = (), **options: Any) -> Layer:
    """A layer as Keras 2 saves it."""
    inbound = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return {"class_name": kind, "name": name, "config": {"name": name, **_ALL, **options}, "inbound_nodes": inbound}


def conv(name: str, source: str, filters: int, size: int = 3, **options: Any) -> Layer:
    settings = {
        "filters": filters,
        "kernel_size": [size, size],
        "strides": [1, 1],
        "padding": "same",
        "dilation_rate": [1, 1],
        "activation": "linear",
        "use_bias": True,
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None, "dtype": "float32"}},
        **_LAST,
    }
    return layer("Conv2D", name, (source,), **(settings | options))


def image(name: str, bands: int) -> Layer:
    return layer("InputLayer", name, batch_input_shape=[None, 224, 224, bands], sparse=False)


def op(name: str, source: str, op_name: str = "ResizeBilinear") -> Layer:
    node = {"name": name, "op": op_name, "input": [source, f"{name}/size"], "attr": {}}
    return layer("TensorFlowOpLayer", f"tf_op_layer_{name}", (source,), node_def=node, constants={"1": [224, 224]})


def model_layer(
    name: str,
    layers: list[Layer],
    outputs: Sequence[str],
    inbound: Any,
    kind: str = "Model",
    inputs: Sequence[str] = ("inner_input",),
) -> Layer:
    """A model that is used as a layer."""
    body = {
        "name": name,
        "layers": layers,
        "input_layers": [[end, 0, 0] for end in inputs],
        "output_layers": [[end, 0, 0] for end in outputs],
    }
    return {"class_name": kind, "name": name, "config": body, "inbound_nodes": inbound}


def tiny_layers() -> list[Layer]:
    """The published inputs, every kind of layer once, a prediction and one head through a raw op."""
    norm = {"axis": [3], "momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True}
    return [
        image("input_1", 3),
        image("input_2", 3),
        image("input_3", 2),
        layer("Concatenate", "joined", ("input_1", "input_2", "input_3"), axis=-1),
        layer("ZeroPadding2D", "pad", ("joined",), padding=[[1, 1], [1, 1]], **_LAST),
        conv("first", "pad", 4, padding="valid"),
        layer("BatchNormalization", "norm", ("first",), **norm),
        layer("Activation", "relu", ("norm",), activation="relu"),
        layer("MaxPooling2D", "pool", ("relu",), pool_size=[2, 2], strides=[2, 2], padding="valid", **_LAST),
        layer("Dropout", "dropout", ("pool",), rate=0.5, noise_shape=None, seed=None),
        layer("UpSampling2D", "up", ("dropout",), size=[2, 2], interpolation="nearest", **_LAST),
        layer("Add", "add", ("up", "relu")),
        conv("prediction", "add", 1, 1, activation="sigmoid"),
        conv("conv_out_2", "up", 1, 1, activation="sigmoid"),
        op("out_2/ResizeBilinear", "conv_out_2"),
    ]


def layers_with(extra: Layer) -> list[Layer]:
    """The layers of :func:`tiny_layers` and one more, which feeds the prediction."""
    rest = [entry for entry in tiny_layers() if entry["name"] != "prediction"]
    return [*rest, extra, conv("prediction", extra["name"], 1, 1, activation="sigmoid")]


def tiny_config(layers: list[Layer] | None = None) -> dict[str, Any]:
    """A ``model_config`` of :func:`tiny_layers`."""
    body = {
        "name": "model",
        "layers": tiny_layers() if layers is None else layers,
        "input_layers": [["input_1", 0, 0], ["input_2", 0, 0], ["input_3", 0, 0]],
        "output_layers": [["prediction", 0, 0], ["tf_op_layer_out_2/ResizeBilinear", 0, 0]],
    }
    return {"class_name": "Model", "config": body}


def tiny_weights() -> dict[str, dict[str, np.ndarray]]:
    """Weights of :func:`tiny_layers`, by layer and name."""
    rng = np.random.default_rng(7)

    def filters(size: int, bands: int, count: int) -> dict[str, np.ndarray]:
        return {"kernel": rng.normal(0, 0.3, (size, size, bands, count)), "bias": rng.normal(0, 0.1, count)}

    norm = {"gamma": (0.5, 1), "beta": (-0.1, 0.1), "moving_mean": (-0.2, 0.2), "moving_variance": (0.5, 2)}
    return {
        "first": filters(3, 8, 4),
        "norm": {name: rng.uniform(*limits, 4) for name, limits in norm.items()},
        "prediction": filters(1, 4, 1),
        "conv_out_2": filters(1, 4, 1),
    }


def write_keras_hdf5(path: Path, config: Any = None, weights: dict[str, dict[str, np.ndarray]] | None = None) -> Path:
    """A whole-model HDF5 file; the tiny network where nothing else is given."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.2.4-tf"
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config or tiny_config())
        group = file.create_group("model_weights")
        for name, arrays in (tiny_weights() if weights is None else weights).items():
            own = group.create_group(name)
            own.attrs["weight_names"] = np.asarray([f"{name}/{leaf}:0".encode() for leaf in arrays])
            for leaf, values in arrays.items():
                own.create_dataset(f"{name}/{leaf}:0", data=values.astype(np.float32))
    return path
