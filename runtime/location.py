"""Where files lie: local paths, web addresses, and GDAL's virtual names, told apart in one place.

A :data:`Location` is a ``Path`` where the file is local, and a ``str`` where only GDAL finds it: ``https://…``,
``s3://…``, ``/vsizip/…``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

Location: TypeAlias = "Path | str"
"""A local path, or a name that GDAL reads."""

Locations: TypeAlias = "Location | tuple[Location, ...] | None"
"""What a user gives for a role: nothing, one file, or several that belong together."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive
_WEB = ("http", "https", "ftp")


def located(text: str, folder: Path | None = None) -> Location:
    """A location from what a user wrote.

    Args:
        text: a path, an address, or a name such as ``/vsizip/...``.
        folder: what a relative path is relative to; None for the working directory.
    """
    if text.startswith("/vsi") or _SCHEME.match(text):
        return text
    return Path(text) if folder is None else folder / text


def several(given: Locations) -> tuple[Location, ...]:
    """The files that were given, none to many."""
    if given is None:
        return ()
    return given if isinstance(given, tuple) else (given,)


def is_remote(location: Location) -> bool:
    """Whether only GDAL can say if a file is there."""
    return isinstance(location, str)


def gdal_name(location: Location) -> str:
    """The name by which GDAL opens it."""
    text = str(location)
    return f"/vsicurl/{text}" if is_remote(location) and text.split("://", maxsplit=1)[0].lower() in _WEB else text


def shown(locations: Locations | Iterable[Location]) -> str:
    """Locations as messages and records may show them: without user, password and query."""
    if locations is None or isinstance(locations, str | Path):
        return "" if locations is None else _shown(locations)
    return ", ".join(_shown(location) for location in locations)


def _shown(location: Location) -> str:
    text = str(location)
    if not is_remote(location) or not (scheme := _SCHEME.search(text)):
        return text
    # A virtual name may hold an address behind a prefix: /vsicurl/https://…
    prefix, address = text[: scheme.start()], urlsplit(text[scheme.start() :])
    host = address.netloc.rpartition("@")[2]
    return f"{prefix}{address.scheme}://{host}{address.path}"
