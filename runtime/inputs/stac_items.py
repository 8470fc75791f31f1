"""STAC Items as plain values: what of them says which raster is what, checked and bounded.

What is read follows STAC 1.0 and 1.1: assets with ``href``, ``roles`` and bands (``bands`` or ``eo:bands``),
``datetime`` or ``start_datetime``, and the ``self`` link, which relative addresses are joined to.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.access.location import shown as shown_location
from landslip.runtime.declared.acquired import parsed_time
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.stac_addresses import address_of, base_of, checked_href, joined, own_address
from landslip.runtime.inputs.stac_bands import (
    colour_of,
    described_bands,
    is_jp2,
    label_of,
    metres_of,
    nodata_of,
    radiometry_of,
    says_applied,
)
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.printable import printable, shown

LANDSLIP_ROLES = ("pre", "post", "dem", "hillshade", "slope", "mask", "aoi")
"""Roles that an asset can be marked with."""

PREVIEWS = frozenset({"thumbnail", "overview"})
"""Roles of assets that are small pictures for people."""

_MOST_ITEMS = 500
_MOST_ASSETS = 500
_NAME = 60
"""Most characters of a name in a message."""
_REASON = 200


@dataclass(frozen=True)
class Asset:
    """One file of an Item."""

    item: str
    """Name of its Item, for messages."""
    key: str
    """Key of the asset in the Item."""
    location: Location
    """Location of its file."""
    roles: frozenset[str]
    """Roles that the Item says it has."""
    colours: tuple[str, ...]
    """Common name of each band, such as ``red``; empty where they are not named."""
    role: str | None
    """Role in a scene of landslip's, where the Item says so."""
    time: datetime | None
    """Time when it was taken; of a span of time, the start."""
    nodata: float | None = None
    """The number that means unknown, where the Item gives one for all bands."""
    radiometry: tuple[tuple[float, float] | None, ...] = ()
    """Scale and offset of each band in ``colours``; None where the Item does not state them."""
    labels: tuple[str, ...] = ()
    """Name of each band, such as ``B04``; empty where they have none."""
    metres: float | None = None
    """Size of its pixels; None where nothing says so."""
    offset_applied: bool = False
    """True if the radiometric offset of the product was added to its numbers already."""
    address: str | None = None
    """Address of its Item on the web, without secrets; None where the Item is known on this machine alone."""

    @property
    def shown(self) -> str:
        """Name for messages."""
        return f"{self.item}/{printable(self.key, _NAME)}"


@dataclass(frozen=True)
class Item:
    """One Item."""

    name: str
    """Id, as messages show it."""
    collection: str
    """The collection it is of; empty where it does not say."""
    time: datetime | None
    """Time when it was taken; of a span of time, the start."""
    role: str | None
    """Role of its image in a scene, where it says so: pre or post."""
    assets: tuple[Asset, ...]
    """Files of the Item."""
    is_sentinel2: bool = False
    """True if it is of Sentinel-2."""
    baseline: str = ""
    """Processing baseline of Sentinel-2, such as ``05.09``; empty where it does not say."""


def parsed_stac(content: bytes, name: str) -> Any:
    """The value of a JSON text that should hold something of STAC.

    Raises:
        InputError: it is damaged or too large.
    """
    if len(content) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES >> 20} MB.", "Give the Items of one event alone.")
    try:
        return parse_json(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not in JSON: {printable(str(error), _REASON)}.", "Save it again.") from error


def items_of(parsed: Any, location: Location) -> list[Item]:
    """The Items in one file: an Item, an ItemCollection, or a list.

    Args:
        parsed: value of its JSON text.
        location: the file; relative addresses are relative to it.

    Raises:
        InputError: it holds something else, or too many.
    """
    name = shown_location(location)
    items = _listed(parsed, name)
    check_number(len(items), name)
    return [_item(entry, name, location) for entry in items]


def check_number(items: int, name: str) -> None:
    """Make sure that there are Items, and not more than a scene can have.

    Raises:
        InputError: it is not so.
    """
    if not 0 < items <= _MOST_ITEMS:
        raise InputError(f"{name} holds {items} Items.", "Give those of one event: an image before, and one after.")


def kind_of(parsed: Any) -> Any:
    """The type that a JSON value says it is of, such as ``Feature`` or ``Catalog``; None where it says none."""
    return parsed.get("type") if isinstance(parsed, dict) else None


def _listed(parsed: Any, name: str) -> list[Any]:
    if isinstance(parsed, list):
        return parsed
    kind = kind_of(parsed)
    if kind == "Feature":
        return [parsed]
    if kind == "FeatureCollection" and isinstance(parsed.get("features"), list):
        features: list[Any] = parsed["features"]
        return features
    raise InputError(
        f"{name} is of type {shown(kind)}, not a STAC Item (Feature), ItemCollection (FeatureCollection), Catalog or "
        "Collection.",
        "Give one of these.",
    )


def _item(entry: Any, name: str, location: Location) -> Item:
    table = _table(entry, name, "an Item")
    found = table.get("id")
    item = printable(found, _NAME) if isinstance(found, str) and found else "an Item without an id"
    where = f"{name}: {item}"
    assets = _table(table.get("assets"), where, "the assets")
    if len(assets) > _MOST_ASSETS:
        raise InputError(f"{where} has {len(assets)} assets.", "Keep those that make the scene.")
    properties = table.get("properties")
    properties = {} if properties is None else _table(properties, where, "the properties")
    own = own_address(table)
    known = _KnownBy(item, address_of(table, location), base_of(location), own, says_applied(properties))
    time = _time(properties.get("datetime")) or _time(properties.get("start_datetime"))
    collection = table.get("collection")
    return Item(
        name=item,
        collection=collection if isinstance(collection, str) else "",
        time=time,
        role=_image_role(properties.get("landslip:role"), where),
        assets=tuple(_asset(known, time, key, asset, name) for key, asset in assets.items()),
        is_sentinel2=_is_sentinel2(properties),
        baseline=_text(properties, "s2:processing_baseline", "sentinel:processing_baseline", "processing:version"),
    )


@dataclass(frozen=True)
class _KnownBy:
    """The Item of an asset, and what relative addresses in it are joined to."""

    name: str
    address: str | None
    base: Location
    own_address: str | None
    offset_applied: bool
    """The offset that its bands state was added to their numbers already, as Earth Search does and says."""


def _asset(item: _KnownBy, time: datetime | None, key: str, entry: Any, name: str) -> Asset:
    where = f"{name}: asset {printable(key, _NAME)} of {item.name}"
    table = _table(entry, where, "it")
    href = checked_href(table.get("href"), where)
    roles = frozenset(role for role in _list(table.get("roles")) if isinstance(role, str))
    named = [table.get("landslip:role"), *(role for role in {key, *roles} if role.startswith("landslip:"))]
    marked = {_landslip_role(each, where) for each in named if each is not None}
    if len(marked) > 1:
        raise InputError(
            f"{where} is marked as {' and '.join(sorted(filter(None, marked)))}.", "Mark it as one of them."
        )
    location = joined(href, where, item.base, item.own_address)
    role = next(iter(marked), None)
    described = described_bands(table)
    applied = item.offset_applied and not is_jp2(key, location)  # GeoTIFFs alone are made anew
    return Asset(
        item=item.name,
        key=key,
        location=location,
        roles=roles,
        colours=tuple(map(colour_of, described)),
        role=role,
        time=time,
        nodata=nodata_of(table),
        radiometry=tuple(radiometry_of(table, index, applied) for index in range(len(described))),
        labels=tuple(map(label_of, described)),
        metres=metres_of(key, table),
        offset_applied=applied,
        address=item.address,
    )


def _is_sentinel2(properties: dict[str, Any]) -> bool:
    named = re.sub(r"[ _]", "-", _text(properties, "constellation", "platform").lower())
    return named.startswith("sentinel-2") or any(key.startswith("s2:") for key in properties)


def _text(properties: dict[str, Any], *keys: str) -> str:
    """The first of some properties that is a text."""
    return printable(next((properties[key] for key in keys if isinstance(properties.get(key), str)), ""), _NAME)


def _landslip_role(value: Any, where: str) -> str | None:
    if value is None:
        return None
    role = value.removeprefix("landslip:") if isinstance(value, str) else value
    if role not in LANDSLIP_ROLES:
        raise InputError(
            f"{where} is marked with {shown(value)}, which is no role. It can be {', '.join(LANDSLIP_ROLES)}."
        )
    return str(role)


def _image_role(value: Any, where: str) -> str | None:
    role = _landslip_role(value, where)
    if role not in {None, "pre", "post"}:
        raise InputError(f"{where} is marked as {role}. An Item can be pre or post; mark its assets for the rest.")
    return role


def _time(value: Any) -> datetime | None:
    """RFC 3339, as STAC wants it."""
    with contextlib.suppress(ValueError):
        return parsed_time(value)[0] if isinstance(value, str) else None
    return None


def _table(value: Any, where: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{where}: {what} should be an object of JSON, and is {shown(value)}.", "Give a STAC Item.")
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
