"""Values from a file, such as TOML gives them, as the fields of a dataclass want them."""

from __future__ import annotations

import math
import types
from typing import Any, Literal, Union, get_args, get_origin

_LONGEST = 2000
"""Most characters of a text."""
_WIDEST = 63
"""Bits of a whole number."""
_PLAIN: dict[Any, str] = {str: "a text", float: "a number", int: "a whole number", bool: "true or false"}


class UnfitError(Exception):
    """A value is not of the type that a field has."""


def fitted(value: Any, hint: Any) -> Any:
    """A value in the type of a field: str, float, int, bool, Literal, tuples of these, and choices between them.

    Raises:
        UnfitError: it is of another type, or no value that makes sense for any field: not finite, or endless.
    """
    if get_origin(hint) in {Union, types.UnionType}:
        return _first_fitted(value, get_args(hint))
    if get_origin(hint) is tuple:
        return _tuple(value, get_args(hint))
    if get_origin(hint) is Literal:
        fits = any(type(value) is type(choice) and value == choice for choice in get_args(hint))
    elif hint is float:
        fits = _is_number(value) and math.isfinite(value)
        value = float(value) if fits else value
    elif hint is int:
        fits = _is_number(value) and isinstance(value, int)
    elif hint is str:
        fits = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    else:
        fits = hint is bool and isinstance(value, bool)
    if not fits:
        raise UnfitError
    return value


def described(hint: Any) -> str:
    """What :func:`fitted` takes, in words."""
    parts = get_args(hint)
    if get_origin(hint) in {Union, types.UnionType}:
        return " or ".join(described(part) for part in parts if part is not types.NoneType)
    if get_origin(hint) is tuple:
        first = _PLAIN.get(parts[0], "a value").partition(" ")[2] + "s"
        return f"a list of {first}" if parts[-1] is Ellipsis else f"a list of {len(parts)} {first}"
    if get_origin(hint) is Literal:
        return " or ".join(repr(choice) for choice in parts)
    return _PLAIN.get(hint, "a value")


def _first_fitted(value: Any, hints: tuple[Any, ...]) -> Any:
    for hint in hints:
        try:
            return fitted(value, hint)
        except UnfitError:
            continue
    raise UnfitError


def _tuple(value: Any, hints: tuple[Any, ...]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise UnfitError
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(value) != len(hints):
        raise UnfitError
    return tuple(fitted(entry, hint) for entry, hint in zip(value, hints, strict=True))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or value.bit_length() <= _WIDEST
