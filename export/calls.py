"""Reads how the layers of a saved model call each other.

A layer is called once or more; each call is a node with inputs of its own, which refer to other nodes by layer, number
of the call and number of the output. Keras 2 saves such a reference as a list, Keras 3 as a tensor with a history.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, count, islice
from typing import Any, NamedTuple

from landslip.runtime.plain_text import printable, shown

_ENDS = 100
"""Most inputs or outputs of a model."""
_INPUTS = 500
"""Most inputs of a call."""
_NAME = 250
"""Most characters of the name of a layer."""
_DEPTH = 4
"""How deep the inputs of a call may be nested."""


class Ref(NamedTuple):
    """An output of a call of a layer."""

    layer: str
    """Name of the layer."""
    call: int
    """Number of the call."""
    output: int
    """Number of the output; a plain layer has one."""


def calls(inbound: Any) -> list[tuple[Ref, ...]]:
    """The inputs of each call of a layer.

    Args:
        inbound: ``inbound_nodes`` as saved; anything at all.

    Raises:
        ValueError: it is not what Keras saves, or a call has arguments that change what a layer does.
    """
    if not isinstance(inbound, list):
        raise ValueError(f"its calls are saved as {shown(inbound)}")  # noqa: TRY004 - the file is at fault
    return [_few(_inputs(node)) for node in inbound]


def _few(refs: Iterator[Ref]) -> tuple[Ref, ...]:
    found = tuple(islice(refs, _INPUTS + 1))
    if len(found) > _INPUTS:
        raise ValueError(f"one of its calls takes more than {_INPUTS} values")
    return found


def ends(value: Any) -> dict[str, Ref]:
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


def mentioned(inbound: Any) -> Iterator[Ref]:
    """Every reference in ``inbound_nodes`` that can be read; what cannot is passed over."""
    for node in inbound if isinstance(inbound, list) else []:
        try:
            yield from _inputs(node)
        except ValueError:
            continue


def _inputs(node: Any) -> Iterator[Ref]:
    if isinstance(node, dict) and "args" in node:
        _check_arguments(node.get("kwargs"))
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
    """Whether a layer can be called that: messages and graphs repeat it."""
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
