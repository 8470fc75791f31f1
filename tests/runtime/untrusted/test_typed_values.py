"""Values of a file become what the fields of a dataclass are, or are refused: whatever fields there will be."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, field, fields
from typing import Literal, get_type_hints

import pytest

from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.untrusted.typed_values import UnfitError, described, typed


@dataclass(frozen=True)
class Kinds:
    text: str | None = None
    number: float = 0.0
    count: int = 0
    flag: bool = False
    choice: Literal["stop", "skip"] = "stop"
    pair: tuple[float, float] | None = None
    several: tuple[int, ...] = field(default=())
    either: tuple[float, float] | str | None = None


HINTS = get_type_hints(Kinds)


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("text", "a", "a"),
        ("number", 3, 3.0),
        ("number", -0.5, -0.5),
        ("count", 3, 3),
        ("flag", True, True),
        ("choice", "skip", "skip"),
        ("pair", [1, 2.5], (1.0, 2.5)),
        ("several", [3, 2, 1], (3, 2, 1)),
        ("several", [], ()),
        ("either", [1, 2], (1.0, 2.0)),
        ("either", "auto", "auto"),
    ],
)
def test_values_that_fit(name, value, taken):
    found = typed(value, HINTS[name], plain=True)
    assert found == taken
    assert type(found) is type(taken)
    assert all(type(a) is type(b) for a, b in zip(found, taken, strict=True)) if isinstance(found, tuple) else True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, None) for name in ("number", "count", "flag", "choice", "several")],
        *[(name, value) for name in HINTS for value in ({}, {"a": 1}, math.nan, datetime.date(1, 1, 1), [None])],
        ("text", 1), ("text", ""), ("text", "a\n"), ("text", "x" * 3000), ("text", ["a"]),
        ("number", True), ("number", "1"), ("number", math.inf), ("number", 10**400), ("number", [1]),
        ("count", 1.0), ("count", True), ("count", 1 << 64),
        ("flag", 1), ("flag", "true"),
        ("choice", "Skip"), ("choice", 0),
        ("pair", [1]), ("pair", [1, 2, 3]), ("pair", 1), ("pair", [1, "2"]),
        ("several", [1.5]), ("several", 1), ("several", [[1]]),
        ("either", [1]), ("either", 1),
    ],
)  # fmt: skip
def test_values_that_do_not(name, value):
    with pytest.raises(UnfitError):
        typed(value, HINTS[name], plain=True)


def test_what_is_wanted_is_said():
    assert {name: described(hint) for name, hint in HINTS.items()} == {
        "text": "a text",
        "number": "a number",
        "count": "a whole number",
        "flag": "true or false",
        "choice": "'stop' or 'skip'",
        "pair": "a list of 2 numbers",
        "several": "a list of whole numbers",
        "either": "a list of 2 numbers or a text",
    }


def test_every_choice_of_reading_can_be_written_in_a_file():
    for name, hint in get_type_hints(ReadOptions).items():
        assert described(hint) != "a value", name
    assert {entry.name for entry in fields(ReadOptions)} == set(get_type_hints(ReadOptions))
