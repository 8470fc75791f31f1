"""Granules of Landsat Collection 2: bands, scale and offset, quality bits, of level 2 and of level 1.

Names are ``LC08_L2SP_192027_20200801_20200907_02_T1_SR_B4.TIF``: sensor and satellite, level, path and row, day, day of
processing, collection, tier, and what the file holds. Level 2 is surface reflectance, ``stored * 2.75e-5 - 0.2``, as
its MTL says; level 1 becomes reflectance at the top of the atmosphere by its MTL. 0 is fill. Sources: Landsat 8-9
OLI/TIRS and Landsat 4-7 Collection 2 Level 2 Science Product Guides (USGS LSDS-1619 and LSDS-1618).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from landslip.runtime.access.location import Location, is_folder, shown
from landslip.runtime.declared.acquired import acquired
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.granules import BandFile, Granule, ProductMask
from landslip.runtime.inputs.landsat_metadata import LandsatMetadata, read_mtl
from landslip.runtime.inputs.product_files import ProductFile, decisive_paths, product_files

SCALE, OFFSET = 2.75e-5, -0.2
"""Reflectance of one step of a level-2 product, and of a stored 0."""

_VISIBLE = {"1": "coastal", "2": "blue", "3": "green", "4": "red", "5": "nir", "6": "swir16", "7": "swir22"}
_OLDER = {"1": "blue", "2": "green", "3": "red", "4": "nir", "5": "swir16", "7": "swir22"}
BANDS: Mapping[str, Mapping[str, str]] = {
    "C": {**_VISIBLE, "8": "pan", "9": "cirrus"},
    "O": {**_VISIBLE, "8": "pan", "9": "cirrus"},
    "E": {**_OLDER, "8": "pan"},
    "T": _OLDER,
}
"""Common names by sensor and number: of OLI (with TIRS: C, alone: O), ETM+ (E) and TM (T); thermal bands have none."""

_PRODUCT = r"L([COET])(0[4-9])_L([12])[A-Z]{2}_\d{6}_\d{8}_\d{8}_02_[A-Z0-9]{2}"
_NAME = re.compile(
    rf"^(?P<product>{_PRODUCT})_(?:SR_)?(?P<what>B\d{{1,2}}|QA_PIXEL|MTL)\.(?P<ending>tiff?|json|txt|xml)$",
    re.IGNORECASE,
)
_ARCHIVE = re.compile(rf"^{_PRODUCT}\.tar$", re.IGNORECASE)
_ENDINGS = ("json", "txt", "xml")
"""Kinds of an MTL in the order in which one is looked for."""


class _LandsatFile(NamedTuple):
    """One file of a product, and what its name says."""

    file: ProductFile
    product: str
    what: str
    ending: str


def landsat_granules(location: Location, role: str) -> tuple[Granule, ...] | None:
    """The granules of a Landsat product in Collection 2, of a folder of them, or of one of their bands.

    Args:
        location: a folder, its tar archive, the MTL of a product, or the file of a band.
        role: what it is in the scene, for messages.

    Returns:
        The granules by name; of the file of a band one granule with that band alone. None where it is none of Landsat.

    Raises:
        InputError: the metadata is damaged, or what it holds has no band of reflectance.
    """
    given = _parsed([ProductFile(_last(location), location)])
    single = given[0] if given else None
    if single is not None and single.what == "QA_PIXEL":
        return None
    if single is None and not _may_hold(location):
        return None
    products: dict[str, list[_LandsatFile]] = {}
    for file in _parsed(product_files(location, _NAME)):
        if single is None or _is_with(file, single):
            products.setdefault(file.product, []).append(file)
    found = [_granule(product, files) for product, files in _best(products).items()]
    granules = tuple(granule for granule in found if granule.bands)
    if found and not granules:
        raise InputError(
            f"{role}: {shown(location)} holds files of {found[0].name}, but no band of its reflectance (*_SR_B4.TIF).",
            "Download the bands of surface reflectance.",
            where=shown(location),
        )
    return granules or None


def _best(products: Mapping[str, list[_LandsatFile]]) -> dict[str, list[_LandsatFile]]:
    """Products by name, of each scene one: level 2 before level 1, and of these the one that was processed last."""
    scenes: dict[str, str] = {}
    for product in products:
        sensor, _, place, day, *_ = product.split("_")
        scene = f"{sensor}_{place}_{day}"
        scenes[scene] = max(scenes.get(scene, ""), product, key=lambda name: (name[6:7], name[26:34]))
    return {product: products[product] for product in sorted(scenes.values())}


def _may_hold(location: Location) -> bool:
    return isinstance(location, Path) and (is_folder(location) or _ARCHIVE.match(location.name) is not None)


def _is_with(file: _LandsatFile, single: _LandsatFile) -> bool:
    """Tell whether a file beside a single one is of its product, and no other band where it is one."""
    other_band = single.what != "MTL" and file.what.startswith("B") and file.what != single.what
    return file.product == single.product and not other_band


def _last(location: Location) -> str:
    return re.split(r"[/\\]", shown(location))[-1]


def _parsed(files: Iterable[ProductFile]) -> list[_LandsatFile]:
    named = ((file, _NAME.match(file.name)) for file in files)
    return [
        _LandsatFile(file, name["product"].upper(), name["what"].upper(), name["ending"].lower())
        for file, name in named
        if name
    ]


def _granule(product: str, files: list[_LandsatFile]) -> Granule:
    level_2 = product[6] == "2"
    mtl = _mtl(files)
    metadata = None if mtl is None else read_mtl(mtl)
    bands: dict[str, BandFile] = {}
    names = BANDS[product[1]]
    for each in sorted(files, key=lambda file: int(file.what[1:]) if file.what.startswith("B") else 0):
        number = each.what[1:]
        if each.what.startswith("B") and number in names:
            bands.setdefault(names[number], _band(each.file.location, number, metadata, level_2))
    quality = next((each.file.location for each in files if each.what == "QA_PIXEL"), None)
    return Granule(
        kind=f"Landsat {int(product[2:4])} level {product[6]}",
        name=product,
        acquired=(metadata.acquired if metadata is not None else None) or acquired(files[0].file.location, {}),
        bands=bands,
        true_colour=None,
        mask=None if quality is None else ProductMask(quality, "qa_pixel"),
        decisive=decisive_paths(mtl, (each.file for each in files)),
    )


def _mtl(files: list[_LandsatFile]) -> ProductFile | None:
    found = {each.ending: each.file for each in files if each.what == "MTL"}
    return next((found[ending] for ending in _ENDINGS if ending in found), None)


def _band(location: Location, number: str, metadata: LandsatMetadata | None, level_2: bool) -> BandFile:
    label = f"B{number}"
    stated = None if metadata is None else metadata.radiometry(number, level_2=level_2)
    if stated is None and level_2:
        stated = SCALE, OFFSET
    if stated is not None:
        return BandFile(location, 1, *stated, nodata=0.0, label=label)
    unstated = (
        "is of level 1, and how its numbers become reflectance stands in the product's MTL, which is not beside it. "
        "Put the MTL there, or give the product of level 2."
    )
    return BandFile(location, 1, nodata=0.0, label=label, unstated=unstated)
