"""Values of a file, such as TOML and JSON give them, in the types of a dataclass: msgspec checks them, strictly.

What does not fit is said in a sentence: which key, what it is, and what to give. ``docs/decisions/typed-values.md``
says what msgspec does here and what it does not.
"""

from __future__ import annotations

import functools
import math
import re
import types
from collections.abc import Collection, Iterator, Mapping
from dataclasses import is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from landslip.runtime.untrusted.printable import shown

_LONGEST = 2000
"""Most characters of a text that people write."""
_WIDEST = 63
"""Bits of a whole number that people write."""
_WORDS: dict[Any, str] = {str: "a text", float: "a number", int: "a whole number", bool: "true or false"}
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PLACE = re.compile(r"`\$((?:\.\w+|\[\d+\])*)[^`]*`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class UnfitError(ValueError):
    """A value is not of the type of its field; the message says so in a sentence, without the name of the file."""


def typed(value: Any, hint: Any, name: str = "", *, plain: bool = False) -> Any:
    """A value as a type: dataclasses of numbers, texts, Literals, tuples, mappings, and alternatives of these.

    Tables hold the keys of their dataclass alone; true and 1.0 are no whole numbers, and whole numbers are numbers.

    Args:
        value: what TOML or JSON gives.
        hint: the type.
        name: which key of the file it is of, for messages; empty for the whole file.
        plain: whether texts have to be short, on one line and not empty, and numbers finite, as people write them.

    Raises:
        UnfitError: it does not fit.
    """
    _check_keys(value, hint, name)
    try:
        converted = msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        raise _unfit(value, hint, name, place[1] if place else "", _MISSING.match(str(error))) from None
    if plain and (odd := next(_odd(value), None)) is not None:
        raise _unfit(value, hint, name, odd)
    return converted


def check_key(key: str, known: Collection[str], where: str = "") -> None:
    """Refuse a key that is not known.

    Args:
        key: what a table holds.
        known: what it may hold.
        where: which table, for messages, such as ``inputs[0]``.

    Raises:
        UnfitError: it is none of them; the message names the one that is probably meant.
    """
    if key in known:
        return
    close = get_close_matches(key, known, 1)
    meant = f"Did you mean {close[0]!r}?" if close else f"It may hold: {', '.join(known)}."
    raise UnfitError(f"the key {f'{where}.' if where else ''}{shown(key)} is unknown. {meant}")


def described(hint: Any) -> str:
    """Words for what :func:`typed` takes."""
    parts = get_args(hint)
    if get_origin(hint) is Annotated:
        return _in_bounds(parts[0], next(part for part in parts if isinstance(part, msgspec.Meta)))
    if get_origin(hint) in {Union, types.UnionType}:
        return " or ".join(described(part) for part in parts if part is not types.NoneType)
    if get_origin(hint) is tuple:
        first = described(parts[0]).partition(" ")[2] + "s"
        return f"a list of {first}" if parts[-1] is Ellipsis else f"a list of {len(parts)} {first}"
    if get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in parts)
    return "a table of keys and values" if is_dataclass(hint) else _WORDS.get(hint, "a value")


def _in_bounds(hint: Any, meta: msgspec.Meta) -> str:
    if meta.description:
        return meta.description
    bounds = "" if meta.ge is None or meta.le is None else f" from {meta.ge:g} to {meta.le:g}"
    return described(hint) + bounds


def _unfit(value: Any, hint: Any, name: str, where: str, missing: re.Match[str] | None = None) -> UnfitError:
    """Error on what is wrong at a place of a value, such as ``.inputs[0].role``."""
    for key, index in _STEP.findall(where):
        value, hint = value[key or int(index)], _inner(hint, key or int(index))
    place = f"{name}{where}".removeprefix(".")
    if missing:
        key = f"{place}.{missing[1]}".removeprefix(".")
        known = next(part for part in _alternatives(hint) if is_dataclass(part))
        return UnfitError(f"it does not say {key}. It may hold: {', '.join(_fields(known))}.")
    return UnfitError(f"{place or 'it'} is {shown(value)}; give {described(hint)}.")


def _check_keys(value: Any, hint: Any, where: str) -> None:
    for part in _alternatives(hint):
        if is_dataclass(part) and isinstance(value, dict):
            for key, inner in value.items():
                check_key(key, _fields(part), where)
                _check_keys(inner, _inner(part, key), f"{where}.{key}".removeprefix("."))
        elif get_origin(part) is tuple and isinstance(value, list):
            for number, inner in enumerate(value):
                _check_keys(inner, _inner(part, number), f"{where}[{number}]")


def _inner(hint: Any, step: str | int) -> Any:
    """The type of a field, or of an entry of a list."""
    for part in _alternatives(hint):
        if isinstance(step, str) and is_dataclass(part):
            return _fields(part)[step]
        if isinstance(step, int) and get_origin(part) is tuple:
            parts = get_args(part)
            return parts[0] if parts[-1] is Ellipsis or step >= len(parts) else parts[step]
    return Any


def _alternatives(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        yield from _alternatives(get_args(hint)[0])
    elif get_origin(hint) in {Union, types.UnionType}:
        for part in get_args(hint):
            yield from _alternatives(part)
    else:
        yield hint


def _fields(table: Any) -> Mapping[str, Any]:
    return _hints(table)


@functools.cache
def _hints(table: type) -> Mapping[str, Any]:
    return get_type_hints(table, include_extras=True)


def _odd(value: Any, where: str = "") -> Iterator[str]:
    """Places of texts and numbers that make no sense for any field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _odd(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _odd(inner, f"{where}[{number}]")
    elif not _is_plain(value):
        yield where


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _LONGEST and value.isprintable()
    if isinstance(value, int):
        return value.bit_length() <= _WIDEST
    return not isinstance(value, float) or math.isfinite(value)
