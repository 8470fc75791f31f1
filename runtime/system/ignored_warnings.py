"""The filters of warnings, which belong to the whole process, from several threads at once.

``warnings.catch_warnings`` exchanges these filters and puts back those it found: where two threads overlap, the second
puts back the first one's, and the host never hears of those warnings again; or one of them is warned of what it meant
to ignore. Here a block adds a filter of its own and takes that one out again. Libraries that exchange the filters are
called by one thread at a time, in between.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any, cast

_EXCHANGE = RLock()


@contextmanager
def warnings_ignored(category: type[Warning]) -> Iterator[None]:
    """Ignore warnings of a category in the block, whatever the filters said before."""
    entry = ("ignore", None, category, None, 0)
    with filters_exchanged():
        filters = cast("list[Any]", warnings.filters)  # this list also if others exchange it meanwhile
        filters.insert(0, entry)
    try:
        yield
    finally:
        with filters_exchanged(), contextlib.suppress(ValueError):  # the host may have emptied the list
            filters.remove(entry)


@contextmanager
def filters_exchanged() -> Iterator[None]:
    """A block with a call that exchanges the filters: ``rasterio.features``, ``shapely.is_valid``. It has to be short.

    One thread at a time is in such a block, and none adds or removes a filter meanwhile.
    """
    with _EXCHANGE:
        yield
