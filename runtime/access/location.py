"""Locations of files: local paths, web addresses, and GDAL's virtual names, told apart in one place.

A :data:`Location` is a ``Path`` where the file is local, and a ``str`` where only GDAL finds it: ``https://…``,
``s3://…``, ``/vsizip/…``, or a raster in memory (:class:`~landslip.runtime.access.held_raster.HeldRaster`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs, urljoin, urlsplit

from landslip.runtime.access.degree_box import box_text, is_box
from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.errors import UsageError

Location: TypeAlias = "Path | str"
"""A local path, or a name that GDAL reads."""

Locations: TypeAlias = "Location | tuple[Location, ...] | None"
"""Locations that a user gives for a role: nothing, one file, or several that belong together."""

Names: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None"
"""Names of the files of a role as a program may write them."""

_SLASH_LOST = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # two letters at least: C:// is a drive
_WEB = ("http", "https", "ftp")
_NETWORK = re.compile(r"/vsi(curl|s3|gs|az|adls|oss|swift|webhdfs|hdfs)(_streaming)?[/?]|(?<!^file)://", re.IGNORECASE)
_SUBDATASET = re.compile(
    r"((?:NETCDF|HDF[45](?:_\w+)?|GPKG|ZARR|RASTERLITE2?|SENTINEL2_L\w+|GTIFF_DIR:(?:off:)?\d+|BAG|S1\d\d|NITF_IM:\d+)"
    r"(?::(?:EOS_GRID|EOS_SWATH|GDAL_HDF4|SDS|\w+_RASTER))?):(?=[^:])",
    re.IGNORECASE,
)
"""Beginning of the name of one raster in a container, as GDAL lists them."""
_HELD = re.compile(r'"([^"]*)"(.*)|((?:[A-Za-z]:[\\/])?[^:]*)(.*)', re.DOTALL)
_ELSEWHERE = re.compile(r'"?(/vsi|(https?|ftp|s3|gs|az|file)://)', re.IGNORECASE)
_OPTIONS = re.compile(r"/vsicurl\?([^/\s]*)", re.IGNORECASE)  # /vsicurl?header.NAME=secret&url=https%3A%2F%2F…
_QUERY = re.compile(r"\?[^\s=]*=\S*?(?=[,:;.'\"`)}]*(\s|$))")  # GDAL also says the last part of an address alone
_ADDRESS = re.compile(r"/vsicurl\?\S*|[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"`()]*")


def located(text: str, base: Location | None = None) -> Location:
    """A location from what a user or a file wrote.

    Args:
        text: a path, an address, a name such as ``/vsizip/...``, or a box in degrees, which is no file.
        base: the folder or the address of the file that a relative path is relative to; None for the working directory.
    """
    if text[:7].lower() == "file://":
        from urllib.request import url2pathname  # noqa: PLC0415 - with all of HTTP, a third of landslip --help

        return Path(url2pathname(urlsplit(text).path))
    if text.startswith("/vsi") or _SCHEME.match(text) or is_box(text):
        return text
    if begin := _SUBDATASET.match(text):
        quote, path, rest = _held_in(text[begin.end() :])
        if not isinstance(base, Path) or _ELSEWHERE.match(text[begin.end() :]):
            return text
        return f"{begin[0]}{quote}{base / path}{quote}{rest}"
    if isinstance(base, str):
        return urljoin(base, text)
    return Path(text) if base is None else base / text


def container(location: Location) -> Location:
    """The file that holds what is named as one raster of several (``NETCDF:"file.nc":variable``); else itself."""
    begin = _SUBDATASET.match(location) if isinstance(location, str) else None
    if begin is None:
        return location
    rest = str(location)[begin.end() :]
    return rest if _ELSEWHERE.match(rest) else Path(_held_in(rest)[1])


def _held_in(rest: str) -> tuple[str, str, str]:
    """Rest behind the beginning of such a name: a quote or none, the path, and what follows."""
    found = _HELD.fullmatch(rest)
    if found is None:
        return "", rest, ""
    return ('"', found[1], found[2]) if found[1] is not None else ("", found[3], found[4])


def as_location(name: str | os.PathLike[str]) -> Location:
    """A location from what a program gives: a text, a ``Path``, or another object that stands for a path.

    A ``Path`` made of an address has lost a slash, and gets it back.

    Raises:
        UsageError: it is empty, or no name at all.
    """
    if not isinstance(name, str | os.PathLike):
        raise UsageError(f"{name!r} is no file name.", "Give a text, a Path, or several of them.")
    if isinstance(name, HeldRaster):
        return name
    text = name.as_posix() if isinstance(name, Path) else os.fsdecode(name)
    if not text or (text == "." and not isinstance(name, Path)):
        raise UsageError("A file name is empty.", "Give a path or an address.")
    if isinstance(name, Path):
        lost = _SLASH_LOST.match(text)
        text = f"{lost[1]}://{text[lost.end() :]}" if lost else text
        return located(text) if lost or text.startswith("/vsi") else name
    return located(text)


def as_area(name: object) -> Location:
    """A location of an area from what a program gives: a file as for :func:`as_location`, or four numbers in degrees.

    Raises:
        UsageError: it is neither.
    """
    return box_text(name) or as_location(name)  # type: ignore[arg-type]  # which says what is no name


def as_locations(value: Names) -> Locations:
    """Locations of what a program gives for a role: nothing, one name, or several in any collection."""
    if value is None or isinstance(value, str | os.PathLike):
        return None if value is None else as_location(value)
    try:
        names = tuple(value)
    except TypeError as error:
        raise UsageError(f"{value!r} is no file name.", "Give a text, a Path, or several of them.") from error
    return tuple(map(as_location, names))


def local_path(name: str | os.PathLike[str], option: str) -> Path:
    """The path of a file or folder that has to be a local one.

    Raises:
        UsageError: it is empty, or an address.
    """
    location = as_location(name)
    if not isinstance(location, Path):
        raise UsageError(f"{option}: {location} is no path.", "Give one of this machine.", option=option)
    return location


def exists(path: Path) -> bool:
    """Tell whether there may be something of that name: False where there is certainly nothing.

    ``Path.exists`` raises where a name is too long, or a folder on the way may not be entered.
    """
    try:
        os.stat(path)  # noqa: PTH116 - as Path.stat, and takes what is no text
    except PermissionError:
        return True  # opening it says so
    except (OSError, ValueError):
        return False
    return True


def is_folder(path: Path) -> bool:
    """Tell whether there is a folder of that name; as for :func:`exists`."""
    return os.path.isdir(path)  # noqa: PTH112 - raises nothing


def is_file(path: Path) -> bool:
    """Tell whether there is a regular file of that name; as for :func:`exists`."""
    return os.path.isfile(path)  # noqa: PTH113 - raises nothing


def is_text(path: Path) -> bool:
    """Tell whether a name is text: Linux allows any bytes, of which GDAL and the engines take those in UTF-8 alone."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def several(value: Locations) -> tuple[Location, ...]:
    """The files that were given, none to many."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def is_remote(location: Location) -> bool:
    """Tell whether only GDAL can say if a file is there."""
    return isinstance(location, str)


def is_networked(location: Location) -> bool:
    """Tell whether it comes over a connection that can break."""
    holder = container(location)
    return is_remote(holder) and _NETWORK.search(str(holder)) is not None


def web_address(location: Location) -> str | None:
    """The address that a web server knows it by, where it is a plain file on one."""
    text = str(location)
    if not is_remote(location):
        return None
    if options := _OPTIONS.match(text):
        text = parse_qs(options[1]).get("url", [""])[0]
    text = text.removeprefix("/vsicurl/")
    return text if re.match("https?://", text, re.IGNORECASE) else None


def gdal_name(location: Location) -> str:
    """The name by which GDAL opens it."""
    if isinstance(location, HeldRaster):
        return location.gdal
    text = str(location)
    return f"/vsicurl/{text}" if is_remote(location) and text.split("://", maxsplit=1)[0].lower() in _WEB else text


def shown(locations: Locations | Iterable[Location]) -> str:
    """Locations as messages and records may show them: without user, password and query."""
    if locations is None or isinstance(locations, str | Path):
        return "" if locations is None else _shown(locations)
    return ", ".join(_shown(location) for location in locations)


def without_secrets(text: str) -> str:
    """Words of a library, with every address in it as :func:`shown` shows it."""
    return _QUERY.sub("", _ADDRESS.sub(lambda found: _shown(found[0]), text))


def _shown(location: Location) -> str:
    text = str(location)
    if not is_remote(location):
        return text
    if _OPTIONS.match(text):
        address = web_address(location)
        return "/vsicurl?..." if address is None else _shown(address)
    if not (scheme := _SCHEME.search(text)):
        return text
    # A virtual name may hold an address behind a prefix: /vsicurl/https://…
    prefix, rest = text[: scheme.start()], text[scheme.end() :]
    host, slash, path = re.split("[?#]", rest, maxsplit=1)[0].partition("/")
    return f"{prefix}{scheme[0]}{host.rpartition('@')[2]}{slash}{path}"
