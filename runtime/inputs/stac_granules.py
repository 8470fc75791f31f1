"""Granules that STAC Items describe: bands by common name with scale and offset, a picture, a mask of clouds.

What is read follows STAC 1.0 and 1.1: names of bands in ``bands`` or ``eo:bands`` (extension eo), scale and offset of
each in ``bands`` or ``raster:bands`` (extension raster, https://github.com/stac-extensions/raster). Items that do not
state these are taken by the names of their files, as products are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from landslip.runtime.access.location import Location, shown
from landslip.runtime.artifacts.channels import ALIASES, BAND_NAMES
from landslip.runtime.declared.acquired import Acquired
from landslip.runtime.inputs.granules import BandFile, Granule, MaskKind, ProductMask
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.inputs.stac_items import PREVIEWS, Asset, Item
from landslip.runtime.inputs.stac_sentinel2 import sentinel2_bands

_REFLECTED = frozenset(name for name in BAND_NAMES if not name.startswith("lwir"))
"""Names of bands of reflected light; what the ground radiates has no reflectance."""
_MASKS: dict[MaskKind, re.Pattern[str]] = {
    "qa_pixel": re.compile(r"(^|_)qa_pixel(\.|_|$)", re.IGNORECASE),
    "scl": re.compile(r"(^|_)scl(\.|_|$)", re.IGNORECASE),
    "udm2": re.compile(r"(^|_)udm2(\.|_|$)", re.IGNORECASE),
}
_UNSTATED = (
    "does not say how its numbers become reflectance, and neither does its STAC Item. Add scale and offset to the Item "
    "(raster:bands)."
)


def granule_of_item(item: Item) -> Granule | None:
    """The granule that an Item describes; None where it names no band of it and has no mask that is known."""
    free = [asset for asset in item.assets if not asset.roles & PREVIEWS and asset.role in {None, "pre", "post"}]
    bands = sentinel2_bands(item, free) if item.is_sentinel2 else _all_bands(free)
    masks = ((asset, mask) for asset in free if (mask := product_mask(asset)) is not None)
    mask = min(masks, key=lambda found: found[0].metres or 0, default=(None, None))[1]
    if not bands and mask is None:
        return None
    pictures = sorted((asset for asset in free if _is_visual(asset)), key=lambda asset: asset.metres or 0)
    picture = pictures[0].location if pictures else None
    time = None if item.time is None else Acquired(item.time, whole_day=False, source="metadata")
    return Granule(_kind(item), item.name, time, bands, picture, mask)


def _all_bands(assets: Sequence[Asset]) -> dict[str, BandFile]:
    """Bands of assets by common name; of two files of one the one that is called like it."""
    bands: dict[str, BandFile] = {}
    for asset in sorted(assets, key=lambda each: each.key not in each.colours):
        for name, band in _bands(asset):
            bands.setdefault(name, band)
    return bands


def _kind(item: Item) -> str:
    if item.is_sentinel2:
        named = f"{item.name} {item.collection}".upper()
        return next((f"Sentinel-2 {level}" for level in ("L2A", "L1C") if level in named), "Sentinel-2")
    return f"STAC Item of {item.collection}" if item.collection else "STAC Item"


def product_mask(asset: Asset) -> ProductMask | None:
    """Mask of a product whose values are known, by the key of an asset or the name of its file; None of others."""
    names = asset.key, _file_name(asset.location)
    for kind, pattern in _MASKS.items():
        if _is_raster(asset) and any(map(pattern.search, names)):
            return ProductMask(asset.location, kind)
    return None


def _is_raster(asset: Asset) -> bool:
    return re.search(r"\.(xml|json|txt|html?|png|jpe?g)$", _file_name(asset.location), re.IGNORECASE) is None


def _is_visual(asset: Asset) -> bool:
    return asset.key == "visual" or "visual" in asset.roles


def _bands(asset: Asset) -> Iterator[tuple[str, BandFile]]:
    """Bands of reflectance in an asset, by common name."""
    if _is_visual(asset):
        return
    for number, colour in enumerate(asset.colours, 1):
        name = ALIASES.get(colour, colour)
        if name in _REFLECTED:
            yield name, _band(asset, number)


def _band(asset: Asset, number: int) -> BandFile:
    stated = asset.radiometry[number - 1]
    label = asset.labels[number - 1]
    if stated is not None:
        return BandFile(asset.location, number, *stated, nodata=asset.nodata, label=label)
    known = _by_name(asset.location, number)
    if known is not None:
        return known
    return BandFile(asset.location, number, nodata=asset.nodata, label=label, unstated=_UNSTATED)


def _by_name(location: Location, number: int) -> BandFile | None:
    """A band of a file whose name tells the product."""
    granules = granules_of(location, "image") or ()
    bands = (band for granule in granules for band in granule.bands.values())
    return next((band for band in bands if (band.location, band.number) == (location, number)), None)


def _file_name(location: Location) -> str:
    return re.split(r"[/\\]", shown(location))[-1]
