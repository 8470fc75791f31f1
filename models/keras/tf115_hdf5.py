"""Writes a Keras model as tf.keras of TensorFlow 1.15 wrote HDF5, so that what we load is as awkward as the real file.

What differs from a file written today: ``keras_version`` 2.2.4-tf, the class name ``Model``, a ``dtype`` inside every
initialiser, no ``groups``, ``ragged`` or registration keys, raw ops saved as ``TensorFlowOpLayer`` with a serialised
NodeDef, and the slots of the graph-mode Adam optimiser beside the weights. Follows ``saving/hdf5_format.py`` and
``engine/base_layer.py`` of TensorFlow 1.15.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from landslip.models.keras.quiet_tensorflow import tf
from landslip.models.keras.unet import ResizeBilinear
from landslip.runtime.errors import UsageError
from landslip.runtime.system.drafts import draft_of, output_errors

NodeDef = Literal["json", "protobuf"]

_KERAS_VERSION = "2.2.4-tf"
# 1.15 split attributes above this many bytes into name0, name1 ...: an HDF5 object header holds 64 KB.
_ATTRIBUTE_LIMIT = 64512
_UNKNOWN_THEN = frozenset({"groups", "ragged", "optional"})
_OP_PREFIX = "tf_op_layer_"


def write_tf115_hdf5(model: Any, path: Path, *, optimizer_slots: bool = False, node_def: NodeDef = "json") -> None:
    """Write a functional model with its weights; the file appears under its name once it is complete.

    Args:
        model: a model made by :func:`landslip.models.keras.unet.build_unet` with a fixed tile.
        path: file to write; an existing one is replaced.
        optimizer_slots: also write Adam's step count and two moments (zeros) of every trainable weight, which triples
            the size.
        node_def: how raw ops are serialised: ``protobuf`` as 1.15 did, ``json`` as its successors did.

    Raises:
        UsageError: the model has a layer that 1.15 could not have written.
        OutputError: the file cannot be written.
    """
    config = json.dumps({"class_name": "Model", "config": _model_config(model, node_def)})
    with output_errors(path), draft_of(path) as draft, h5py.File(draft, "w") as file:
        file.attrs["keras_version"] = _KERAS_VERSION
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = config.encode()
        if optimizer_slots:
            file.attrs["training_config"] = json.dumps(_training_config(model)).encode()
        _write_weights(file.create_group("model_weights"), model)
        if optimizer_slots:
            _write_slots(file.create_group("optimizer_weights"), model)


def _model_config(model: Any, node_def: NodeDef) -> dict[str, Any]:
    config = model.get_config()
    return {
        "name": config["name"],
        "layers": [_layer_entry(entry, model.get_layer(entry["name"]), node_def) for entry in config["layers"]],
        "input_layers": config["input_layers"],
        "output_layers": config["output_layers"],
    }


def _layer_entry(entry: dict[str, Any], layer: Any, node_def: NodeDef) -> dict[str, Any]:
    is_op = isinstance(layer, ResizeBilinear)
    return {
        "name": entry["name"],
        "class_name": "TensorFlowOpLayer" if is_op else entry["class_name"],
        "config": _op_config(layer, node_def) if is_op else _layer_config(entry["config"]),
        "inbound_nodes": entry["inbound_nodes"],
    }


def _layer_config(config: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _initializer(value) if key.endswith("_initializer") else value
        for key, value in config.items()
        if key not in _UNKNOWN_THEN
    }


def _initializer(config: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": config["class_name"], "config": {**config["config"], "dtype": "float32"}}


def _op_config(layer: Any, node_def: NodeDef) -> dict[str, Any]:
    rows, cols = layer.output_shape[1:3]
    if rows is None or cols is None:
        raise UsageError(f"The size of {layer.name!r} is open: TensorFlow 1.15 saved it as a constant.", "Give a tile.")
    op = layer.name.removeprefix(_OP_PREFIX)
    node = _json_node(op, layer.input.node.layer.name)
    return {
        "name": op,
        "trainable": True,
        "dtype": "float32",
        "node_def": node if node_def == "json" else _protobuf_text(node),
        # The inputs of the op that are no tensors of the model, by their position.
        "constants": {"1": [rows, cols]},
    }


def _json_node(op: str, source: str) -> dict[str, Any]:
    return {
        "name": op,
        "op": "ResizeBilinear",
        "input": [f"{source}/Sigmoid", f"{op.split('/', maxsplit=1)[0]}/size"],
        "attr": {"T": {"type": "DT_FLOAT"}, "align_corners": {"b": False}, "half_pixel_centers": {"b": False}},
    }


def _protobuf_text(node: dict[str, Any]) -> str:
    message = tf.compat.v1.NodeDef(name=node["name"], op=node["op"], input=node["input"])
    message.attr["T"].type = tf.float32.as_datatype_enum
    for flag in ("align_corners", "half_pixel_centers"):
        message.attr[flag].b = node["attr"][flag]["b"]
    encoded: bytes = message.SerializeToString(deterministic=True)
    return encoded.decode("utf-8")


def _training_config(model: Any) -> dict[str, Any]:
    return {
        "loss": ["binary_crossentropy"] * len(model.outputs),
        "metrics": None,
        "weighted_metrics": None,
        "sample_weight_mode": None,
        "loss_weights": None,
        "optimizer_config": {
            "class_name": "Adam",
            "config": {
                "name": "Adam",
                "learning_rate": 0.001,
                "decay": 0.0,
                "beta_1": 0.9,
                "beta_2": 0.999,
                "epsilon": 1e-07,
                "amsgrad": False,
            },
        },
    }


def _write_weights(group: Any, model: Any) -> None:
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = _KERAS_VERSION.encode()
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in model.layers:
        weights = [*layer.trainable_weights, *layer.non_trainable_weights]
        names = [f"{layer.name}/{_leaf(weight)}:0" for weight in weights]
        group_of_layer = group.create_group(layer.name)
        _write_names(group_of_layer, "weight_names", names)
        for name, weight in zip(names, weights, strict=True):
            group_of_layer.create_dataset(name, data=weight.numpy())


def _write_slots(group: Any, model: Any) -> None:
    steps = "training/Adam/iter:0"
    weights = [(f"training/Adam/{weight.name.removesuffix(':0')}", weight.shape) for weight in model.trainable_weights]
    slots = [(f"{name}/{slot}:0", tuple(shape)) for slot in ("m", "v") for name, shape in weights]
    _write_names(group, "weight_names", [steps, *(name for name, _ in slots)])
    group.create_dataset(steps, data=np.int64(0))
    for name, shape in slots:
        group.create_dataset(name, data=np.zeros(shape, np.float32))


def _leaf(weight: Any) -> str:
    return str(weight.name).rsplit("/", 1)[-1].removesuffix(":0")


def _write_names(group: Any, key: str, names: list[str]) -> None:
    table = np.asarray([name.encode() for name in names])
    chunks = 1
    while any(part.nbytes > _ATTRIBUTE_LIMIT for part in np.array_split(table, chunks)):
        chunks += 1
    if chunks == 1:
        group.attrs[key] = table
        return
    for number, part in enumerate(np.array_split(table, chunks)):
        group.attrs[f"{key}{number}"] = part
