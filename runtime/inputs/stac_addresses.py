"""Addresses in STAC files: of what they name, and of themselves."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import Location, is_remote, located
from landslip.runtime.access.location import shown as shown_location
from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.printable import shown

_ADDRESS = 4000
"""Most characters of an address; signed ones are long."""
_MOST_LINKS = 500
"""Links that are looked at for the address of a file."""
_REMOTE = re.compile(r"(https?|s3|gs|az)://")


def checked_href(href: Any, where: str) -> str:
    """An address that a file gives, which is a text of a bounded length.

    Raises:
        InputError: it is none.
    """
    if not isinstance(href, str) or not href or len(href) > _ADDRESS or not href.isprintable():
        raise InputError(f"{where} has the href {shown(href)}, which is no address.", "Correct it.")
    return href


def joined(href: str, where: str, base: Location, own_address: str | None) -> Location:
    """Relative to the file where that is there, as in a folder that was copied, else to where it says it lies.

    Raises:
        InputError: it is no address.
    """
    try:
        location = located(href, base)
        if is_remote(location) or own_address is None or os.path.exists(location):  # noqa: PTH110 - Path.exists may raise
            return location
        return located(href, own_address)
    except ValueError as error:
        raise InputError(
            f"{where} has the href {shown(href)}, which is no address ({error}).", "Correct it."
        ) from error


def base_of(location: Location) -> Location:
    """Base of relative addresses in a file: the folder of a local one, and the address itself of another."""
    return location.parent if isinstance(location, Path) else location


def own_address(table: dict[str, Any], *relations: str) -> str | None:
    """Address where a file says it lies, in a ``self`` link.

    Args:
        table: an Item, Catalog or Collection.
        relations: relations of links that will do where no ``self`` link gives one.
    """
    links = table.get("links")
    for relation in ("self", *relations):
        for link in links[:_MOST_LINKS] if isinstance(links, list) else ():
            if isinstance(link, dict) and link.get("rel") == relation:
                href = link.get("href")
                if isinstance(href, str) and _REMOTE.match(href) and len(href) <= _ADDRESS and href.isprintable():
                    return href
    return None


def address_of(table: dict[str, Any], location: Location) -> str | None:
    """Address by which others know an Item, without secrets; None where it has none beyond this machine."""
    found = own_address(table, "canonical") or (str(location) if is_remote(location) else None)
    return shown_location(found) if found is not None and _REMOTE.match(found) else None
