"""A scene from arguments: a scene file or files that are given, and how to read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from landslip.runtime.access.degree_box import box_text
from landslip.runtime.access.given_rasters import free_rasters, given_locations
from landslip.runtime.access.location import Locations, as_location, several
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import FILE_FIELDS, OF_ITEMS, SceneFiles
from landslip.runtime.inputs.scene_toml import read_scene_fields, scene_of
from landslip.runtime.mapping.arguments import Name

_FILES = FILE_FIELDS
_READING = tuple(field.name for field in fields(ReadOptions))
_SINGLE = ("hillshade", "slope", "aoi")

SCENE_NAMES = frozenset((*_FILES, *_READING))
"""Arguments that :func:`given_scene` takes."""


def given_scene(scene: SceneFiles | Name | None, arguments: Mapping[str, Any]) -> SceneFiles:
    """Make a scene of what is given.

    Args:
        scene: files of an event, or SCENE.toml, or a STAC Item, ItemCollection, Catalog or Collection; None where
            arguments name all.
        arguments: some of :data:`SCENE_NAMES`. They replace what ``scene`` says; masks are added. None leaves open.

    Raises:
        UsageError: it makes no scene.
        InputError: the file that describes it is not there or not understood.
    """
    given = {name: arguments[name] for name in arguments if arguments[name] is not None}
    named = {name: _named(name, given[name]) for name in _FILES if name in given}
    files = {name: locations for name, locations in named.items() if locations}
    reading = {name: _plain(given[name]) for name in _READING if name in given}
    return scene_of(_fields_of(scene), {**files, "reading": reading})


@contextmanager
def rasters_held(arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Arguments with names for the arrays and open datasets among them, which are freed at the end.

    It is entered in the thread that gives them: a dataset is used in this one alone, and only until names are there.

    Args:
        arguments: of a map, each by its name; those that name no files stay as they are.

    Raises:
        UsageError: one is no raster, or a dataset that cannot be read.
        InputError: a dataset cannot be read.
        ResourceError: there is no memory for a copy.
    """
    found, made = dict(arguments), []
    try:
        for name in _FILES:
            if arguments.get(name) is not None and box_text(arguments[name]) is None:
                kept = {id(each) for each in several(arguments[name])}
                found[name] = given_locations(arguments[name], name)
                made += [each for each in several(found[name]) if id(each) not in kept]
        yield found
    finally:
        free_rasters(made)


def _fields_of(scene: SceneFiles | Name | None) -> dict[str, Any]:
    if scene is None:
        return {}
    if not isinstance(scene, SceneFiles):
        return read_scene_fields(as_location(scene))
    usual = ReadOptions()
    reading = {name: getattr(scene.reading, name) for name in _READING}
    files = {name: getattr(scene, name) for name in (*_FILES, *OF_ITEMS)}
    return {
        **{name: named for name, named in files.items() if named not in (None, ())},
        "reading": {name: value for name, value in reading.items() if value != getattr(usual, name)},
    }


def _named(role: str, names: Any) -> Locations:
    if role == "aoi":
        names = box_text(names) or names
    locations = several(given_locations(names, role))
    if role in _SINGLE and len(locations) > 1:
        raise UsageError(f"{len(locations)} files are given as `{role}`.", "Give one.", option=role)
    if role == "masks":
        return locations
    return locations[0] if len(locations) == 1 else locations or None


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
