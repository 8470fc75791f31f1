"""Scene of a finished run, opened again: only where its images are still those that were mapped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import Location, exists, is_networked, shown
from landslip.runtime.access.web import version_of
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.hashed_files import hashed_file
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.content_digest import content_digest
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.opened_inputs import image_files, images_given, taken_inputs
from landslip.runtime.run.record_types import GridLaid, InputUsed
from landslip.runtime.scene.scene import Scene, open_scene
from landslip.runtime.system.digests import sha256_of

_REMEDY = "Put it back, or give the scene again with `scene`."
_ROWS = 64
"""Map rows that are read at a time."""
_CACHE = (8 << 20, 512 << 20)
"""Bytes that GDAL's cache of blocks has at the least and at the most."""


@contextmanager
def images_of(run: FinishedRun) -> Iterator[Scene]:
    """The images of a run on the grid of its map: the scene itself while it is open, else opened again.

    Raises:
        InputMissingError: a file is not there any more.
        InputError: a file is not what it was, or cannot be read, or the files given again make another map grid.
    """
    if run.scene is not None:
        yield run.scene
        return
    files = image_files(run) if run.given is None else images_given(run, run.given)
    _check_same(run, files)
    with open_scene(files, run.record.grid.transform[0], taken_inputs(run)) as scene:
        _check_grid(run, scene.grid)
        cache = min(max(_CACHE[0], scene.cache_bytes(_ROWS)), _CACHE[1])
        with block_cache(cache):
            yield scene


def _check_same(run: FinishedRun, files: SceneFiles) -> None:
    """Make sure that files are those of the record, role by role."""
    given = list(files.roles())
    used = [entry for entry in run.record.inputs if entry.role in {"pre", "post", "aoi"}]
    roles, expected = [role for role, _ in given], [entry.role for entry in used]
    if roles != expected:
        raise InputError(
            f"The scene has {_counted(roles)}, and the run was made of {_counted(expected)}.",
            "Give the scene as it was mapped.",
            option="scene",
        )
    for (role, location), entry in zip(given, used, strict=True):
        _check_file(role, location, entry)


def _check_file(role: str, location: Location, entry: InputUsed) -> None:
    name = shown(location)
    if entry.in_memory is not None or isinstance(location, HeldRaster):
        if content_digest(location) != entry.sha256:
            raise _changed(role, name)
        return
    if isinstance(location, str):
        found = version_of(location) if is_networked(location) and entry.version else None
        if found is not None and found != entry.version:
            raise _changed(role, name)
        return
    if not exists(location):
        raise InputMissingError(
            f"{role}: {name} is not there any more, and the report shows the images that were mapped.",
            _REMEDY,
            where=name,
        )
    file = hashed_file(role, location)
    if entry.sha256 is not None and (file is None or sha256_of(file) != entry.sha256):
        raise _changed(role, name)


def _check_grid(run: FinishedRun, grid: MapGrid) -> None:
    laid: GridLaid = run.record.grid
    same_place = np.allclose(list(grid.transform)[:6], laid.transform, rtol=0, atol=1e-6 * grid.resolution)
    if (grid.height, grid.width) != (laid.height, laid.width) or not same_place:
        raise InputError(
            f"The images make a map of {grid.width} x {grid.height} pixels, which is not the one that was made "
            f"({laid.width} x {laid.height}): they are read in another way.",
            "Give the scene with the options that it was mapped with.",
            option="scene",
        )


def _counted(roles: list[str]) -> str:
    return ", ".join(f"{roles.count(role)} of {role}" for role in dict.fromkeys(roles)) or "no files"


def _changed(role: str, name: str) -> InputError:
    return InputError(
        f"{role}: {name} is not what it was when it was mapped, and the report shows the images that were mapped.",
        _REMEDY,
        where=name,
    )
