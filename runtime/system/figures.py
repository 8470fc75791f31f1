"""Figures that are found once and used again: a long look at files need not be repeated where its outcome is known.

Inside a block of :func:`figures_noted` what is found is noted, by what it was asked for; what is noted already is taken
as it is. Outside of one every figure is found anew. Figures are plain JSON values.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")


class _Notes:
    def __init__(self, values: MutableMapping[str, Any]) -> None:
        self.values = values
        self.asked: Counter[str] = Counter()


_notes: ContextVar[_Notes | None] = ContextVar("landslip_figures", default=None)


@contextmanager
def figures_noted(values: MutableMapping[str, Any]) -> Iterator[None]:
    """A block in which figures are taken from ``values``, and put there once they are found."""
    token = _notes.set(_Notes(values))
    try:
        yield
    finally:
        _notes.reset(token)


def figure(find: Callable[[], T], *asked: Any) -> T:
    """Figure that ``find`` gives, or gave when the same was asked for, as often, in the run whose figures are known.

    Args:
        find: the long look; it gives plain JSON values, with lists and not tuples.
        asked: what is looked for, in plain values: names without folders, since those may differ.
    """
    notes = _notes.get()
    if notes is None:
        return find()
    key = json.dumps(asked)
    notes.asked[key] += 1
    key = f"{key} {notes.asked[key]}"
    if key not in notes.values:
        notes.values[key] = find()
    found: T = notes.values[key]
    return found


def file_name(path: str) -> str:
    """The last part of a path or an address, which is the same wherever it lies."""
    return re.split(r"[/\\]", path)[-1]
