"""Tells layers of Keras that landslip does not support from those that can carry code of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from landslip.export.layers.keras_classes import OF_KERAS, OPERATIONS_OF_KERAS
from landslip.export.layers.known_layers import KNOWN
from landslip.export.topology.operations import FUNCTIONS, function_of
from landslip.runtime.untrusted.printable import printable, shown

_NAME = 250
"""Most characters of the name of a module or class that a message repeats."""
_MODULES = ("keras", "tf_keras", "tensorflow")
_CODE = frozenset({"Lambda", "__lambda__"})
"""Classes that are Python bytecode in the file: a layer, and a function among the settings of any layer."""
WARNING = "Do not open this file with Keras unless you know who made it."
"""The last sentence of an objection to what can carry code."""


def objection(entry: dict[str, Any]) -> str | None:
    """Objection to the class of a saved layer, as the end of a sentence that begins with the layer's name.

    Args:
        entry: the layer as saved, with a text as ``class_name``.

    Returns:
        None for a class that is known.
    """
    kind = entry["class_name"]
    strange, function = is_strange(entry, layer=True), function_of(entry)
    if not strange and (kind in KNOWN if function is None else function in FUNCTIONS):
        return None
    inside = (
        None
        if strange
        else next((part for part in _parts(entry.get("config")) if is_strange(part, layer=_is_layer(part))), None)
    )
    if not strange and inside is None:
        what = f"is of class {kind!r}, a layer of Keras" if function is None else f"calls {shown(function)}, a function"
        return f"{what} that landslip does not support. Build the network, or serve an output, without it."
    origin = f" ({entry.get('module') or 'keras'}, {entry.get('registered_name') or kind})" if kind in KNOWN else ""
    held = f" and holds {inside['class_name']!r}" if inside else ""
    return (
        f"is of class {kind!r}{printable(origin + held, _NAME)}, which landslip does not know and which can carry code "
        f"of its own. landslip does not load it. If the network is yours, build it with layers of Keras instead, such "
        f"as Rescaling for a division. {WARNING}"
    )


def is_strange(part: dict[str, Any], *, layer: bool) -> bool:
    """Tell whether something with a class is code, or of a class that is not Keras's own.

    Args:
        part: an object as saved. Where Keras saves modules, a class of the main program has None.
        layer: it is a layer or a model.
    """
    kind, module, registered = part.get("class_name"), part.get("module"), part.get("registered_name")
    if not isinstance(kind, str):
        return False
    if kind in _CODE or ">" in kind or ">" in str(registered):
        return True
    if "module" in part:
        # A class of the user's own may bear the name of one of Keras's.
        return str(module).split(".", maxsplit=1)[0] not in _MODULES
    return layer and kind not in KNOWN | OF_KERAS | OPERATIONS_OF_KERAS


def _is_layer(part: dict[str, Any]) -> bool:
    """Tell whether a saved object is a layer or a model, and not an initialiser or the like."""
    settings = part.get("config")
    return "inbound_nodes" in part or (isinstance(settings, dict) and not {"trainable", "layers"}.isdisjoint(settings))


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value, however deep it lies."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
