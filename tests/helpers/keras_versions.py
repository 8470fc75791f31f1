"""Rewrites a saved Keras model into what older versions of Keras wrote.

A current tf_keras writes the weights, and the description in the style of tf.keras 2.4 to 2.11. What other versions
wrote differently is taken from their sources: ``engine/sequential.py``, ``engine/network.py``, ``engine/saving.py`` and
the layers of keras 2.1.6 and 2.2.4, and ``saving/serialization_lib.py`` of keras 2.12 to 2.15.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from helpers.foreign import save

Entry = dict[str, Any]

_LATER = {"build_input_shape", "groups", "keepdims", "ragged", "synchronized"}
"""Settings that the keras of 2018 did not have."""
_NOT_IN_21 = {"dtype", "interpolation", "output_padding"}


def write_keras_version(model: Any, path: Path, keras_version: str) -> Path:
    """Write a model as one of :data:`KERAS_VERSIONS` did."""
    version, change = KERAS_VERSIONS[keras_version]
    with h5py.File(save(model, path), "r+") as file:
        config = json.loads(file.attrs["model_config"])
        del file.attrs["model_config"]
        file.attrs["model_config"] = json.dumps(change(model, config)).encode()
        file.attrs["keras_version"] = file["model_weights"].attrs["keras_version"] = version
    return path


def _walked(value: Any, change: Callable[[Entry], Entry]) -> Any:
    """Change every object of a JSON value, from the inside out."""
    if isinstance(value, dict):
        return change({key: _walked(each, change) for key, each in value.items()})
    return [_walked(each, change) for each in value] if isinstance(value, list) else value


def _keras_21(_: Any, config: Entry) -> Entry:
    def change(entry: Entry) -> Entry:
        entry = {key: each for key, each in _of_2018(entry).items() if key not in _NOT_IN_21}
        if entry.get("class_name") == "Sequential":
            entry["config"] = _without_input(entry["config"]["layers"])  # a bare list
        return entry

    return _walked(config, change)


def _keras_22(_: Any, config: Entry) -> Entry:
    def change(entry: Entry) -> Entry:
        entry = _of_2018(entry)
        if entry.get("class_name") == "Sequential":
            entry["config"]["layers"] = _without_input(entry["config"]["layers"])
        if entry.get("class_name") == "ReLU":
            entry["config"]["max_value"] = {"type": "ndarray", "value": entry["config"]["max_value"]}
        return entry

    return _walked(config, change)


def _of_2018(entry: Entry) -> Entry:
    entry = {key: each for key, each in entry.items() if key not in _LATER}
    if entry.get("class_name") == "Functional":
        entry["class_name"] = "Model"
    if entry.get("class_name") == "BatchNormalization":
        entry["config"]["axis"] = -1
    return entry


def _without_input(layers: list[Entry]) -> list[Entry]:
    """A sequence without its input layer; the first real one tells the shape."""
    source, first, *others = layers
    shape = source["config"]["batch_input_shape"]
    return [{**first, "config": {**first["config"], "batch_input_shape": shape}}, *others]


def _tf_114(_: Any, config: Entry) -> Entry:
    def change(entry: Entry) -> Entry:
        entry = _of_2018(entry)
        if entry.get("class_name") == "BatchNormalization":
            entry |= {"class_name": "BatchNormalizationV1", "config": {**entry["config"], "axis": [3]}}
        if "class_name" in entry and not entry["config"].get("name"):
            entry["config"]["dtype"] = "float32"  # of an initialiser
        return entry

    return _walked(config, change)


def _tf_24(_: Any, config: Entry) -> Entry:
    return _walked(config, lambda entry: {key: each for key, each in entry.items() if key != "keepdims"})


def _tf_215(model: Any, config: Entry) -> Entry:
    """With modules, registered names and build configs; the description as the model itself gives it."""
    return {"class_name": config["class_name"], "config": json.loads(model.to_json())["config"]}


KERAS_VERSIONS: dict[str, tuple[str, Callable[[Any, Entry], Entry]]] = {
    "keras 2.1.6": ("2.1.6", _keras_21),
    "keras 2.2.4": ("2.2.4", _keras_22),
    "tf.keras of 1.14": ("2.2.4-tf", _tf_114),
    "tf.keras 2.4": ("2.4.0", _tf_24),
    "tf.keras 2.15": ("2.15.0", _tf_215),
}
"""The version that is written into the file, and what the description becomes."""
