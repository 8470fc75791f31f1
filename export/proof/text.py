"""Facts as text for people: one name and value a line, what is inside indented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from landslip.runtime.plain_text import printable

_WIDEST = 40
"""Most characters of a name."""
_MOST = 2000
"""Characters of a value."""


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
        elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
            yield label.rstrip()
            for entry in value:
                yield f"{indent}  - {_inline(entry)}"
        elif isinstance(value, list):
            yield f"{label}{'; '.join(_inline(entry) for entry in value) or 'none'}"
        else:
            yield f"{label}{_inline(value)}".rstrip()


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{printable(name, _WIDEST)} {_inline(entry)}" for name, entry in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return printable(str(value), _MOST)
