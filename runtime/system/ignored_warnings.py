"""Warnings that are ignored for a while, from several threads at once.

``warnings.catch_warnings`` exchanges the filters of the whole process and puts back those it found: where two threads
overlap, the second puts back the first one's, and the host never hears of those warnings again. Here each block adds a
filter of its own and takes that one out again.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast


@contextmanager
def warnings_ignored(category: type[Warning]) -> Iterator[None]:
    """Ignore warnings of a category in the block, whatever the filters said before."""
    filters = cast("list[Any]", warnings.filters)  # this list also if others exchange it meanwhile
    entry = ("ignore", None, category, None, 0)
    filters.insert(0, entry)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the host may have emptied the list
            filters.remove(entry)
