"""HTML made of parts: texts are escaped where they are put in, so that nothing of a file becomes markup."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

from landslip.runtime.untrusted.printable import printable

LONGEST = 400
"""Most characters of a text of others: a path, a name, a sentence."""

_EMPTY = frozenset({"br", "img", "input", "rect", "path", "line", "use"})
"""Elements without an end."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def told(text: str) -> str:
    """A text of others as a page may show it: one line, bounded, nothing that does not print or turns directions."""
    return printable(text, LONGEST)


def escaped(part: Any) -> Markup:
    """Text, number or markup as markup."""
    return part if isinstance(part, Markup) else Markup(html.escape(str(part), quote=True))


def joined(parts: Iterable[Any]) -> Markup:
    """Parts behind one another."""
    return Markup("".join(escaped(part) for part in parts))


def element(name: str, *parts: Any, **attributes: Any) -> Markup:
    """An element with its parts; texts and values are escaped.

    Args:
        name: of the element.
        parts: what it holds, texts or markup.
        attributes: by name; a trailing underscore is left out and others become hyphens, None leaves one out, and True
            gives one without a value.
    """
    said = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{said}>" if name in {"br", "img", "input"} else f"<{name}{said}/>")
    return Markup(f"<{name}{said}>{joined(parts)}</{name}>")


def json_block(identity: str, value: Any) -> Markup:
    """A block of data for a script: JSON in ASCII that cannot end the element it is in."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for letter, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(letter, code)
    return Markup(f'<script type="application/json" id="{html.escape(identity)}">{text}</script>')


def _attribute(name: str, value: Any) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value), quote=True)}"'
