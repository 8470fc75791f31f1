"""Facts as text for people: one name and value a line, what is inside indented."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from landslip.runtime.untrusted.printable import printable

_WIDEST = 40
"""Most characters of a name."""
_MOST = 2000
"""Characters of a value."""
_LINE = 118
"""Characters of a line that names several values, where no value is longer."""
_FEW = 20
"""Most entries of a plain list that get a line each."""
_NARROW = 40
"""Characters that are left for them however deep they lie."""


def facts_as_text(facts: Mapping[str, Any]) -> str:
    """Nested facts, in their order."""
    return "\n".join(_lines(facts, ""))


def _lines(facts: Mapping[str, Any], indent: str) -> Iterator[str]:
    width = min(_WIDEST, max(map(len, facts), default=0))
    for name, value in facts.items():
        label = f"{indent}{printable(name, _WIDEST):<{width}}  "
        if isinstance(value, Mapping):
            yield label.rstrip()
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, list) and (_is_nested(value) or (len(value) <= _FEW and len(_inline(value)) > _LINE)):
            yield label.rstrip()
            for entry in value:
                yield from _entry(entry, f"{indent}  ")
        else:
            yield f"{label}{_inline(value)}".rstrip()


def _entry(value: Any, indent: str) -> Iterator[str]:
    """An entry of a list: what is plain in it on lines of moderate length, and below that what is nested."""
    if not isinstance(value, Mapping):
        yield f"{indent}- {_inline(value)}"
        return
    nested = {name: inner for name, inner in value.items() if _is_nested(inner)}
    plain = _inline({name: inner for name, inner in value.items() if name not in nested})
    width = max(_NARROW, _LINE - len(indent))
    lines = textwrap.wrap(plain, width, break_long_words=False, break_on_hyphens=False)
    yield f"{indent}- {''.join(lines[:1])}".rstrip()
    yield from (f"{indent}  {line}" for line in lines[1:])
    yield from _lines(nested, f"{indent}  ")


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(each, Mapping) for each in value))


def _inline(value: Any) -> str:
    if isinstance(value, list):
        return printable("; ".join(map(_inline, value)) or "none", _MOST)
    if isinstance(value, Mapping):
        return ", ".join(f"{printable(name, _WIDEST)} {_inline(entry)}" for name, entry in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return printable(str(value), _MOST)
