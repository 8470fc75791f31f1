"""Files of a Sentinel-2 Item: which asset is which band, and how stored numbers become reflectance.

Catalogues call the assets by the labels of the sensor (``B04``, ``B04_10m``, ``SCL_20m``) or by names of their own
(Earth Search: ``red``, ``scl``, ``visual``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape

from landslip.models.fetching.stac_search import FoundItem
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.sentinel2_bands import BANDS
from landslip.runtime.inputs.sentinel2_metadata import Radiometry, radiometry_by_name
from landslip.runtime.inputs.stac_bands import is_jp2, says_applied
from landslip.runtime.inputs.stac_bands import radiometry_of as band_radiometry
from landslip.runtime.inputs.stac_sentinel2 import scale_and_offset

CLASSES, PICTURE = "SCL", "TCI"
"""Labels of the scene classification and of the picture in natural colours."""

_LABELLED = re.compile(r"(TCI|SCL|B0\d|B1[0-2]|B8A)(?:_([1-6]0)m)?", re.IGNORECASE)
# fmt: off
_NAMED = {
    "visual": PICTURE, "scl": CLASSES, "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04",
    "rededge1": "B05", "rededge2": "B06", "rededge3": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09",
    "cirrus": "B10", "swir16": "B11", "swir22": "B12",
}
# fmt: on
"""Labels by the keys of Earth Search."""
_TILE = re.compile(r"(?:^|[^0-9A-Z])T?(\d\d[C-HJ-NP-X][A-HJ-NP-Z]{2})(?=[^0-9A-Z]|$)")
_SENSED = re.compile(r"_(\d{8}T\d{6})_")
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


def assets_by_label(item: FoundItem) -> dict[str, str]:
    """Key of the asset of each band, by its label; of several that with the smallest pixels."""
    found: dict[str, tuple[int, str]] = {}
    for key in item.assets:
        said = _LABELLED.fullmatch(key)
        label = said[1].upper() if said else _NAMED.get(key)
        metres = int(said[2]) if said and said[2] else 0
        if label is not None and (label not in found or metres < found[label][0]):
            found[label] = metres, key
    return {label: found[label][1] for label in (PICTURE, CLASSES, *BANDS) if label in found}


def product_name(item: FoundItem) -> str:
    """Name of the folder of a product: that which ESA gave it, or the id of the Item.

    Raises:
        InputError: neither can be the name of a folder.
    """
    for name in (item.text("s2:product_uri").removesuffix(".SAFE"), item.id):
        if _NAME.fullmatch(name) and not name.startswith("."):
            return name
    raise InputError(f"The id {item.id!r} of an Item cannot be the name of a folder.")


def tile_and_time(item: FoundItem) -> str:
    """Tile and time as names of images have them: ``32TNS_20240801T101559``.

    Raises:
        InputError: the Item does not say which tile it is of.
    """
    codes = (item.text("s2:mgrs_tile"), item.text("grid:code").removeprefix("MGRS-"), item.text("s2:product_uri"))
    tile = next((found[1] for code in (*codes, item.id) if (found := _TILE.search(code))), None)
    if tile is None or item.time is None:
        raise InputError(f"{item.id} does not say which tile of Sentinel-2 it is of, and when it was taken.")
    sensed = _SENSED.search(item.text("s2:product_uri"))
    return f"{tile}_{sensed[1] if sensed else item.time.strftime('%Y%m%dT%H%M%S')}"


def radiometry_of(item: FoundItem, keys: Mapping[str, str]) -> Radiometry | None:
    """Rule that makes reflectance of stored numbers; None where the Item does not say.

    Args:
        item: the product.
        keys: keys of its assets by label.

    Raises:
        InputError: its bands have scales of their own, which metadata of Sentinel-2 do not have.
    """
    baseline = item.text("s2:processing_baseline").replace(".", "")
    rule = radiometry_by_name(f"N{baseline}") or radiometry_by_name(item.text("s2:product_uri") or item.id)
    found = {label: _scaled(item, key, label, rule) for label, key in keys.items() if label in BANDS}
    known = {label: each for label, each in found.items() if each is not None}
    if len(known) < len(found) or not known:
        return None
    scales = {scale for scale, _ in known.values()}
    if len(scales) > 1:
        raise InputError(f"{item.id} states several scales of its bands ({', '.join(map(str, sorted(scales)))}).")
    scale = scales.pop()
    return Radiometry(1 / scale, {label: offset / scale for label, (_, offset) in known.items()})


def metadata_text(item: FoundItem, rule: Radiometry) -> str:
    """Metadata of a product in the form of ESA's, as far as landslip reads them."""
    numbers = {label: number for number, label in enumerate(BANDS)}
    offsets = "".join(
        f'<BOA_ADD_OFFSET band_id="{numbers[label]}">{rule.offsets.get(label, 0.0):.12g}</BOA_ADD_OFFSET>\n'
        for label in BANDS
    )
    sensed = "" if item.time is None else item.time.strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        "<!-- Written by landslip get from what the catalogue says; ESA's own metadata say more. -->\n"
        "<Level-2A_User_Product>\n"
        f"<PRODUCT_URI>{escape(product_name(item))}</PRODUCT_URI>\n"
        f"<TILE>{tile_and_time(item)}</TILE>\n"
        f"<PRODUCT_START_TIME>{sensed}</PRODUCT_START_TIME>\n"
        f"<BOA_QUANTIFICATION_VALUE>{rule.quantification:.12g}</BOA_QUANTIFICATION_VALUE>\n"
        f"{offsets}</Level-2A_User_Product>\n"
    )


def _scaled(item: FoundItem, key: str, label: str, rule: Radiometry | None) -> tuple[float, float] | None:
    """Scale and offset of an asset; Earth Search states the offset also where its files have it no more."""
    asset = item.assets[key]
    applied = says_applied(item.properties) and not is_jp2(key, str(asset.get("href", "")))
    return scale_and_offset(band_radiometry(asset, 0, applied), label, rule, applied=applied)
