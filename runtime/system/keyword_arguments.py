"""Names of keyword arguments that a function passes on, checked as Python checks those of its own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def check_names(given: Iterable[str], known: Iterable[str], function: str) -> None:
    """Make sure that a function knows the names of its arguments.

    Args:
        given: names that a caller gives.
        known: names that there are.
        function: the function that is called.

    Raises:
        TypeError: a name is unknown; the message has the one that is nearest.
    """
    names = set(known)
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f". Did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
