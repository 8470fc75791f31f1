"""Calls of layers as a file saves them, and the references to outputs in their inbound nodes.

A layer is called once or more; each call is a node with inputs of its own, which refer to other nodes by layer, number
of the call and number of the output. Keras 2 saves such a reference as a list, Keras 3 as a tensor with a history.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count, islice
from typing import Any, NamedTuple

from landslip.runtime.untrusted.printable import printable, shown

_ENDS = 100
"""Most inputs or outputs of a model."""
_INPUTS = 500
"""Most inputs of a call."""
_NAME = 250
"""Most characters of the name of a layer."""
_DEPTH = 4
"""Depth to which the inputs of a call may be nested."""
_CONSTANT = "_CONSTANT_VALUE"
"""Stands where the name of a layer belongs in front of a constant."""


class Ref(NamedTuple):
    """An output of a call of a layer."""

    layer: str
    """Name of the layer."""
    call: int
    """Number of the call."""
    output: int
    """Number of the output; a plain layer has one."""


class Arguments(NamedTuple):
    """Arguments of a call: references, and anything else as it was saved."""

    positional: list[Any]
    """Positional arguments in order."""
    named: dict[str, Any]
    """Keyword arguments by name."""


def input_refs(inbound: Any, *, only_trains: bool = False) -> list[tuple[Ref, ...]]:
    """The inputs of each call of a layer.

    Args:
        inbound: ``inbound_nodes`` as saved; anything at all.
        only_trains: the layer changes values in training alone. Keras 3 saves calls of some of these with
            ``training=True``, and runs them as the whole model is run.

    Raises:
        ValueError: it is not what Keras saves, or a call has arguments that change what a layer does.
    """
    return [_few(_inputs(node, only_trains)) for node in _nodes(inbound)]


def call_arguments(inbound: Any) -> list[Arguments]:
    """The arguments of each call of a function.

    Args:
        inbound: ``inbound_nodes`` as saved; anything at all.

    Raises:
        ValueError: it is not what Keras saves.
    """
    return [_arguments(node) for node in _nodes(inbound)]


def _nodes(inbound: Any) -> list[Any]:
    if not isinstance(inbound, list):
        raise ValueError(f"its calls are saved as {shown(inbound)}")  # noqa: TRY004 - the file is at fault
    return inbound


def _arguments(node: Any) -> Arguments:
    if isinstance(node, dict) and isinstance(node.get("args"), list):
        return Arguments([_argument(each, 0) for each in node["args"]], _named(node.get("kwargs")))
    # Keras 2 saves the first argument, and beside each value in it all others by name.
    if _is_value(node):
        return Arguments([_argument(node[:3], 0)], _named(node[3:]))
    if not isinstance(node, list) or not node or not all(_is_value(value) for value in node):
        raise ValueError(f"it takes {shown(node)}, which is no output of a layer")
    if any(value[3:] != node[0][3:] for value in node):
        raise ValueError("one call has several lists of arguments")
    first = [_argument(value[:3], 0) for value in node]
    return Arguments([first], _named(node[0][3:]))


def _is_value(value: Any) -> bool:
    constant = isinstance(value, list) and len(value) in {3, 4} and value[:2] == [_CONSTANT, -1]
    return constant or _is_ref(value)


def _named(arguments: Any) -> dict[str, Any]:
    if isinstance(arguments, list):
        arguments = arguments[0] if arguments else None
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise ValueError(f"it is called with {shown(arguments)}")  # noqa: TRY004 - the file is at fault
    return {str(name): _argument(value, 0) for name, value in arguments.items()}


def _argument(value: Any, depth: int) -> Any:
    """A value with references where outputs of layers are saved."""
    if _is_value(value):
        return value[2] if value[0] == _CONSTANT else Ref(*value[:3])
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        refs = list(_refs(value, 0))
        if len(refs) != 1:
            raise ValueError(f"it takes {shown(value)}, which is no output of a layer")
        return refs[0]
    if isinstance(value, list) and depth < _DEPTH:
        return [_argument(each, depth + 1) for each in value]
    return value


def _few(refs: Iterator[Ref]) -> tuple[Ref, ...]:
    found = tuple(islice(refs, _INPUTS + 1))
    if len(found) > _INPUTS:
        raise ValueError(f"one of its calls takes more than {_INPUTS} values")
    return found


def end_refs(value: Any) -> dict[str, Ref]:
    """The inputs or outputs of a model by name, from ``input_layers`` or ``output_layers``.

    They are named by their layers; the second output of a layer gets ``_1`` behind its name, and so on, as in Keras.

    Raises:
        ValueError: it is not what Keras saves.
    """
    named: dict[str, Ref] = {}
    for ref in _refs(value, 0):
        if len(named) == _ENDS:
            raise ValueError(f"there are more than {_ENDS}")
        names = chain([ref.layer], (f"{ref.layer}_{number}" for number in count(1)))
        named[next(name for name in names if name not in named)] = ref
    if not named:
        raise ValueError("none are named")
    return named


def all_refs(inbound: Any) -> Iterator[Ref]:
    """Every reference in ``inbound_nodes``, among the arguments too; what cannot be read is passed over."""
    waiting = [inbound]
    while waiting:
        found = waiting.pop()
        if _is_ref(found):
            yield Ref(*found[:3])
        waiting.extend(found.values() if isinstance(found, dict) else found if isinstance(found, list) else ())


def _inputs(node: Any, only_trains: bool) -> Iterator[Ref]:
    if isinstance(node, dict) and "args" in node:
        arguments = node.get("kwargs")
        if only_trains and isinstance(arguments, dict) and arguments.get("training") is True:
            arguments = {name: value for name, value in arguments.items() if name != "training"}
        _check_arguments(arguments)
        yield from _refs(node["args"], 0)
    else:
        yield from _refs(node, 0)


def _refs(value: Any, depth: int) -> Iterator[Ref]:
    if depth > _DEPTH:
        raise ValueError("its inputs are nested too deeply")
    if _is_ref(value):
        _check_arguments(value[3] if len(value) == 4 else None)
        yield Ref(*value[:3])
    elif isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        config = value.get("config")
        yield from _refs(config.get("keras_history") if isinstance(config, dict) else None, depth + 1)
    elif isinstance(value, dict):
        # Inputs given by name are passed in the order of their names.
        yield from _each([value[key] for key in sorted(value)], depth)
    else:
        yield from _each(value, depth)


def _each(values: Any, depth: int) -> Iterator[Ref]:
    if not isinstance(values, list):
        raise ValueError(f"it takes {shown(values)}, which is no output of a layer")  # noqa: TRY004
    for value in values:
        yield from _refs(value, depth + 1)


def is_name(value: Any) -> bool:
    """Tell whether a layer can have such a name: messages and graphs repeat it."""
    return isinstance(value, str) and 0 < len(value) <= _NAME and value.isprintable()


def _is_ref(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) in {3, 4}
        and is_name(value[0])
        and all(type(number) is int and number >= 0 for number in value[1:3])
    )


def _check_arguments(arguments: Any) -> None:
    if arguments is None:
        return
    plain = {"mask": (None,), "training": (None, False)}
    for key, value in arguments.items() if isinstance(arguments, dict) else [("arguments", arguments)]:
        # `is`: 0 equals False.
        if not any(value is allowed for allowed in plain.get(key, ())):
            raise ValueError(f"it is called with {printable(str(key), _NAME)}={shown(value)}")
