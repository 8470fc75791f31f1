"""Granules of Sentinel-2 in STAC Items of public archives, each of which names bands in its own way.

Known are Earth Search (Element 84), the Planetary Computer (Microsoft) and the Copernicus Data Space. Items call up to
five bands ``rededge``, list a band at several resolutions or as GeoTIFF beside JPEG 2000, and state scale and offset or
the processing baseline alone. Earth Search has taken the offset of most products out of its GeoTIFFs and says so in
``earthsearch:boa_offset_applied``, while ``raster:bands`` still names it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence

from landslip.runtime.artifacts.channels import ALIASES
from landslip.runtime.inputs.granules import BandFile
from landslip.runtime.inputs.sentinel2_bands import BANDS
from landslip.runtime.inputs.sentinel2_metadata import Radiometry, radiometry_by_name
from landslip.runtime.inputs.stac_bands import is_jp2
from landslip.runtime.inputs.stac_items import Asset, Item

log = logging.getLogger(__name__)

_LABELS = {band.common_name: label for label, band in BANDS.items()}
_PICTURES = re.compile(r"(visual|tci|preview|thumbnail)", re.IGNORECASE)
_OF_FORM = re.compile(r"(_[126]0m|-jp2)$", re.IGNORECASE)
"""Ends of keys that tell one file of a band from another."""
_UNSTATED = (
    "does not say how its numbers become reflectance, and neither does its STAC Item: no scale with offset, and no "
    "processing baseline. Give the product itself, or add scale and offset to the Item (raster:bands)."
)


def sentinel2_bands(item: Item, assets: Sequence[Asset]) -> dict[str, BandFile]:
    """Bands of an Item of Sentinel-2 by common name: of each the asset with the smallest pixels, a GeoTIFF first.

    Args:
        item: the Item.
        assets: those of it that may hold bands.
    """
    rule = radiometry_by_name(f"N{item.baseline.replace('.', '')}")
    left_out: set[float] = set()
    found: dict[str, BandFile] = {}
    for asset in sorted(assets, key=_rank):
        for number, label in _labelled(asset):
            stated = _stated(asset, number, label, rule, left_out)
            nodata = 0.0 if asset.nodata is None else asset.nodata
            file = (
                BandFile(asset.location, number, nodata=nodata, label=label, unstated=_UNSTATED)
                if stated is None
                else BandFile(asset.location, number, *stated, nodata, label)
            )
            found.setdefault(BANDS[label].common_name, file)
    if left_out:
        offsets = ", ".join(f"{offset:g}" for offset in sorted(left_out))
        log.info(
            "%s: the offset %s that its bands name is left out, as products of processing baseline %s have none",
            item.name, offsets, item.baseline,
        )  # fmt: skip
    return found


def _rank(asset: Asset) -> tuple[float, bool, str]:
    return asset.metres or 1e9, is_jp2(asset.key, asset.location), asset.key


def _labelled(asset: Asset) -> Iterator[tuple[int, str]]:
    """Number and label of each band of an asset; none of pictures, and of what is no band of the sensor."""
    if _PICTURES.match(asset.key) or "visual" in asset.roles:
        return
    for number, (colour, name) in enumerate(zip(asset.colours, asset.labels, strict=True), 1):
        key = _OF_FORM.sub("", asset.key) if len(asset.colours) == 1 else ""
        label = next((found for each in (name, key, colour) if (found := _label_of(each)) is not None), None)
        if label is not None:
            yield number, label


def _label_of(name: str) -> str | None:
    """Label of a band by itself, by a common name, or by another name in use; five bands are called rededge."""
    name = name.lower()
    if name.upper() in BANDS:
        return name.upper()
    return _LABELS.get(ALIASES.get(name, name))


def _stated(
    asset: Asset, number: int, label: str, rule: Radiometry | None, left_out: set[float]
) -> tuple[float, float] | None:
    """Scale and offset of a band, from the Item, else from its processing baseline; None where neither says so."""
    stated = asset.radiometry[number - 1]
    found = scale_and_offset(stated, label, rule, applied=asset.offset_applied)
    if stated is not None and found is not None and stated[1] != found[1]:
        left_out.add(stated[1])
    return found


def scale_and_offset(
    stated: tuple[float, float] | None, label: str, rule: Radiometry | None, *, applied: bool
) -> tuple[float, float] | None:
    """Scale and offset that make reflectance of the numbers of a file; None where neither is known.

    Args:
        stated: those that its Item states.
        label: label of the band.
        rule: rule of its processing baseline, which overrules an offset that products of it do not have.
        applied: the offset was added to the numbers of the file already.
    """
    known = stated or (None if rule is None else rule.of_band(label))
    if known is None:
        return None
    bare = applied or (rule is not None and not rule.offsets)
    return known[0], 0.0 if bare else known[1]
