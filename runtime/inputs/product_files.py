"""Files of a satellite's product by their names: in a folder, in its zip or tar archive, or beside one of them."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from landslip.runtime.access.location import Location, is_folder
from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.toml_file import read_file
from landslip.runtime.untrusted.zip_archive import zip_content, zip_names

_DEEPEST = 5
"""Folders between what a user gives and a file of a product: files/PSScene/ITEM/BUNDLE."""
_MOST_FILES = 50_000
"""Files that are looked at."""
FOREIGN = re.compile(r"(^|/)(\._|__MACOSX/)")
"""Names of what macOS leaves beside files on foreign disks and in archives."""
_DAMAGES = (OSError, EOFError, LookupError, ValueError, tarfile.TarError)
"""Errors of a damaged archive."""


class ProductFile(NamedTuple):
    """One file of a product."""

    name: str
    """Name without folders."""
    location: Location
    """Place where GDAL finds it."""
    archive: Path | None = None
    """Archive that it lies in; None for a file on the disk, or elsewhere."""
    member: str = ""
    """Name of it in the archive."""

    def content(self, most: int) -> bytes:
        """Read up to ``most`` bytes of it.

        Raises:
            InputError: it cannot be read.
        """
        if self.archive is None:
            return read_file(Path(self.location), "a product", most)
        try:
            if not _is_tar(self.archive):
                return zip_content(self.archive, self.member, most)
            with tarfile.open(self.archive, "r:") as tar:
                found = tar.extractfile(self.member)
                return b"" if found is None else found.read(most)
        except _DAMAGES as error:
            raise InputError(
                f"{self.location} cannot be read ({error}).", "Download the product again.", where=str(self.location)
            ) from error


def product_files(location: Location, wanted: re.Pattern[str]) -> list[ProductFile]:
    """Files of a product whose names are as wanted, in the order of their paths.

    Args:
        location: a folder, an archive (.zip, or .tar that is not compressed), or a file of the product, beside which
            the others lie. Of a file that is not on this machine nothing but itself is known.
        wanted: pattern of names, without folders.
    """
    if not isinstance(location, Path):
        names = [str(location).partition("?")[0].rpartition("/")[2]]
        found: Iterator[ProductFile] = (ProductFile(name, location) for name in names)
    elif is_folder(location):
        found = _in_folder(location)
    elif location.suffix.lower() in {".zip", ".tar"}:
        found = _in_archive(location)
    else:
        found = _beside(location)
    files = (file for file in islice(found, _MOST_FILES) if wanted.search(file.name))
    return sorted(
        (file for file in files if not FOREIGN.search(file.member or file.name)), key=lambda each: str(each.location)
    )


def decisive_paths(metadata: ProductFile | None, images: Iterable[ProductFile]) -> tuple[Path, ...]:
    """Local files besides images that decide what is read of a product: its metadata, and the archive of all.

    Args:
        metadata: the file that scale and offset are taken from; None where none is.
        images: files of bands.
    """
    beside = [] if metadata is None else [metadata.archive or metadata.location]
    archives = [image.archive for image in images]
    return tuple(dict.fromkeys(path for path in (*beside, *archives) if isinstance(path, Path)))


def _in_folder(folder: Path) -> Iterator[ProductFile]:
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(each for each in folders if not each.startswith(".")) if depth < _DEEPEST else []
        for name in names:
            yield ProductFile(name, Path(place) / name)


def _beside(file: Path) -> Iterator[ProductFile]:
    try:
        found = [*file.parent.iterdir()]
    except OSError:
        found = [file]
    return (ProductFile(path.name, path) for path in found)


def _in_archive(archive: Path) -> Iterator[ProductFile]:
    kind, listed = ("vsitar", _tar_names) if _is_tar(archive) else ("vsizip", zip_names)
    try:
        names = listed(archive)
    except _DAMAGES:
        return iter(())  # whoever opens it says so
    place = f"/{kind}/{archive.resolve().as_posix()}"
    return (ProductFile(name.rpartition("/")[2], f"{place}/{name}", archive, name) for name in names)


def _is_tar(archive: Path) -> bool:
    return archive.suffix.lower() == ".tar"


def _tar_names(archive: Path) -> list[str]:
    with tarfile.open(archive, "r:") as opened:
        return [member.name for member in islice(opened, _MOST_FILES) if member.isfile()]
