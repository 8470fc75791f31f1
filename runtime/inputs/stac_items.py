"""STAC Items as plain values: what of them says which raster is what, checked and bounded.

What is read follows STAC 1.0 and 1.1: assets with ``href``, ``roles`` and bands (``bands`` or ``eo:bands``),
``datetime`` or ``start_datetime``, and the ``self`` link, which relative addresses are joined to.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.access.location import shown as shown_location
from landslip.runtime.declared.acquired import parsed_time
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.stac_addresses import address_of, base_of, checked_href, joined, own_address
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.printable import printable, shown

LANDSLIP_ROLES = ("pre", "post", "dem", "hillshade", "slope", "mask", "aoi")
"""Roles that an asset can be marked with."""

PREVIEWS = frozenset({"thumbnail", "overview"})
"""Roles of assets that are small pictures for people."""

_MOST_ITEMS = 500
_MOST_ASSETS = 500
_FIRST_GREEN = {"green_i", "green1", "psb.sd_green_i"}
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
    applied = properties.get("earthsearch:boa_offset_applied") is True
    known = _KnownBy(item, address_of(table, location), base_of(location), own, applied)
    time = _time(properties.get("datetime")) or _time(properties.get("start_datetime"))
    collection = table.get("collection")
    return Item(
        name=item,
        collection=collection if isinstance(collection, str) else "",
        time=time,
        role=_image_role(properties.get("landslip:role"), where),
        assets=tuple(_asset(known, time, key, asset, name) for key, asset in assets.items()),
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
    colours, described = _colours(table), _described_bands(table)
    return Asset(
        item=item.name,
        key=key,
        location=location,
        roles=roles,
        colours=colours,
        role=role,
        time=time,
        nodata=_nodata(table),
        radiometry=tuple(_radiometry(table, index, item.offset_applied) for index in range(len(colours))),
        labels=tuple(_label(band) for band in described),
        address=item.address,
    )


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


def _colours(table: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_colour(band) for band in _described_bands(table))


def _described_bands(table: dict[str, Any]) -> list[dict[str, Any]]:
    bands = _list(table.get("bands")) or _list(table.get("eo:bands"))
    return [band if isinstance(band, dict) else {} for band in bands[:_MOST_ASSETS]]


def _colour(band: dict[str, Any]) -> str:
    named = (band.get(key) for key in ("eo:common_name", "common_name", "name"))
    name = next((name for name in named if isinstance(name, str)), "").lower()
    # PlanetScope has two greens, of which this is not the one that others call so.
    return "green05" if name == "green" and _label(band).lower().replace(" ", "_") in _FIRST_GREEN else name


def _label(band: dict[str, Any]) -> str:
    name = band.get("name")
    return printable(name, _NAME) if isinstance(name, str) else ""


def _radiometry(table: dict[str, Any], index: int, applied: bool) -> tuple[float, float] | None:
    """Scale and offset of a band: in STAC 1.1 among its other facts or those of the asset, before that apart.

    Args:
        table: the asset.
        index: of the band.
        applied: the offset was added already.
    """
    apart = _list(table.get("raster:bands"))
    for facts in (*_list(table.get("bands"))[index : index + 1], *apart[index : index + 1], table):
        if not isinstance(facts, dict):
            continue
        scale = _number(facts, "raster:scale", "scale")
        offset = _number(facts, "raster:offset", "offset")
        if scale is not None and scale > 0:
            return scale, 0.0 if offset is None or applied else offset
    return None


def _number(facts: dict[str, Any], *keys: str) -> float | None:
    found = (facts.get(key) for key in keys)
    numbers = (float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool))
    return next((number for number in numbers if math.isfinite(number)), None)


def _nodata(table: dict[str, Any]) -> float | None:
    """The nodata value of an asset: of STAC 1.1 its own or that of its bands, before that of ``raster:bands``."""
    bands = [band for key in ("bands", "raster:bands") for band in _list(table.get(key))[:_MOST_ASSETS]]
    numbers = [entry.get("nodata") for entry in (table, *bands) if isinstance(entry, dict)]
    found = {float(value) for value in numbers if isinstance(value, int | float) and not isinstance(value, bool)}
    return next(iter(found)) if len(found) == 1 and all(map(math.isfinite, found)) else None


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
