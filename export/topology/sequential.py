"""Puts a sequential model into the form of a functional one: each layer takes what the one before gives."""

from __future__ import annotations

from typing import Any

from landslip.runtime.errors import ModelError

_SHAPES = ("batch_input_shape", "batch_shape")


def layers_of_chain(body: Any, where: str) -> dict[str, Any]:
    """The config of a functional model that computes what a sequential one does.

    Keras before 2.2.3 saved the bare list of layers; later versions put it beside a name. Versions before TensorFlow
    2.2 left the input layer out and told its shape in the first layer.

    Args:
        body: ``config`` of the sequential model; anything at all.
        where: file it comes from, for messages.

    Raises:
        ModelError: there are no layers, one has no name, or the shape of the input is not told.
    """
    entries = body.get("layers") if isinstance(body, dict) else body
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise ModelError(f"{where}: declares no layers.")
    if entries[0].get("class_name") != "InputLayer":
        told = body.get("build_input_shape") if isinstance(body, dict) else None
        entries = [_input(entries[0], told, where), *entries]
    names = [_name(entry, where) for entry in entries]
    sources: list[Any] = [[], *([[[name, 0, 0, {}]]] for name in names[:-1])]
    layers = [
        {**entry, "name": name, "inbound_nodes": inbound}
        for entry, name, inbound in zip(entries, names, sources, strict=True)
    ]
    return {"layers": layers, "input_layers": [[names[0], 0, 0]], "output_layers": [[names[-1], 0, 0]]}


def _input(first: dict[str, Any], told: Any, where: str) -> dict[str, Any]:
    shape = _input_shape(first) or told
    if shape is None:
        raise ModelError(
            f"{where}: does not say what shape its input has. Build the model with an input shape and save it again."
        )
    return {"class_name": "InputLayer", "config": {"name": f"{_name(first, where)}_input", "batch_input_shape": shape}}


def _input_shape(entry: Any) -> Any:
    """Shape of the input that the first layer, or the first layer of a model that comes first, declares."""
    while isinstance(entry, dict):
        config = entry.get("config")
        layers = config.get("layers") if isinstance(config, dict) else config
        if isinstance(layers, list) and layers:
            entry = layers[0]
        else:
            return next((config[key] for key in _SHAPES if key in config), None) if isinstance(config, dict) else None
    return None


def _name(entry: dict[str, Any], where: str) -> str:
    config = entry.get("config")
    name = entry.get("name", config.get("name") if isinstance(config, dict) else None)
    if not isinstance(name, str) or not name:
        raise ModelError(f"{where}: its description of the network is damaged: a layer of its sequence has no name.")
    return name
