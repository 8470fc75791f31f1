"""Values of processing parameters, which are texts, as the options of a map that they set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from landslip.runtime.errors import InputError
from landslip.runtime.mapping.arguments import MapSceneArguments
from landslip.runtime.untrusted.printable import shown
from landslip.runtime.untrusted.typed_values import UnfitError, described, typed

_SET_OTHERWISE = frozenset(
    {"pre", "post", "dem", "hillshade", "slope", "masks", "aoi", "truth", "resume", "overwrite", "keep"}
)
"""Arguments that are files, or that landslip sets itself."""

_TEXTS = frozenset({"also"})
"""Options that are a text with commas, or a list."""


def option_hints() -> Mapping[str, Any]:
    """Options that parameters and the configuration may set, by their names in Python, with their types."""
    hints = get_type_hints(MapSceneArguments)
    return {name: hint for name, hint in hints.items() if name not in _SET_OTHERWISE}


def check_option(name: str, where: str) -> None:
    """Refuse a name that is none of an option.

    Raises:
        InputError: it is none.
    """
    known = option_hints()
    if name not in known:
        close = get_close_matches(name, known, 1)
        meant = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}."
        raise InputError(f"{where}: {shown(name)} is no option of a map that can be set there.", meant)


def parsed_option(name: str, text: str, where: str) -> Any:
    """An option by the text of a processing parameter.

    Args:
        name: the option in Python.
        text: its value; lists have commas or spaces.
        where: order and parameter, for messages.

    Raises:
        InputError: it is no value of that option.
    """
    hint = option_hints()[name]
    if name in _TEXTS:
        return text
    kinds = [part for part in (get_args(hint) or (hint,)) if get_origin(part) in {tuple, Sequence}]
    value: object = text.replace(",", " ").split() if kinds or get_origin(hint) in {tuple, Sequence} else text
    if value in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        value = str(value).lower()
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError:
        raise InputError(f"{where} is {shown(text)}.", f"Give {described(hint)}.") from None


def checked_option(name: str, value: Any, where: str) -> Any:
    """An option as the configuration gives it, in the types of TOML.

    Raises:
        InputError: it is no value of that option.
    """
    check_option(name, where)
    if name in _TEXTS:
        return value
    try:
        return typed(value, option_hints()[name], name)
    except UnfitError as error:
        raise InputError(f"{where}: {error}") from error
