"""Packages that only some commands and functions need: what to install is said where one is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from landslip.runtime.errors import UsageError


@contextmanager
def needs_extra(what: str, extra: str, others: Mapping[str, str] | None = None) -> Iterator[None]:
    """A context for imports.

    Args:
        what: what the packages are for, as its user calls it.
        extra: the extra of landslip that brings them.
        others: another one, by the name of a package that it does not bring.

    Raises:
        UsageError: one of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        named = (others or {}).get(error.name, extra)
        raise UsageError(
            f"{what} needs the package {error.name!r}, which is not installed.",
            f"Install it with: pip install 'landslip[{named}]'",
        ) from error
