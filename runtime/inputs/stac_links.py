"""STAC Items that Catalogs and Collections link to: followed within bounds, each file once.

Links with ``rel`` ``item`` and ``child`` are followed, in their order. Source: STAC 1.1, Catalog specification, "Link
Object" and "Relation types". A link that leads back to a file that was read is left, so that circles end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import Location, is_networked
from landslip.runtime.access.location import shown as shown_location
from landslip.runtime.access.web import read_address
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.stac_addresses import base_of, checked_href, joined, own_address
from landslip.runtime.inputs.stac_items import Item, check_number, items_of, kind_of, parsed_stac
from landslip.runtime.untrusted.json_text import MOST_BYTES
from landslip.runtime.untrusted.printable import printable, shown
from landslip.runtime.untrusted.toml_file import read_file

_LINKING = ("Catalog", "Collection")
_FOLLOWED = ("item", "child")
_MOST_FILES = 1000
"""Files that are read, Catalogs and Items together."""
_DEEPEST = 10
"""Links from the first file to the last one."""
_MOST_IN_ALL = 64 << 20
"""Bytes of all files."""
_LONGEST = 300.0
"""Seconds after which no other file is asked for."""
_PATH = 300
"""Most characters of an address in a message."""
_ALONE = "Give a Catalog of one event alone, or its Items."


def linked_items(content: bytes, location: Location) -> list[Item]:
    """The Items of a file, or those that it links to where it is a Catalog or a Collection.

    Args:
        content: its JSON text.
        location: the file.

    Raises:
        InputMissingError: a file that is linked to is not there.
        ConnectionLostError: a server cannot be reached.
        InputError: a file is damaged or holds something else, or there is no end of them.
    """
    name = shown_location(location)
    parsed = parsed_stac(content, name)
    if kind_of(parsed) not in _LINKING:
        return items_of(parsed, location)
    found: list[Item] = []
    for item in _Walk(location, len(content)).items(parsed, location, 0):
        found.append(item)
        check_number(len(found), f"{name}, with what it links to,")
    if not found:
        raise InputError(
            f"{name} links to no Items: it is a {kind_of(parsed)} without links of rel item.",
            "Give one that has them; of an API, the answer to its address of items.",
            where=name,
        )
    return found


class _Walk:
    """A walk along links from one file on."""

    def __init__(self, first: Location, size: int) -> None:
        self._seen = {_identity(first)}
        self._bytes_left = _MOST_IN_ALL - size
        self._end = time.monotonic() + _LONGEST

    def items(self, parsed: dict[str, Any], location: Location, depth: int) -> Iterator[Item]:
        """The Items that a Catalog or Collection links to, and those of its children."""
        for where, target in _links(parsed, location):
            identity = _identity(target)
            if identity in self._seen:
                continue
            if depth == _DEEPEST:
                raise InputError(f"{where} is more than {_DEEPEST} links from the first Catalog.", _ALONE)
            self._seen.add(identity)
            found = self._read(target, where)
            if kind_of(found) in _LINKING:
                yield from self.items(found, target, depth + 1)
            else:
                yield from items_of(found, target)

    def _read(self, target: Location, where: str) -> Any:
        if len(self._seen) > _MOST_FILES:
            raise InputError(f"{where} would be the file number {_MOST_FILES + 1}.", _ALONE)
        if time.monotonic() > self._end:
            raise InputError(f"{where} was not read: those before it took {_LONGEST:g} seconds.", _ALONE)
        try:
            content = read_file(target, "a scene") if isinstance(target, Path) else read_address(target, MOST_BYTES + 1)
        except InputMissingError as error:
            raise InputMissingError(
                f"{where} is {printable(shown_location(target), _PATH)}, which does not exist.",
                "Addresses are relative to the file that holds the link, or to its self link.",
                where=target,
            ) from error
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            raise InputError(f"{where}: the files up to it hold more than {_MOST_IN_ALL >> 20} MB.", _ALONE)
        return parsed_stac(content, shown_location(target))


def _links(parsed: dict[str, Any], location: Location) -> Iterator[tuple[str, Location]]:
    """Each link that is followed: what to call it in messages, and where it leads."""
    name, links = shown_location(location), parsed.get("links")
    if not isinstance(links, list):
        raise InputError(f"{name}: the links should be a list of JSON, and are {shown(links)}.", "Correct it.")
    base, own = base_of(location), own_address(parsed)
    for number, link in enumerate(links):
        if not isinstance(link, dict) or link.get("rel") not in _FOLLOWED:
            continue
        where = f"{name}: link {number + 1} ({link['rel']})"
        href = checked_href(link.get("href"), where)
        target = joined(href, where, base, own)
        if isinstance(target, Path) and is_networked(location):
            raise InputError(
                f"{where} names a file of this machine, {printable(str(target), _PATH)}, and comes from a server.",
                "Give that file yourself if it is meant.",
                where=name,
            )
        yield where, target


def _identity(location: Location) -> str:
    """Name of a file by which it is known when it comes again; of a web address without its fragment."""
    return os.path.realpath(location) if isinstance(location, Path) else location.partition("#")[0]
