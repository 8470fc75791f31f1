"""Checks the layers a saved model declares against an allow-list, before any of them comes to life.

A ``Lambda`` layer is Python bytecode that Keras executes while loading, and other classes may do so as well. So nothing
here or later hands a saved config to a Keras loader: this module notes what speaks against each layer,
:mod:`landslip.export.topology.topology` refuses a network that needs one of those, and
:mod:`landslip.export.conversion.rebuild` makes each layer itself from a few checked numbers. What the served output
does without is left out, whatever it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from landslip.export.layers.known_layers import ALIASES, MODELS, OP_LAYERS
from landslip.export.topology.classes import is_strange, objection
from landslip.export.topology.inbound_nodes import Ref, all_refs, end_refs, is_name
from landslip.export.topology.operations import function_of
from landslip.export.topology.raw_ops import ALLOWED_OPS, op_of
from landslip.export.topology.sequential import layers_of_chain
from landslip.runtime.errors import ModelError
from landslip.runtime.untrusted.printable import shown

_LAYERS = 5000
"""Most layers of a file, those of nested models included."""
_NESTING = 8
"""Depth to which models may lie in models."""
_NAME = 250
"""Most characters of the name of a class."""


@dataclass(frozen=True)
class SavedLayer:
    """A layer as the file declares it."""

    name: str
    """Unique name in its model."""
    kind: str
    """Class name, one of :data:`landslip.export.layers.known_layers.KNOWN` unless there is an objection."""
    options: dict[str, Any]
    """Config of the layer, not checked yet."""
    inbound: Any
    """Inbound nodes of the layer, not checked yet."""
    model: SavedGraph | None = None
    """Graph inside the layer, where it is a model itself."""
    first_call: int = 0
    """Number by which its first call is referred to: 1 for most nested models, whose making Keras counts."""
    objection: str | None = None
    """Sentence with the file that says why it must not be built; None if nothing speaks against it."""
    function: str | None = None
    """The function it calls, one of :data:`landslip.export.topology.operations.FUNCTIONS`, where it is no layer by
    itself."""
    saved_class: str = ""
    """Class name as saved."""
    shared: bool = False
    """True if the file says that it is one and the same as a layer it told of before."""


@dataclass(frozen=True)
class SavedGraph:
    """The layers of a model, and what goes in and out."""

    layers: Mapping[str, SavedLayer]
    """Layers by name, in the order of the file."""
    inputs: tuple[str, ...]
    """Names of the input layers, in the model's order."""
    outputs: Mapping[str, Ref]
    """Outputs by name, in the model's order."""


def screened_graph(config: Any, where: str) -> SavedGraph:
    """The layers of a parsed description of a network (``model_config``), each with what speaks against building it.

    Args:
        config: what JSON gave; anything at all.
        where: file it comes from, for messages.

    Raises:
        ModelError: this is no functional or sequential model, or it is damaged.
    """
    kind = _class_name(config, where)
    if kind not in MODELS or is_strange(config, layer=True):
        raise ModelError(
            f"{where}: is a Keras model of class {kind!r}; landslip exports functional and sequential models. "
            "A class of its own is code that the file does not hold: build a functional model with it and save that."
        )
    return _Screen(where).graph(config, kind, 0)


class _Screen:
    """One walk through a file; counts layers across nested models."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._count = 0

    def graph(self, config: Any, kind: str, depth: int) -> SavedGraph:
        body = _member(config, "config", self._where)
        if kind == "Sequential":
            body = layers_of_chain(body, self._where)
        layers = _counted_from([self._layer(entry, depth) for entry in self._entries(body, depth)], body)
        by_name = {layer.name: layer for layer in layers}
        inputs = [ref.layer for ref in self._ends(body, "input_layers", by_name).values()]
        if len(by_name) != len(layers) or len(set(inputs)) != len(inputs):
            raise ModelError(f"{self._where}: two of its layers have the same name.")
        return SavedGraph(by_name, tuple(inputs), self._ends(body, "output_layers", by_name))

    def _entries(self, body: Any, depth: int) -> list[Any]:
        entries = _member(body, "layers", self._where)
        if not isinstance(entries, list) or not entries:
            raise ModelError(f"{self._where}: declares no layers.")
        self._count += len(entries)
        if self._count > _LAYERS or depth > _NESTING:
            raise ModelError(
                f"{self._where}: declares more than {_LAYERS} layers, or models more than {_NESTING} deep in models."
            )
        return entries

    def _layer(self, entry: Any, depth: int) -> SavedLayer:
        kind = _class_name(entry, self._where)
        settings = self._settings(entry, kind)
        name = self._name(entry.get("name", settings.get("name")), kind)
        calls, function = entry.get("inbound_nodes"), function_of(entry)
        shared = "shared_object_id" in entry
        saved = SavedLayer(
            name, ALIASES.get(kind, kind), settings, calls, function=function, saved_class=kind, shared=shared
        )
        try:
            self._check_class(name, entry)
            if kind in OP_LAYERS:
                self._check_op(name, settings.get("node_def"))
            return replace(saved, model=self.graph(entry, kind, depth + 1)) if kind in MODELS else saved
        except ModelError as error:
            return replace(saved, objection=str(error))  # refused where it would be built

    def _settings(self, entry: Any, kind: str) -> dict[str, Any]:
        settings = _member(entry, "config", self._where)
        if kind == "Sequential" and isinstance(settings, list):
            return {}  # the bare list of layers that Keras wrote before 2.2.3
        if not isinstance(settings, dict):
            raise ModelError(
                f"{self._where}: its description of the network is damaged: a layer of class {kind!r} has no settings."
            )
        return settings

    def _name(self, name: Any, kind: str) -> str:
        if not isinstance(name, str) or not name:
            raise ModelError(
                f"{self._where}: its description of the network is damaged: a layer of class {kind!r} has no name."
            )
        if not is_name(name):
            hidden = sum(not each.isprintable() for each in name)
            raise ModelError(
                f"{self._where}: the name of a layer of class {kind!r} has {len(name)} characters, of which {hidden} "
                "cannot be printed. Keras writes no such names."
            )
        return name

    def _check_class(self, name: str, entry: dict[str, Any]) -> None:
        against = objection(entry)
        if against is not None:
            raise ModelError(f"{self._where}: layer {name!r} {against}")

    def _check_op(self, name: str, node_def: Any) -> None:
        op = op_of(node_def)
        if op not in ALLOWED_OPS:
            raise ModelError(
                f"{self._where}: layer {name!r} holds the raw TensorFlow op {shown(op)}, which landslip does not know. "
                f"Allowed: {', '.join(sorted(ALLOWED_OPS))}."
            )

    def _ends(self, body: Any, key: str, layers: Mapping[str, SavedLayer]) -> dict[str, Ref]:
        value = _member(body, key, self._where)
        try:
            found = end_refs(value)
        except ValueError as error:
            raise ModelError(
                f"{self._where}: its description of the network names no good {key.replace('_', ' ')}: {error}."
            ) from error
        unknown = [ref.layer for ref in found.values() if ref.layer not in layers]
        if unknown:
            raise ModelError(f"{self._where}: its {key!r} name {unknown[0]!r}, which is not one of its layers.")
        return found


def _length(inbound: Any) -> int:
    return len(inbound) if isinstance(inbound, list) else 0


def _counted_from(layers: list[SavedLayer], body: dict[str, Any]) -> list[SavedLayer]:
    """The layers, with the number that the calls of nested models are counted from."""
    models = {layer.name: layer for layer in layers if layer.model is not None}
    if not models:
        return layers
    highest: dict[str, int] = {}
    for inbound in (*(layer.inbound for layer in layers), body.get("output_layers")):
        for ref in all_refs(inbound):
            highest[ref.layer] = max(highest.get(ref.layer, 0), ref.call)
    return [
        replace(layer, first_call=int(highest.get(layer.name, 0) >= _length(layer.inbound)))
        if layer.name in models
        else layer
        for layer in layers
    ]


def _class_name(value: Any, where: str) -> str:
    name = _member(value, "class_name", where)
    if not isinstance(name, str) or len(name) > _NAME:
        raise ModelError(f"{where}: its description of the network is damaged: {shown(name)} is no class name.")
    return name


def _member(value: Any, key: str, where: str) -> Any:
    if not isinstance(value, dict) or key not in value:
        raise ModelError(f"{where}: its description of the network is damaged: there is no {key!r} where one belongs.")
    return value[key]
