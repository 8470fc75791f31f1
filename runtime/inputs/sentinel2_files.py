"""Files of Sentinel-2 products on the disk and in archives: the images, and the metadata that belongs to them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from landslip.runtime.access.location import Location, is_folder
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.product_files import FOREIGN
from landslip.runtime.inputs.sentinel2_bands import parsed_name
from landslip.runtime.untrusted.xml_text import MOST_XML
from landslip.runtime.untrusted.zip_archive import zip_content, zip_names

_METADATA = re.compile(r"(^|/)(MTD_MSIL(1C|2A)|S2[A-Z]_\w+_MTD_SAFL(1C|2A)_\w+)\.xml$", re.IGNORECASE)
_IMAGE = re.compile(r"(^|/)GRANULE/[^/]+/IMG_DATA/(R[126]0m/)?[^/]+$", re.IGNORECASE)
_INSIDE = ("", "GRANULE/*/IMG_DATA/", "GRANULE/*/IMG_DATA/R?0m/", "IMG_DATA/", "IMG_DATA/R?0m/", "R?0m/")
"""Folders of a product, or of a part of one, that hold images."""
_ABOVE = 2
"""Folders above an image in which its metadata is looked for."""


def images_in(folder: Path) -> list[Location]:
    """Images of Sentinel-2 in a product, its archive, or a folder of images, by their names and in their order.

    Raises:
        InputError: it is a damaged archive.
    """
    if not is_folder(folder):
        names = [name for name in names_in_zip(folder) if _IMAGE.search(name)]
        found: list[Location] = [f"/vsizip/{folder.resolve().as_posix()}/{name}" for name in names]
    else:
        patterns = [f"{inside}*{ending}" for inside in _INSIDE for ending in (".jp2", ".JP2", ".tif", ".TIF", ".tiff")]
        found = [*dict.fromkeys(path for pattern in patterns for path in sorted(folder.glob(pattern)))]
    return [each for each in found if not FOREIGN.search(str(each)) and parsed_name(str(each)) is not None]


def metadata_of(product: Path) -> tuple[bytes, str] | None:
    """Text of the metadata of a product or its archive, and its name for messages; None where it has none.

    Raises:
        InputError: it cannot be read.
    """
    if is_folder(product):
        return _first_in(product)
    names = [name for name in names_in_zip(product) if _METADATA.search(name) and not FOREIGN.search(name)]
    if not names:
        return None
    name = min(names, key=lambda each: (each.count("/"), each))
    try:
        return zip_content(product, name, MOST_XML + 1), f"{product}/{name}"
    except ValueError as error:
        raise _damaged(product, error) from error


def metadata_near(image: Location, tile: str) -> tuple[bytes, str] | None:
    """Metadata that belongs to an image: of the product it lies in, else beside it or up to two folders above.

    Args:
        image: the file.
        tile: its tile and date, which the metadata has to be of where they are known.
    """
    if not isinstance(image, Path):
        return None
    folder = image.absolute().parent
    product = next((each.parent for each in (folder, *folder.parents) if each.name.upper() == "GRANULE"), None)
    places = [folder, *list(folder.parents)[:_ABOVE]] if product is None else [product]
    for place in places:
        found = _first_in(place)
        if found is not None:
            return found if product is not None or _is_of(tile, found[0]) else None
    return None


def granule_inside(path: Path, product: Path) -> str | None:
    """The granule that a file or folder of the product belongs to; None where it belongs to all of them."""
    parts = path.relative_to(product).parts if path.is_relative_to(product) else ()
    return parts[1] if parts[:1] == ("GRANULE",) and len(parts) > 1 else None


def names_in_zip(archive: Path) -> list[str]:
    """Names of what an archive holds, sorted.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return sorted(zip_names(archive))
    except ValueError as error:
        raise _damaged(archive, error) from error


def _first_in(folder: Path) -> tuple[bytes, str] | None:
    """Text and name of the metadata in a folder; None where there is none, or nobody may look."""
    try:
        paths = sorted(folder.glob("*.xml"))
    except OSError:  # as for a name that is too long
        return None
    for path in paths:
        if _METADATA.search(path.as_posix()) and not FOREIGN.search(path.as_posix()):
            try:
                with path.open("rb") as stream:
                    return stream.read(MOST_XML + 1), os.fspath(path)
            except OSError as error:
                raise InputError(f"{path} cannot be read ({error.strerror}).", where=path) from error
    return None


def _is_of(tile: str, content: bytes) -> bool:
    """Tell whether metadata names a tile and its date, as far as these are known."""
    return all(part.encode() in content for part in tile.split("_"))


def _damaged(archive: Path, error: Exception) -> InputError:
    return InputError(
        f"{archive} cannot be read as a zip archive ({error}).", "Download it again, or unpack it.", where=archive
    )
