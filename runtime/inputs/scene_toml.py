"""A scene in a file: the rasters of one event and how to read them, named there instead of on the command line.

.. code-block:: toml

    pre = "before.tif"                 # a path, an address, or a list of them
    post = "https://example.org/after.tif"
    dem = ["north.tif", "south.tif"]   # or hillshade = "…" and slope = "…"
    masks = ["clouds.tif", "snow.tif"]
    aoi = "area.gpkg"                  # or [8.1, 45.2, 8.4, 45.6]: west, south, east, north in degrees
    resolution = 10.0

Paths are relative to the folder of the file. Each key is a field of :class:`~landslip.runtime.scene.scene.SceneFiles`
or of :class:`~landslip.runtime.inputs.read_options.ReadOptions`. A STAC Item, ItemCollection, Catalog or Collection is
taken as well: see :mod:`~landslip.runtime.inputs.stac_scene`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

from landslip.runtime.access.degree_box import box_text
from landslip.runtime.access.location import Location, is_folder, located
from landslip.runtime.access.location import shown as shown_location
from landslip.runtime.access.web import read_address
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import FILE_FIELDS, SceneFiles
from landslip.runtime.inputs.stac_addresses import base_of
from landslip.runtime.inputs.stac_scene import scene_of_stac
from landslip.runtime.untrusted.json_text import MOST_BYTES
from landslip.runtime.untrusted.printable import printable, shown
from landslip.runtime.untrusted.toml_file import MOST_TOML, parse_toml, read_file
from landslip.runtime.untrusted.typed_values import UnfitError, check_key, typed

Fields = dict[str, Any]
"""Fields of :class:`~landslip.runtime.scene.scene.SceneFiles`, with those of ``ReadOptions`` as a table under
``reading``."""

_FILES = {field.name: str(field.type) for field in fields(SceneFiles) if field.name in FILE_FIELDS}
_READING: Mapping[str, Any] = get_type_hints(ReadOptions)

KEYS = (*_FILES, *(field.name for field in fields(ReadOptions)))
"""Keys that can be named."""

CATALOG = "catalog.json"
"""Name of the Catalog in a folder that is given as a scene, as platforms stage their inputs."""

_PATH = 500
"""Most characters of a path in a message."""
_OPTION = re.compile(r"`([a-z_]+)`")
_JSON_NAME = re.compile(r"\.(geo)?json$", re.IGNORECASE)


def read_scene_file(location: Location) -> SceneFiles:
    """Read the scene of an event: SCENE.toml, or a STAC Item, ItemCollection, Catalog or Collection.

    Of a folder its ``catalog.json`` is taken.

    Raises:
        InputMissingError: the file, or one that it names, is not there.
        InputError: it is not understood, or what it names makes no scene.
    """
    return whole_scene(read_scene_fields(location), location)


def whole_scene(named: Fields, location: Location) -> SceneFiles:
    """Make a scene of the fields of a file alone.

    Raises:
        InputError: they make none.
    """
    try:
        return scene_of(named)
    except UsageError as error:
        raise InputError(f"{shown_location(location)}: {_in_keys(error)}") from error


def read_scene_fields(location: Location) -> Fields:
    """Read what a scene file says, be it a whole scene or not.

    Raises:
        InputMissingError: the file, or one that it names, is not there.
        InputError: it is not understood.
    """
    if isinstance(location, Path) and is_folder(location):
        location = location / CATALOG
    content = read_file(location, "a scene") if isinstance(location, Path) else read_address(location, MOST_BYTES + 1)
    return scene_fields_of(content, location)


def scene_fields_of(content: bytes, location: Location, *, beside: Collection[str] = ()) -> Fields:
    """Fields that the content of a scene file gives, as if it lay at a place, which it may have left.

    Args:
        content: all of the file.
        location: place that relative paths start from, and that messages name.
        beside: keys of a SCENE.toml that are somebody else's, and passed over.

    Raises:
        InputMissingError: a file that it names is not there.
        InputError: it is not understood.
    """
    name = shown_location(location)
    if _JSON_NAME.search(name) or content[:100].lstrip().startswith(b"{"):
        return scene_of_stac(content, location)
    table = parse_toml(content[: MOST_TOML + 1], name, "a scene", 'pre = "before.tif"')
    return _of_table({key: table[key] for key in table if key not in beside}, name, base_of(location))


def _in_keys(error: UsageError) -> str:
    """Rename options, in what is said of them, to the keys of a scene file, which have the same names."""
    return _OPTION.sub(r"\1", str(error))


def scene_of(named: Fields, options: Fields | None = None) -> SceneFiles:
    """A scene from what a file says and what a user gives besides.

    What the user gives takes the place of what the file says; masks are added. Terrain is one thing: an elevation model
    takes the place of hillshade and slope, and either of those that of the elevation model.

    Raises:
        UsageError: it makes no scene.
    """
    options = options or {}
    named = {key: value for key, value in named.items() if not _replaced(key, options)}
    masks = (*named.get("masks", ()), *options.get("masks", ()))
    # A date or nodata value that a file says is that of the image in it, not of one that is given in its place.
    stale = {f"{role}_{what}" for role in ("pre", "post") if role in options for what in ("date", "nodata")}
    stated = {key: value for key, value in named.get("reading", {}).items() if key not in stale}
    reading = ReadOptions(**{**stated, **options.get("reading", {})})
    return SceneFiles(**{**named, **options, "masks": masks, "reading": reading})


def _replaced(key: str, options: Fields) -> bool:
    ready = {"hillshade", "slope"}
    return (key in ready and "dem" in options) or (key == "dem" and bool(ready & options.keys()))


def _of_table(table: dict[str, Any], name: str, base: Location) -> Fields:
    named: Fields = {"reading": {}}
    try:
        for key, value in table.items():
            check_key(key, KEYS)
            if key in _FILES:
                named[key] = _files(name, key, value, base)
            else:
                dated = value.isoformat() if isinstance(value, date) else value  # TOML has dates of its own
                named["reading"][key] = typed(dated, _READING[key], key, plain=True)
        ReadOptions(**named["reading"])
    except UnfitError as error:
        raise InputError(f"{name}: {error}", where=name) from error
    except UsageError as error:
        raise InputError(f"{name}: {_in_keys(error)}") from error
    return named


def _files(name: str, key: str, value: Any, base: Location) -> Location | tuple[Location, ...]:
    if key == "aoi":
        value = box_text(value) or value
    if isinstance(value, list) and (key == "masks" or (value and "Locations" in _FILES[key])):
        files = tuple(_file(name, key, entry, base) for entry in value)
        return files if key == "masks" or len(files) > 1 else next(iter(files))
    file = _file(name, key, value, base)
    return (file,) if key == "masks" else file


def _file(name: str, key: str, value: Any, base: Location) -> Location:
    if not isinstance(value, str) or not value or "\0" in value:
        raise InputError(f'{name}: {key} is {shown(value)}, not a file name such as "{key}.tif".')
    try:
        file = located(value, base)
    except ValueError as error:
        raise InputError(f"{name}: {key} is {shown(value)}, which is no address ({error}).") from error
    if isinstance(file, Path) and not os.path.exists(file):  # noqa: PTH110 - Path.exists raises for a name too long
        path, where = printable(str(file), _PATH), shown_location(base)
        raise InputMissingError(
            f"{name}: {key} is {path}, which does not exist.", f"Paths are relative to {where}.", where=path
        )
    return file
