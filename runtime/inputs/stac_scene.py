"""A scene from STAC Items: which asset is the image before, the image after, the elevation model, a mask.

What an Item says in landslip's own words counts first: an asset with ``"landslip:role": "pre"``, or with
``landslip:pre`` as its key or one of its roles. The words are pre, post, dem, hillshade, slope, mask (nonzero = not
usable) and aoi; ``landslip:role`` among the properties of an Item says which image its own is. For the rest:

- **Images**: the Items with an image in natural colours; of two, the earlier is pre and the later is post. That image
  is the asset of the key or role ``visual``, else the one whose bands are red, green and blue, else three of one band
  each. Several Items, or assets, that are marked as the same image are its tiles.
- **Masks**: assets with the role ``cloud``, ``cloud-shadow`` or ``snow-ice``. Not ``data-mask``: what its values mean
  differs, and in most of them nonzero is what can be used.
- **Terrain**: assets with the key or role ``dem`` or ``elevation``, or ``data`` of an Item that is called so; several
  are tiles of one model. Without one, the assets with the key or role ``hillshade`` and ``slope``.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.access.location import shown as shown_location
from landslip.runtime.artifacts.channels import DATES
from landslip.runtime.declared.bands import COLOURS
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.scene_files import ItemGranule, SourceItem
from landslip.runtime.inputs.stac_granules import granule_of_item, product_mask
from landslip.runtime.inputs.stac_items import LANDSLIP_ROLES, PREVIEWS, Asset, Item
from landslip.runtime.inputs.stac_links import linked_items
from landslip.runtime.untrusted.printable import printable

log = logging.getLogger(__name__)

_CLOUDS = frozenset({"cloud", "cloud-shadow", "snow-ice"})
_ELEVATION = re.compile(r"(^|[^a-z0-9])(dem|elevation)([^a-z0-9]|$)", re.IGNORECASE)
_MANY = 12
"""Most names in a message."""
_LENGTH = 300
_MARK = 'Mark the right ones with "landslip:role": pre, post, dem, hillshade, slope, mask or aoi'


def scene_of_stac(content: bytes, location: Location) -> dict[str, Any]:
    """The fields of a scene that STAC Items give.

    Args:
        content: an Item, an ItemCollection, a list of Items, or a Catalog or Collection that links to Items, in JSON.
        location: the file it is from.

    Raises:
        InputMissingError: a file that is named is not there.
        InputError: the Items are damaged, or do not say which image is which.
    """
    name = shown_location(location)
    items = linked_items(content, location)
    marked = {role: _marked(items, role) for role in LANDSLIP_ROLES}
    found: dict[str, Sequence[Asset]] = {role: assets for role, assets in marked.items() if assets}
    if not found.keys() & {"pre", "post"}:
        found |= _images(items, name)
    if not found.keys() & {"dem", "hillshade", "slope"}:
        found |= _terrain(items, name)
    if "mask" not in found:
        found["mask"] = _masks(items)
    return {**_fields(found, name), "item_granules": _granules(found, items)}


def _granules(found: Mapping[str, Sequence[Asset]], items: Sequence[Item]) -> tuple[ItemGranule, ...]:
    """Granules of the Items that an image was found in, if all of the Item is of one date."""
    granules = []
    for item in items:
        dates = {asset.role for asset in item.assets if asset.role in DATES}
        for date in DATES:
            locations = tuple(asset.location for asset in found.get(date, ()) if asset in item.assets)
            if locations and dates <= {date} and (granule := granule_of_item(item)) is not None:
                granules.append(ItemGranule(date, locations, granule))
    return tuple(granules)


def _marked(items: Sequence[Item], role: str) -> list[Asset]:
    return [asset for item in items for asset in item.assets if asset.role == role]


def _images(items: Sequence[Item], name: str) -> dict[str, Sequence[Asset]]:
    images = [(item, rgb) for item in items if (rgb := _natural_colours(item, name))]
    marked = _tiles([(item.role, rgb) for item, rgb in images if item.role is not None], name)
    if len(marked) == 2:
        return marked
    if len(images) != 2:
        raise InputError(
            f"{name} holds {len(images)} Item{'s' * (len(images) != 1)} with an image in natural colours, and two are "
            f"needed, one from before the event and one from after. {_found(items)}. {_MARK}."
        )
    (first, before), (second, after) = images
    if first.role == "post" or second.role == "pre" or (not marked and _later(first, second, name)):
        before, after = after, before
    log.info("%s: before the event %s, after it %s", name, before[0].item, after[0].item)
    return {"pre": before, "post": after}


def _tiles(marked: Sequence[tuple[str, Sequence[Asset]]], name: str) -> dict[str, Sequence[Asset]]:
    """The images that Items are marked as; several of one role are tiles, each one asset that has all colours."""
    found: dict[str, list[Sequence[Asset]]] = {}
    for role, rgb in marked:
        found.setdefault(role, []).append(rgb)
    for role, tiles in found.items():
        if len(tiles) > 1 and any(len(rgb) > 1 for rgb in tiles):
            raise InputError(
                f"{name}: several Items are marked as the image {role}, and one of them has its colours in three "
                "files. Tiles of an image need all colours in one: mark one Item, or give files that have them."
            )
    return {role: [asset for rgb in tiles for asset in rgb] for role, tiles in found.items()}


def _later(first: Item, second: Item, name: str) -> bool:
    """Tell whether the first of two Items is the later one."""
    if first.time is None or second.time is None or first.time == second.time:
        raise InputError(
            f"{name}: {first.name} is of {first.time or 'unknown time'} and {second.name} of "
            f"{second.time or 'unknown time'}, so which is before the event is unknown. {_MARK}."
        )
    return first.time > second.time


def _natural_colours(item: Item, name: str) -> Sequence[Asset]:
    """The RGB image of an Item, as one asset or three; none where it has none."""
    assets = [asset for asset in item.assets if asset.role is None and not asset.roles & PREVIEWS]
    visual = [asset for asset in assets if asset.key == "visual"] or [a for a in assets if "visual" in a.roles]
    joined = visual or [asset for asset in assets if all(asset.colours.count(colour) == 1 for colour in COLOURS)]
    joined = _finest(joined)
    if len(joined) > 1:
        raise InputError(f"{name}: {_names(joined)} are all images in natural colours of one Item. {_MARK}.")
    if joined:
        return joined
    single = {colour: [asset for asset in assets if asset.colours == (colour,)] for colour in COLOURS}
    return [each[0] for each in single.values()] if all(len(each) == 1 for each in single.values()) else ()


def _finest(assets: list[Asset]) -> list[Asset]:
    """The smallest pixels of one image at several resolutions; all assets where they do not say the size."""
    sizes = [asset.metres for asset in assets if asset.metres is not None]
    if len(sizes) < len(assets):
        return assets
    return [asset for asset in assets if asset.metres == min(sizes)]


def _terrain(items: Sequence[Item], name: str) -> dict[str, Sequence[Asset]]:
    tiles: list[Asset] = []
    for item in items:
        models = [asset for asset in item.assets if _called(asset, "dem") or _called(asset, "elevation")]
        if not models and _ELEVATION.search(f"{item.collection} {item.name}"):
            models = [asset for asset in item.assets if asset.key == "data"]
        if len(models) > 1:
            raise InputError(f"{name}: {_names(models)} are all elevation models of one Item. {_MARK}.")
        tiles += models
    if tiles:
        return {"dem": tiles}
    ready: dict[str, Sequence[Asset]] = {}
    for role in ("hillshade", "slope"):
        if assets := [asset for item in items for asset in item.assets if _called(asset, role)]:
            ready[role] = assets
    return ready


def _called(asset: Asset, what: str) -> bool:
    return asset.role is None and not asset.roles & PREVIEWS and (asset.key == what or what in asset.roles)


def _masks(items: Sequence[Item]) -> list[Asset]:
    free = [asset for item in items for asset in item.assets if asset.role is None]
    masks = [asset for asset in free if asset.roles & _CLOUDS]
    known = [asset for asset in free if product_mask(asset) is not None]
    left = [asset for asset in free if "data-mask" in asset.roles and asset not in (*masks, *known)]
    if left:
        log.warning(
            "%s: a data-mask, whose values can mean either, is not used. If nonzero is not usable there, mark it with "
            '"landslip:role": "mask".',
            _names(left),
        )
    return masks


def _fields(found: dict[str, Sequence[Asset]], name: str) -> dict[str, Any]:
    for asset in (asset for assets in found.values() for asset in assets):
        if isinstance(asset.location, Path) and not os.path.exists(asset.location):  # noqa: PTH110 - Path.exists may raise
            raise InputMissingError(
                f"{name}: {asset.shown} is {printable(str(asset.location), _LENGTH)}, which does not exist.",
                "Relative addresses are relative to the file, or to the self link of the Item.",
                where=asset.location,
            )
    sources = tuple(_source(asset) for assets in found.values() for asset in assets)
    fields: dict[str, Any] = {"masks": tuple(asset.location for asset in found.pop("mask", ())), "sources": sources}
    reading = _reading(found)
    if reading:
        fields["reading"] = reading
    for role, assets in found.items():
        if role in {"hillshade", "slope", "aoi"} and len(assets) > 1:
            raise InputError(f"{name}: {_names(assets)} are all given as {role}, and it can be but one. {_MARK}.")
        locations = tuple(asset.location for asset in assets)
        fields[role] = locations[0] if len(locations) == 1 else locations
    return fields


def _source(asset: Asset) -> SourceItem:
    return SourceItem(asset.location, asset.item, asset.address)


def _reading(found: dict[str, Sequence[Asset]]) -> dict[str, Any]:
    """Options for reading images that the Items give: their dates, nodata values, and the order of their bands."""
    options: dict[str, Any] = {}
    for role in ("pre", "post"):
        if times := [asset.time for asset in found.get(role, ()) if asset.time is not None]:
            options[f"{role}_date"] = min(times).isoformat()
        numbers = {asset.nodata for asset in found.get(role, ())}
        if len(numbers) == 1 and None not in numbers:
            options[f"{role}_nodata"] = numbers.pop()
    images = [found.get(role, ()) for role in ("pre", "post")]
    orders = {_order(asset.colours) for assets in images for asset in assets if not _one_band_each(assets)}
    if len(orders) == 1 and None not in orders:
        options["bands"] = orders.pop()
    return options


def _one_band_each(assets: Sequence[Asset]) -> bool:
    return len(assets) == len(COLOURS) and all(len(asset.colours) == 1 for asset in assets)


def _order(colours: Sequence[str]) -> tuple[int, ...] | None:
    """Bands that are red, green and blue, where the Item names more than these three, or them in another order."""
    if tuple(colours) == COLOURS or any(colours.count(colour) != 1 for colour in COLOURS):
        return None
    return tuple(colours.index(colour) + 1 for colour in COLOURS)


def _found(items: Sequence[Item]) -> str:
    names = [asset.shown for item in items for asset in item.assets]
    rest = f" and {len(names) - _MANY} more" if len(names) > _MANY else ""
    return f"Its assets are {', '.join(names[:_MANY])}{rest}" if names else "It has no assets"


def _names(assets: Sequence[Asset]) -> str:
    return " and ".join(asset.shown for asset in assets[:_MANY])
