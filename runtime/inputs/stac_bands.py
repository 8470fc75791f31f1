"""Bands of a STAC asset: names, scale and offset, and the size of pixels, as far as an Item says it.

Read are ``bands`` of STAC 1.1, and ``eo:bands`` with ``raster:bands`` of STAC 1.0 (extensions eo and raster,
https://github.com/stac-extensions/raster).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.untrusted.printable import printable

_MOST_BANDS = 500
_FIRST_GREEN = {"green_i", "green1", "psb.sd_green_i"}
_IN_KEY = re.compile(r"_(\d{2})m$", re.IGNORECASE)
_NAME = 60
"""Most characters of a name in a message."""


def described_bands(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables that describe the bands of an asset, in their order; none where it lists none."""
    bands = _list(table.get("bands")) or _list(table.get("eo:bands"))
    return [band if isinstance(band, dict) else {} for band in bands[:_MOST_BANDS]]


def colour_of(band: dict[str, Any]) -> str:
    """Common name of a band, else its own name, in small letters; empty where it has none."""
    named = (band.get(key) for key in ("eo:common_name", "common_name", "name"))
    name = next((name for name in named if isinstance(name, str)), "").lower()
    # PlanetScope has two greens, of which this is not the one that others call so.
    return "green05" if name == "green" and label_of(band).lower().replace(" ", "_") in _FIRST_GREEN else name


def label_of(band: dict[str, Any]) -> str:
    """Name of a band, such as ``B04``; empty where it has none."""
    name = band.get("name")
    return printable(name, _NAME) if isinstance(name, str) else ""


def radiometry_of(table: Mapping[str, Any], index: int, applied: bool) -> tuple[float, float] | None:
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


def says_applied(properties: Mapping[str, Any]) -> bool:
    """Tell whether an Item of Sentinel-2 says that the offset was added to the numbers of its GeoTIFFs already."""
    return any(properties.get(f"{who}:boa_offset_applied") is True for who in ("earthsearch", "sentinel"))


def nodata_of(table: dict[str, Any]) -> float | None:
    """The nodata value of an asset: of STAC 1.1 its own or that of its bands, before that of ``raster:bands``."""
    bands = [band for key in ("bands", "raster:bands") for band in _list(table.get(key))[:_MOST_BANDS]]
    numbers = [entry.get("nodata") for entry in (table, *bands) if isinstance(entry, dict)]
    found = {float(value) for value in numbers if isinstance(value, int | float) and not isinstance(value, bool)}
    return next(iter(found)) if len(found) == 1 and all(map(math.isfinite, found)) else None


def metres_of(key: str, table: dict[str, Any]) -> float | None:
    """Size of an asset's pixels in metres: by its key, such as ``B04_10m``, else by what it says of its grid."""
    found = _IN_KEY.search(key)
    if found is not None:
        return float(found[1])
    tables = (*_list(table.get("raster:bands"))[:1], *_list(table.get("bands"))[:1], table)
    sizes = [
        _number(facts, "raster:spatial_resolution", "spatial_resolution", "gsd")
        for facts in tables
        if isinstance(facts, dict)
    ]
    return next((size for size in sizes if size is not None and size > 0), None)


def is_jp2(key: str, location: Location) -> bool:
    """Tell whether an asset is a file in JPEG 2000, as agencies deliver them."""
    return key.lower().endswith("-jp2") or str(location).partition("?")[0].lower().endswith(".jp2")


def _number(facts: Mapping[str, Any], *keys: str) -> float | None:
    found = (facts.get(key) for key in keys)
    numbers = (float(value) for value in found if isinstance(value, int | float) and not isinstance(value, bool))
    return next((number for number in numbers if math.isfinite(number)), None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
