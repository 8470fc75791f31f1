"""Sentinel-2 products as ESA delivers them: which file in a folder is the picture, and what 0 means in it.

Source: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD: a product is a folder ``*.SAFE``; the true
colour image TCI holds bands 4, 3 and 2 in 8 bits at 10 m, 0 = no data.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from landslip.runtime.errors import InputError
from landslip.runtime.location import Location

# L1C and older products: …_TCI.jp2. L2A has it at three resolutions: IMG_DATA/R10m/…_TCI_10m.jp2.
_PICTURE = re.compile(r"(^|/)GRANULE/[^/]+/IMG_DATA/(R10m/)?[^/]+_TCI(_10m)?\.jp2$", re.IGNORECASE)
# In products T32TNS_20200101T101319_B04_10m.jp2, in the archives on the web B04.jp2.
_DELIVERED = re.compile(r"(^|[_/\\])(TCI|B\d[\dA])(_\d0m)?\.jp2$", re.IGNORECASE)


def zero_is_nodata(location: Location) -> bool:
    """Whether a file has the name of a picture or band of Sentinel-2, in which 0 means no data without saying so."""
    return bool(_DELIVERED.search(str(location)))


def is_product(location: Location) -> TypeGuard[Path]:
    """Whether this is a whole product: a ``.SAFE`` folder, the ``MTD_MSI….xml`` in it, or a zipped one."""
    if not isinstance(location, Path):
        return False
    name = location.name.upper()
    if os.path.isdir(location):  # noqa: PTH112 - that of Path raises an error for a name that is too long
        return name.endswith(".SAFE") or (location / "GRANULE").is_dir()
    return name.endswith(".SAFE.ZIP") or (name.startswith("MTD_MSI") and name.endswith(".XML")) or _zipped(name)


def true_colour(product: Path, role: str) -> Location:
    """The true colour image of a product, at 10 m.

    Args:
        product: what :func:`is_product` accepts.
        role: what it is in the scene, for messages.

    Raises:
        InputError: it holds none, or several, or is a damaged archive.
    """
    archive = product.suffix.lower() == ".zip"
    folder = product if archive or product.is_dir() else product.parent
    found = sorted(name for name in (_zip_names(product, role) if archive else _names(folder)) if _PICTURE.search(name))
    if not found:
        raise InputError(
            f"{role}: {product} holds no true colour image (GRANULE/*/IMG_DATA/*_TCI*.jp2). "
            "Download the whole product, or give its bands B04, B03 and B02 one by one."
        )
    if len(found) > 1:
        raise InputError(
            f"{role}: {product} holds {len(found)} true colour images, {found[0]} the first of them. "
            "Give the one that shows the place, or a mosaic made with gdalbuildvrt."
        )
    return f"/vsizip/{folder.resolve().as_posix()}/{found[0]}" if archive else folder / found[0]


def _zipped(name: str) -> bool:
    return re.fullmatch(r"S2[A-Z]_MSIL(1C|2A)_.*\.ZIP", name) is not None


def _names(folder: Path) -> Iterable[str]:
    for pattern in ("GRANULE/*/IMG_DATA/*", "GRANULE/*/IMG_DATA/R10m/*"):
        for path in folder.glob(pattern):
            yield path.relative_to(folder).as_posix()


def _zip_names(archive: Path, role: str) -> Iterable[str]:
    try:
        with zipfile.ZipFile(archive) as opened:
            return opened.namelist()
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{role}: {archive} cannot be read as a zip archive ({error}). Download it again, or unpack it."
        ) from error
