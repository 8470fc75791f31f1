"""Packages that only some commands and functions need: what to install is said where one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from landslip.runtime.errors import UsageError


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """A context for imports.

    Args:
        what: what the packages are for, as its user calls it.
        extra: the extra of landslip that brings them.

    Raises:
        UsageError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        raise UsageError(
            f"{what} needs the package {error.name!r}, which is not installed.",
            f"Install it with: pip install 'landslip[{extra}]'",
        ) from error
