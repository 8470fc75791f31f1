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

import sys
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.scene import SceneFiles

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS = tuple(field.name for field in fields(SceneFiles))
"""What can be named."""

_LISTS = ("masks",)
_MOST = 1 << 20
"""Bytes; a longer file is none of these."""


def read_scene_file(path: Path) -> SceneFiles:
    """Read the files of an event.

    Raises:
        InputMissingError: the file, or one that it names, is not there.
        InputError: it is not understood, or what it names makes no scene.
    """
    named: dict[str, Any] = {key: _named(path, key, value) for key, value in _table(path).items()}
    try:
        return SceneFiles(**named)
    except UsageError as error:
        # Said in the words of the command line, whose options have the names of the keys.
        raise InputError(f"{path}: {str(error).replace('--', '')}") from error


def _table(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST + 1)
        if len(content) > _MOST:
            raise InputError(f"{path} is too large for a description of a scene. Give a text file such as SCENE.toml.")
        return tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError as error:
        raise InputMissingError(f"{path} does not exist. Check the path of the scene file.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f'{path} is not in TOML: {error}. Write lines such as: pre = "before.tif".') from error


def _named(path: Path, key: str, value: Any) -> Path | tuple[Path, ...]:
    if key not in KEYS:
        close = get_close_matches(key, KEYS, 1)
        meant = f"Did you mean {close[0]!r}?" if close else f"It may hold: {', '.join(KEYS)}."
        raise InputError(f"{path}: the key {key!r} is unknown. {meant}")
    if key not in _LISTS:
        return _file(path, key, value)
    if not isinstance(value, list):
        raise InputError(f'{path}: {key} is {value!r}, not a list of file names such as ["clouds.tif"].')
    return tuple(_file(path, key, entry) for entry in value)


def _file(path: Path, key: str, value: Any) -> Path:
    if not isinstance(value, str) or not value or "\0" in value:
        raise InputError(f'{path}: {key} is {value!r}, not a file name such as "{key}.tif".')
    file = path.parent / value
    if not file.exists():
        raise InputMissingError(f"{path}: {key} is {file}, which does not exist. Paths are relative to {path.parent}.")
    return file
