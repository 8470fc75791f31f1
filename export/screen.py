"""Checks the layers a saved model declares against an allow-list, before any of them comes to life.

A ``Lambda`` layer is Python bytecode that Keras executes while loading, and other classes may do so as well. So nothing
here or later hands a saved config to a Keras loader: this module refuses what is not known by name, and
:mod:`landslip.export.rebuild` makes each layer itself from a few checked numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from landslip.runtime.errors import ModelError

ALLOWED_LAYERS = frozenset(
    {
        "Activation",
        "Add",
        "BatchNormalization",
        "Concatenate",
        "Conv2D",
        "Dropout",
        "InputLayer",
        "MaxPooling2D",
        "ReLU",
        "SpatialDropout2D",
        "TensorFlowOpLayer",
        "UpSampling2D",
        "ZeroPadding2D",
    }
)
"""Layer classes a model may declare, whether its served output needs them or not."""

ALLOWED_OPS = frozenset({"ResizeBilinear"})
"""Raw TensorFlow ops a model may declare in op layers; none of them is ever run."""

_LAYERS = 5000


@dataclass(frozen=True)
class SavedLayer:
    """A layer as the file declares it."""

    name: str
    """Unique name."""
    kind: str
    """Class name, one of :data:`ALLOWED_LAYERS`."""
    options: dict[str, Any]
    """Its config, not checked yet."""
    inbound: Any
    """Its inbound nodes, not checked yet."""


@dataclass(frozen=True)
class SavedGraph:
    """The layers of a functional model, by name, and what goes in and out."""

    layers: dict[str, SavedLayer]
    """In the order of the file."""
    inputs: tuple[str, ...]
    """Names of the input layers, in the model's order."""
    outputs: tuple[str, ...]
    """Names of the layers that give the outputs, in the model's order."""


def screened_graph(config: Any, where: str) -> SavedGraph:
    """The layers of a parsed ``model_config``, all of an allowed class.

    Args:
        config: what JSON gave; anything at all.
        where: file it comes from, for messages.

    Raises:
        ModelError: this is not a functional model, or it declares a class or op that is not allowed.
    """
    kind = _class_name(config, where)
    if kind not in {"Model", "Functional"}:
        raise ModelError(f"{where}: is a Keras {kind!r} model; landslip exports functional models with three inputs.")
    body = _member(config, "config", where)
    entries = _member(body, "layers", where)
    if not isinstance(entries, list) or not 0 < len(entries) <= _LAYERS:
        raise ModelError(f"{where}: declares no layers, or more than {_LAYERS}.")
    layers = [_screened_layer(entry, where) for entry in entries]
    by_name = {layer.name: layer for layer in layers}
    if len(by_name) != len(layers):
        raise ModelError(f"{where}: two of its layers have the same name.")
    inputs = _ends(_member(body, "input_layers", where), by_name, where)
    return SavedGraph(by_name, inputs, _ends(_member(body, "output_layers", where), by_name, where))


def _screened_layer(entry: Any, where: str) -> SavedLayer:
    kind = _class_name(entry, where)
    options = _member(entry, "config", where)
    if not isinstance(options, dict):
        raise ModelError(f"{where}: its 'model_config' is damaged: a layer of class {kind!r} has no settings.")
    name = entry.get("name", options.get("name"))
    if not isinstance(name, str) or not name:
        raise ModelError(f"{where}: its 'model_config' is damaged: a layer of class {kind!r} has no name.")
    if kind not in ALLOWED_LAYERS:
        raise ModelError(
            f"{where}: layer {name!r} is of class {kind!r}, which is not in the published network and can carry code "
            "of its own. landslip does not load it. Do not open this file with Keras unless you know who made it."
        )
    if kind == "TensorFlowOpLayer":
        _check_op(name, options.get("node_def"), where)
    return SavedLayer(name, kind, options, entry.get("inbound_nodes"))


def _check_op(name: str, node_def: Any, where: str) -> None:
    op = _op(node_def)
    if op not in ALLOWED_OPS:
        raise ModelError(
            f"{where}: layer {name!r} holds the raw TensorFlow op {op!r}, which is not in the published network. "
            f"Allowed: {', '.join(sorted(ALLOWED_OPS))}."
        )


def _op(node_def: Any) -> str | None:
    """The op of a NodeDef, saved as a JSON object, as JSON text, or as protobuf bytes in a string."""
    if isinstance(node_def, str):
        try:
            node_def = json.loads(node_def)
        except (ValueError, RecursionError):
            return _op_of_protobuf(node_def)
    op = node_def.get("op") if isinstance(node_def, dict) else None
    return op if isinstance(op, str) else None


def _op_of_protobuf(text: str) -> str | None:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415 - with TensorFlow

    from landslip.models.quiet_tensorflow import tf  # noqa: PLC0415

    try:
        return str(tf.compat.v1.NodeDef.FromString(text.encode("utf-8")).op)
    except (DecodeError, UnicodeError):
        return None


def _ends(value: Any, layers: dict[str, SavedLayer], where: str) -> tuple[str, ...]:
    # A single end may be saved without the outer list.
    ends = [value] if isinstance(value, list) and value and isinstance(value[0], str) else value
    if not isinstance(ends, list) or not ends:
        raise ModelError(f"{where}: its 'model_config' names no inputs or no outputs.")
    names = []
    for end in ends:
        if not (isinstance(end, list) and len(end) == 3 and end[0] in layers and end[1:] == [0, 0]):
            raise ModelError(
                f"{where}: its 'model_config' has an input or output {end!r} that is not one of its layers."
            )
        names.append(end[0])
    return tuple(names)


def _class_name(value: Any, where: str) -> str:
    name = _member(value, "class_name", where)
    if not isinstance(name, str):
        raise ModelError(f"{where}: its 'model_config' is damaged: {name!r} is no class name.")
    return name


def _member(value: Any, key: str, where: str) -> Any:
    if not isinstance(value, dict) or key not in value:
        raise ModelError(f"{where}: its 'model_config' is damaged: there is no {key!r} where one belongs.")
    return value[key]
