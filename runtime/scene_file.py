"""SCENE.toml: the files of one event, named in a file instead of on the command line.

.. code-block:: toml

    pre = "before.tif"
    post = "after.tif"
    dem = "dem.tif"                    # or hillshade = "…" and slope = "…"
    masks = ["clouds.tif", "snow.tif"]
    aoi = "area.gpkg"

Paths are relative to the folder of the file. Each key is a field of :class:`~landslip.runtime.scene.SceneFiles`.
"""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.plain_text import printable, shown
from landslip.runtime.scene import SceneFiles
from landslip.runtime.toml_file import check_key, read_toml

KEYS = tuple(field.name for field in fields(SceneFiles) if field.name != "reading")
"""What can be named."""

_LISTS = ("masks",)
_PATH = 500
"""Most characters of a path in a message."""


def read_scene_file(path: Path) -> SceneFiles:
    """Read the files of an event.

    Raises:
        InputMissingError: the file, or one that it names, is not there.
        InputError: it is not understood, or what it names makes no scene.
    """
    table = read_toml(path, "a scene", 'pre = "before.tif"')
    named: dict[str, Any] = {key: _named(path, key, value) for key, value in table.items()}
    try:
        return SceneFiles(**named)
    except UsageError as error:
        # Said in the words of the command line, whose options have the names of the keys.
        raise InputError(f"{path}: {str(error).replace('--', '')}") from error


def _named(path: Path, key: str, value: Any) -> Path | tuple[Path, ...]:
    check_key(path, key, KEYS)
    if key not in _LISTS:
        return _file(path, key, value)
    if not isinstance(value, list):
        raise InputError(f'{path}: {key} is {shown(value)}, not a list of file names such as ["clouds.tif"].')
    return tuple(_file(path, key, entry) for entry in value)


def _file(path: Path, key: str, value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise InputError(f'{path}: {key} is {shown(value)}, not a file name such as "{key}.tif".')
    file = path.parent / value
    if not os.path.exists(file):  # noqa: PTH110 - that of Path raises an error for a name that is too long
        name = printable(str(file), _PATH)
        raise InputMissingError(f"{path}: {key} is {name}, which does not exist. Paths are relative to {path.parent}.")
    return file
