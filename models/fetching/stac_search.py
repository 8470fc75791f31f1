"""Search of a STAC API for products over an area: ``GET /search`` page by page, checked and bounded.

Source: STAC API, Item Search 1.0: parameters ``collections``, ``bbox``, ``datetime``, ``limit``; further pages are
linked with ``rel`` ``next``.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import shapely
from shapely.errors import ShapelyError

from landslip.runtime.access.degree_box import DegreeBox
from landslip.runtime.access.location import Location, shown
from landslip.runtime.access.retries import pauses
from landslip.runtime.access.web import read_address
from landslip.runtime.declared.acquired import parsed_time
from landslip.runtime.errors import ConnectionLostError, InputError
from landslip.runtime.inputs.stac_addresses import checked_href, joined, own_address
from landslip.runtime.inputs.stac_items import parsed_stac
from landslip.runtime.untrusted.json_text import MOST_BYTES
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.printable import shown as shown_value

log = logging.getLogger(__name__)

_PAGE = 100
"""Items that are asked for at once."""
_MOST_PAGES = 20
_MOST_ASSETS = 200
_NAME = 120
_ADDRESS = 8000
_ELSEWHERE = re.compile(r"(https?|s3|gs|az)://|/vsi(curl|s3|gs|az)/")
"""Beginnings of addresses of files on servers."""


@dataclass(frozen=True)
class FoundItem:
    """An Item that a search found."""

    id: str
    """Id, as messages show it."""
    footprint: Any
    """Outline on the ground in degrees, a shapely geometry."""
    time: datetime | None
    """Time when it was taken."""
    properties: Mapping[str, Any]
    """Properties as the catalogue has them, not checked."""
    assets: Mapping[str, Mapping[str, Any]]
    """Assets by key, as the catalogue has them: objects, not checked."""
    address: str | None
    """Address of the Item, else of the page it stood on; relative addresses of files are relative to it."""

    def number(self, name: str) -> float | None:
        """A property that is a finite number; None where it is not."""
        value = self.properties.get(name)
        plain = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return float(value) if plain and value is not None else None

    def text(self, name: str) -> str:
        """A property that is a text, as messages may show it; empty where it is none."""
        value = self.properties.get(name)
        return printable(value, _NAME) if isinstance(value, str) else ""

    def location(self, key: str) -> Location:
        """Place of the file of an asset.

        Raises:
            InputError: its address is none, or of a file on this machine, which no catalogue is to name.
        """
        where = f"{self.id}/{printable(key, _NAME)}"
        href = checked_href(self.assets[key].get("href"), where)
        location = joined(href, where, self.address or "", self.address)
        if not _ELSEWHERE.match(str(location)):
            raise InputError(f"{where} has the href {shown_value(href)}, which is no address on the web.")
        return location


def search(catalog: str, collection: str, box: DegreeBox, span: str) -> list[FoundItem]:
    """The Items of a collection that a STAC API has for an area.

    Args:
        catalog: address of the API.
        collection: id of the collection.
        box: west, south, east, north in degrees.
        span: interval of RFC 3339 times, ``START/END``; empty for all.

    Raises:
        InputMissingError: there is no such catalogue or collection.
        ConnectionLostError: the server cannot be reached.
        InputError: it answers something else than STAC, or with too many Items.
    """
    asked = {"collections": collection, "bbox": ",".join(map(str, box)), "limit": str(_PAGE)}
    asked |= {"datetime": span} if span else {}
    address: str | None = f"{catalog.rstrip('/')}/search?{urlencode(asked)}"
    found: list[FoundItem] = []
    for _ in range(_MOST_PAGES):
        if address is None:
            return found
        page = _page(address)
        found += [_item(entry, address) for entry in page["features"]]
        address = _next(page, address)
    raise InputError(
        f"{shown(catalog)} has more than {_MOST_PAGES} pages of Items of {collection}.",
        "Give a smaller area, or dates that lie closer together.",
        where=shown(catalog),
    )


def _page(address: str) -> dict[str, Any]:
    name = shown(address)
    parsed = parsed_stac(_read(address), name)
    if not isinstance(parsed, dict) or not isinstance(parsed.get("features"), list):
        raise InputError(
            f"{name} answers without Items: it is no search of a STAC API.",
            "Give the address of the API, such as https://earth-search.aws.element84.com/v1.",
            where=name,
        )
    return parsed


def _read(address: str) -> bytes:
    for pause in pauses():
        try:
            return read_address(address, MOST_BYTES + 1)
        except ConnectionLostError as error:
            log.info("%s; the next attempt is in %.3g s", error.what.rstrip("."), pause)
            time.sleep(pause)
    return read_address(address, MOST_BYTES + 1)


def _next(page: Mapping[str, Any], here: str) -> str | None:
    links = page.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next":
            href = link.get("href")
            good = isinstance(href, str) and href.startswith(("http://", "https://")) and len(href) <= _ADDRESS
            if not good or str(link.get("method", "GET")).upper() != "GET":
                raise InputError(
                    f"{shown(here)} links to its next page with {shown_value(link)}, which cannot be followed.",
                    "Give a smaller area, or dates that lie closer together.",
                    where=shown(here),
                )
            return str(href)
    return None


def _item(entry: Any, where: str) -> FoundItem:
    table = entry if isinstance(entry, dict) else {}
    properties, assets = table.get("properties"), table.get("assets")
    if not isinstance(table.get("id"), str) or not isinstance(properties, dict) or not isinstance(assets, dict):
        raise InputError(f"{shown(where)} answers with something that is no STAC Item.", where=shown(where))
    given = properties.get("datetime") or properties.get("start_datetime")
    try:
        taken = parsed_time(given)[0] if isinstance(given, str) else None
    except ValueError:
        taken = None
    kept = list(assets.items())[:_MOST_ASSETS]
    return FoundItem(
        id=printable(table["id"], _NAME),
        footprint=_footprint(table, where),
        time=taken,
        properties=properties,
        assets={key: asset for key, asset in kept if isinstance(asset, dict)},
        address=own_address(table) or where,
    )


def _footprint(table: Mapping[str, Any], where: str) -> Any:
    try:
        return shapely.make_valid(shapely.from_geojson(json.dumps(table.get("geometry"))))
    except (ShapelyError, TypeError, ValueError) as error:
        raise InputError(
            f"{shown(where)} has an Item {shown_value(table.get('id'))} without an outline.", where=shown(where)
        ) from error
