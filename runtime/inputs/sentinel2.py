"""Sentinel-2 products as ESA delivers them: which file in a folder is the picture or the class map, and what 0 means.

Source: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD: a product is a folder ``*.SAFE``; the true
colour image TCI holds bands 4, 3 and 2 in 8 bits at 10 m, 0 = no data; the scene classification SCL of L2A products is
at 20 m.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from landslip.runtime.access.location import Location
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.product_files import FOREIGN
from landslip.runtime.inputs.sentinel2_files import granule_inside
from landslip.runtime.untrusted.zip_archive import zip_names

# L1C and older products: …_TCI.jp2. L2A has it at three resolutions: IMG_DATA/R10m/…_TCI_10m.jp2.
_PICTURE = re.compile(r"(^|/)GRANULE/[^/]+/IMG_DATA/(R10m/)?[^/]+_TCI(_10m)?\.jp2$", re.IGNORECASE)
# In the first products of L2A IMG_DATA/…_SCL_L2A_T32TNS_20m.jp2, in all others IMG_DATA/R20m/…_SCL_20m.jp2.
_CLASSES = re.compile(r"(^|/)GRANULE/[^/]+/IMG_DATA/(R20m/)?[^/]+_SCL(_[^/]+)?_20m\.jp2$", re.IGNORECASE)
# In products T32TNS_20200101T101319_B04_10m.jp2, in the archives on the web B04.jp2.
_DELIVERED = re.compile(r"(^|[_/\\])(TCI|B\d[\dA])(_\d0m)?\.jp2$", re.IGNORECASE)
_INSIDE = re.compile(r"MTD_(MSI.*|TL)\.XML|MANIFEST\.SAFE")
_DEPTH = 4
"""Folders between the picture and the product at the most: GRANULE/*/IMG_DATA/R10m."""
_SHOWN = 5
"""Most names in a message."""


def zero_is_nodata(location: Location) -> bool:
    """Tell whether a file has the name of a picture or band of Sentinel-2, in which an undeclared 0 means no data."""
    return bool(_DELIVERED.search(str(location)))


def is_product(location: Location) -> TypeGuard[Path]:
    """Tell whether this is a whole product, or leads to one.

    That is a ``.SAFE`` folder or a zipped one, the ``MTD_MSI….xml``, the ``manifest.safe`` or a folder inside of it, or
    a folder of products.
    """
    if not isinstance(location, Path):
        return False
    name = location.name.upper()
    if _is_folder(location):
        return _root(location) is not None or bool(_products_in(location))
    return name.endswith(".SAFE.ZIP") or _INSIDE.fullmatch(name) is not None or _zipped(location)


def true_colour(product: Path, role: str) -> Location:
    """The true colour image of a product, at 10 m.

    Args:
        product: what :func:`is_product` accepts.
        role: what it is in the scene, for messages.

    Raises:
        InputError: it holds none, or several, or is a damaged archive.
    """
    found = pictures_of(product, role)
    if not found:
        raise InputError(
            f"{role}: {product} holds no true colour image (GRANULE/*/IMG_DATA/*_TCI*.jp2).",
            "Download the whole product, or give its bands B04, B03 and B02 one by one.",
        )
    if len(found) > 1:
        raise InputError(
            f"{role}: {product} holds {len(found)} true colour images, {found[0]} the first of them.",
            "Give the one that shows the place, or a mosaic of them: gdalbuildvrt -srcnodata 0 -vrtnodata 0 "
            "MOSAIC.vrt FILE FILE.",
        )
    return found[0]


def pictures_of(product: Path, role: str) -> list[Location]:
    """The true colour images of a product at 10 m, one of each granule; see :func:`true_colour` for the rest."""
    return _files(product, role, _PICTURE)


def classes_of(product: Path, role: str) -> list[Location]:
    """The scene classifications of a product at 20 m, one of each granule; see :func:`scene_classes` for the rest."""
    return _files(product, role, _CLASSES)


def scene_classes(product: Path, role: str) -> Location:
    """The scene classification (SCL) of an L2A product, at 20 m.

    Args:
        product: what :func:`is_product` accepts.
        role: what it is in the scene, for messages.

    Raises:
        InputError: it holds none, or several, or is a damaged archive.
    """
    found = classes_of(product, role)
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"{role}: {product} holds {len(found)} scene classifications, {found[0]} the first of them.",
            "Give each by itself: `masks` FILE `masks` FILE.",
        )
    raise InputError(
        f"{role}: {product} holds no scene classification (GRANULE/*/IMG_DATA/R20m/*_SCL_20m.jp2), which products "
        "of level L2A have.",
        "Give the L2A product of that date, or a mask that was made for it.",
    )


def product_of(path: Path, role: str) -> Path:
    """The folder or the archive of a product, from itself, from what lies in it, or from the folder it alone is in.

    Args:
        path: what :func:`is_product` accepts.
        role: what it is in the scene, for messages.

    Raises:
        InputMissingError: it is not there.
        InputError: it is a folder of several products.
    """
    products = products_of(path, role)
    if len(products) != 1:
        names = ", ".join(path.name for path in products[:_SHOWN])
        rest = f" and {len(products) - _SHOWN} more" if len(products) > _SHOWN else ""
        raise InputError(
            f"{role}: {path} is a folder of {len(products)} Sentinel-2 products ({names}{rest}).",
            "Give the one wanted.",
            where=path,
        )
    return products[0]


def products_of(path: Path, role: str) -> list[Path]:
    """The folders or archives of products, from one itself, from what lies in it, or from the folder they are in.

    Args:
        path: what :func:`is_product` accepts.
        role: what it is in the scene, for messages.

    Raises:
        InputMissingError: it is not there.
    """
    if not os.path.lexists(path):
        raise InputMissingError(f"{role}: {path} does not exist.", "Check the path.", where=path)
    if not _is_folder(path) and path.suffix.lower() == ".zip":
        return [path]
    root = _root(path)
    return [root] if root is not None else _products_in(path)


def _files(path: Path, role: str, wanted: re.Pattern[str]) -> list[Location]:
    """The files of a product whose names are as wanted, in order."""
    product = product_of(path, role)
    archive = not _is_folder(product)
    found = sorted(_zip_names(product, role) if archive else _names(product))
    names = [name for name in found if wanted.search(name) and not FOREIGN.search(name)]
    if archive:
        return [f"/vsizip/{product.resolve().as_posix()}/{name}" for name in names]
    within = granule_inside(path, product)
    return [product / name for name in names if within in {None, name.split("/")[1]}]


def _root(path: Path) -> Path | None:
    """The product's own folder, from itself or from something inside of it."""
    folder = path if _is_folder(path) else path.parent
    for candidate in (folder, *list(folder.parents)[:_DEPTH]):
        if candidate.name.upper().endswith(".SAFE"):
            return candidate
        below = folder == candidate or folder.is_relative_to(candidate / "GRANULE")
        if below and _is_folder(candidate / "GRANULE"):
            return candidate
    return None if folder == path else folder


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - that of Path raises an error for a name that is too long


def _products_in(folder: Path) -> list[Path]:
    """The products that lie in a folder, by name; an archive beside its folder is the same product."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    unpacked = [path for path in entries if path.name.upper().endswith(".SAFE") and _is_folder(path)]
    names = {path.name.upper() for path in unpacked}
    zipped = [path for path in entries if re.fullmatch(r"S2.*\.ZIP", path.name.upper()) and _zipped(path)]
    return unpacked + [
        path for path in zipped if path.name.upper().removesuffix(".ZIP").removesuffix(".SAFE") + ".SAFE" not in names
    ]


def _zipped(path: Path) -> bool:
    """Tell whether a file is a product's archive: by its name, else by what lies in it."""
    name = path.name.upper()
    if not name.endswith(".ZIP"):
        return False
    if re.fullmatch(r"S2[A-Z]_MSIL(1C|2A)_.*\.ZIP", name):
        return True
    try:
        return any(_PICTURE.search(entry) or _CLASSES.search(entry) for entry in zip_names(path))
    except ValueError:
        return False


def _names(folder: Path) -> Iterable[str]:
    for pattern in ("*", "R10m/*", "R20m/*"):
        for path in folder.glob(f"GRANULE/*/IMG_DATA/{pattern}"):
            yield path.relative_to(folder).as_posix()


def _zip_names(archive: Path, role: str) -> Iterable[str]:
    try:
        return zip_names(archive)
    except ValueError as error:
        raise InputError(
            f"{role}: {archive} cannot be read as a zip archive ({error}).", "Download it again, or unpack it."
        ) from error
