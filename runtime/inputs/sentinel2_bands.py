"""Bands of Sentinel-2, and what the name of one of its files says.

Source: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD: bands, their pixels, and the names of images.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Sentinel2Band(NamedTuple):
    """One band of the sensor."""

    common_name: str
    """Name of it in STAC."""
    metres: int
    """Size of its pixels as measured."""


BANDS = {
    "B01": Sentinel2Band("coastal", 60),
    "B02": Sentinel2Band("blue", 10),
    "B03": Sentinel2Band("green", 10),
    "B04": Sentinel2Band("red", 10),
    "B05": Sentinel2Band("rededge071", 20),
    "B06": Sentinel2Band("rededge075", 20),
    "B07": Sentinel2Band("rededge078", 20),
    "B08": Sentinel2Band("nir", 10),
    "B8A": Sentinel2Band("nir08", 20),
    "B09": Sentinel2Band("nir09", 60),
    "B10": Sentinel2Band("cirrus", 60),
    "B11": Sentinel2Band("swir16", 20),
    "B12": Sentinel2Band("swir22", 20),
}
"""Bands by label, in the order of their numbers in metadata (``band_id`` 0 to 12)."""

_METRES = {"TCI": 10, "SCL": 20, **{label: band.metres for label, band in BANDS.items()}}

# T32TNS_20200101T101319_B04_10m.jp2, in L1C …_B04.jp2, in the archives on the web B04.jp2 or S2B_…_B04.tif,
# in the first products of L2A …_SCL_L2A_T32TNS_20m.jp2.
_NAME = re.compile(
    r"(?:^|[_/\\])(TCI|SCL|B(?:0\d|1[0-2]|8A))(?:_L2A_[^/\\]*)?(?:_([1-6]0)m)?\.(jp2|tiff?)$", re.IGNORECASE
)
_TILE = re.compile(r"(?:^|[^A-Z0-9])T?(\d\d[A-Z]{3})_(\d{8}(?:T\d{6})?)_", re.IGNORECASE)
# What tells a GeoTIFF B04.tif of Sentinel-2 from one of Landsat or HLS, where other bands have that number.
_OF_SENTINEL2 = re.compile(r"(^|[^A-Z0-9])(S2[A-D]_|SENTINEL-?_?(S?2)|T\d\d[A-Z]{3}_\d{8}T\d{6}_)", re.IGNORECASE)

_OF_LANDSAT = re.compile(r"(^|[/\\])L[A-Z]\d\d_L[12][A-Z]{2}_[^/\\]*$")


class Sentinel2Name(NamedTuple):
    """Statements of the name of a file."""

    what: str
    """``TCI``, ``SCL``, or a label of :data:`BANDS`."""
    metres: int
    """Size of its pixels."""
    tile: str
    """Tile and date, such as ``32TNS_20200101T101319``; empty where the name does not say."""


def parsed_name(path: str) -> Sentinel2Name | None:
    """Content of a file by its name and those of its folders; None where it is none of Sentinel-2.

    Args:
        path: path or address, of a GeoTIFF with a folder or a name that tells the satellite.
    """
    path = path.partition("?")[0]
    found = _NAME.search(path)
    if found is None or (found[3].lower() != "jp2" and (not _OF_SENTINEL2.search(path) or _OF_LANDSAT.search(path))):
        return None
    tile = _TILE.search(re.split(r"[/\\]", path)[-1])
    what = found[1].upper()
    metres = int(found[2]) if found[2] else _METRES[what]
    return Sentinel2Name(what, metres, f"{tile[1]}_{tile[2]}".upper() if tile else "")
