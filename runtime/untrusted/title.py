"""Title that a user gives a map: one line, short, and nothing that a terminal or a page obeys."""

from __future__ import annotations

import unicodedata

from landslip.runtime.errors import UsageError

LONGEST = 200
"""Characters of a title at the most."""

_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, beyond the title itself."""


def checked_title(text: str | None) -> str | None:
    """A title with each run of spaces and line breaks as one space; None for one of nothing else.

    Raises:
        UsageError: the title is too long, or has characters that do not print.
    """
    if text is None:
        return None
    title = " ".join(text.split())
    if len(title) > LONGEST:
        raise UsageError(
            f"A title of {len(title)} characters does not fit on a map: give {LONGEST} at the most.", option="title"
        )
    for character in title:
        if character in _TURNS or unicodedata.category(character) in {"Cc", "Cs"}:
            raise UsageError(
                f"The title has a character that does not print (U+{ord(character):04X}): leave it out.",
                option="title",
            )
    return title or None
