"""Watch over blocks of ``warnings.catch_warnings``: how many are open at once, in all threads together."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def blocks_at_once() -> Iterator[list[int]]:
    """Fill a list with how many blocks are open whenever one begins; another thread has its turn then, if it may."""
    enter, leave = warnings.catch_warnings.__enter__, warnings.catch_warnings.__exit__
    inside: list[object] = []
    counts: list[int] = []

    def entered(block: warnings.catch_warnings) -> object:
        inside.append(block)
        counts.append(len(inside))
        time.sleep(0.002)
        return enter(block)

    def left(block: warnings.catch_warnings, *reason: object) -> None:
        inside.remove(block)
        leave(block, *reason)

    with mock.patch.multiple(warnings.catch_warnings, __enter__=entered, __exit__=left):
        yield counts
