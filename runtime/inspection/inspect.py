"""A look at a scene before its first tile: what :mod:`landslip.runtime.inspection.objections` judges is measured here.

Pixels are read from a few windows spread over the map; all of it is searched only where they show nothing valid.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from typing import Any

import numpy as np

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.access.location import shown
from landslip.runtime.artifacts.channels import DATES
from landslip.runtime.declared.acquired import earliest, latest
from landslip.runtime.geo.convergence import LARGEST_TURN, turn_of
from landslip.runtime.geo.fineness import pixel_metres
from landslip.runtime.geo.overlap import share_of_map, share_of_smaller
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inspection import objections
from landslip.runtime.inspection.registration import LEAST_VALID, Registration, Shift, agreed, luminance, shift_between
from landslip.runtime.inspection.sample_windows import sample_windows
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene
from landslip.runtime.scene.scene_inputs import SceneInput
from landslip.runtime.system.stages import Line
from landslip.runtime.terrain.ready_checks import ReadyTerrain
from landslip.runtime.terrain.slope_and_hillshade import AZIMUTH
from landslip.runtime.tiling.plan import Plan

log = logging.getLogger(__name__)

ENOUGH = 9
"""Windows with mostly valid pixels after which no more are read."""


@dataclass
class _Seen:
    """Evidence that the windows have shown so far."""

    windows: int = 0
    """Windows that were mostly valid."""
    valid: int = 0
    """Valid pixels."""
    differ: bool = False
    """Some valid pixel differs between the images."""
    varied: bool = False
    """The earlier image has more than one value."""
    shifts: list[Shift | None] = field(default_factory=list)
    """One per window that was mostly valid."""
    terrain: ReadyTerrain = field(default_factory=ReadyTerrain)
    """Hillshade and slope."""


def inspect_scene(
    scene: Scene, files: SceneFiles, inputs: Sequence[Mapping[str, Any]], plan: Plan, *, force: bool
) -> dict[str, Any]:
    """Check a scene before it is mapped; objections come before warnings.

    Args:
        scene: the opened scene.
        files: what it was opened from.
        inputs: the ``inputs`` of the run record, for their checksums; may be empty.
        plan: the tiles.
        force: turn objections into warnings.

    Returns:
        For the run record, ``registration``: ``shift_pixels`` [dx, dy], how far to the right and down the image after
        the event lies from the one before, in pixels of the map, and the number of ``windows`` that agree; or None.
        ``objections_overruled``: the sentences that ``force`` turned into warnings.

    Raises:
        InputError: the images are the same or hardly overlap, or nothing would be observed, and ``force`` is not set.
    """
    found = objections.Objections(force=force)
    for doubt in scene.doubts:
        found.add(doubt)
    images = [entry for entry in scene.inputs if entry.kind == "image"]
    names = [entry.name for entry in images]
    if len(images) == 2:
        found.add(objections.hardly_overlapping(_largest_share(*images), *names))
        found.add(objections.same_file(inputs, shown(files.pre), shown(files.post)))
        _compare_dates(scene, files, names, found)
    for role, name in zip(scene.images, names, strict=True):
        _warn(objections.taken_on_several_days(scene.times.get(role, ()), name))
    found.add(objections.without_tiles(plan.tiles, plan.protocol))
    coarse = [_coarseness(entry, scene) for entry in scene.inputs]
    for objection, _ in coarse:
        found.add(objection)
    seen = _look(scene)
    if not seen.valid:
        found.add(_nothing(scene, plan))
    if files.dem is None:
        _judge_ready(scene, seen.terrain, found)
    if len(images) == 2:
        equal = seen.varied and not seen.differ
        found.add(objections.same_pixels(equal, seen.valid, *names))
    for sentence in (
        objections.smaller_than_a_tile(plan.tiles),
        *(sentence for _, sentence in coarse),
        *_coverage(scene),
    ):
        _warn(sentence)
    if not any(entry.kind == "mask" for entry in scene.inputs):
        log.warning("No mask is given: clouds and snow may be mapped as landslides.")
    shift = agreed(seen.shifts)
    if shift is not None:
        _warn(objections.misregistered(shift, scene.grid, *names))
    return {"registration": _described(shift), "objections_overruled": found.overruled}


def _compare_dates(scene: Scene, files: SceneFiles, names: list[str], found: objections.Objections) -> None:
    """Doubt whether the two images are of one satellite, and in the order that they were given in."""
    _warn(objections.of_two_kinds(*(files.granules_of(date) or () for date in DATES)))
    before, after = latest(scene.times.get("pre", ())), earliest(scene.times.get("post", ()))
    found.add(objections.taken_in_reverse(before, after, *names))
    _warn(objections.written_in_reverse(before, after, *names))


def _largest_share(before: SceneInput, after: SceneInput) -> float | None:
    """Share of the smaller that files of two images have in common, of the two with the most; None if unknown."""
    largest: float | None = None
    for first, second in product(before.rasters, after.rasters):
        share = share_of_smaller(first, second)
        if share is None or share >= objections.LEAST_OVERLAP:
            return share
        largest = share if largest is None else max(largest, share)
    return largest


def _look(scene: Scene) -> _Seen:
    seen, windows = _Seen(), list(sample_windows(scene.grid.height, scene.grid.width))
    with Line() as line:
        # As many as may do are read ahead; whether more are needed these have to say.
        ahead = line.background(map(scene.read, windows[:ENOUGH]), depth=1)
        for block in chain(ahead, map(scene.read, windows[ENOUGH:])):
            _compare(block, seen)
            seen.windows += block.valid.mean() >= LEAST_VALID
            if seen.windows == ENOUGH:
                break
    return seen


def _compare(block: SceneBlock, seen: _Seen) -> None:
    seen.valid += int(block.valid.sum())
    hillshade, slope = block.relief.get("hillshade"), block.relief.get("slope")
    seen.terrain.add(*(None if array is None else Pixels(array, block.valid).known[0] for array in (hillshade, slope)))
    if not block.valid.any() or len(block.pictures) < len(DATES):
        return
    pre, post = (block.pictures[date] for date in DATES)
    before, after = (Pixels(picture, block.valid).known for picture in (pre, post))
    seen.differ |= not np.array_equal(before, after)
    seen.varied |= bool(before.min() < before.max())
    if block.valid.mean() >= LEAST_VALID:
        seen.shifts.append(shift_between(luminance(pre), luminance(post), block.valid))


def _nothing(scene: Scene, plan: Plan) -> str | None:
    """Search the whole map for a valid pixel; what to say if there is none."""
    log.info("nothing is valid in the places looked at so far: searching the whole map")
    hiding = {entry.name: entry for entry in scene.inputs}
    for index in range(len(plan.tiles.rows)):
        window = scene.grid.rows(*plan.tiles.rows_to_read(index))
        valid = np.ones((window.height, window.width), dtype=np.bool_)
        for entry in scene.inputs:
            there = entry.valid(window)
            valid &= there
            if there.any():
                hiding.pop(entry.name, None)
        if valid.any():
            return None
    return objections.nothing_observed(list(hiding))


def _judge_ready(scene: Scene, seen: ReadyTerrain, objections: objections.Objections) -> None:
    """Judge a ready hillshade and a ready slope."""
    named = {entry.rasters[0].role: entry for entry in scene.inputs if entry.kind == "terrain"}
    hillshade, slope = named.get("hillshade"), named.get("slope")
    if hillshade is not None:
        objections.add(seen.of_ones(hillshade.name))
        _warn(_light(hillshade, scene))
    if slope is not None:
        objections.add(seen.of_walls(slope.name))
    if hillshade is not None and slope is not None:
        objections.add(seen.of_another_unit(slope.name))
        _warn(seen.at_odds(hillshade.name, slope.name))


def _light(hillshade: SceneInput, scene: Scene) -> str | None:
    try:
        turn = turn_of(hillshade.rasters[0].crs, scene.grid, AZIMUTH)
    except RASTER_ERRORS:
        return None  # the light may come from anywhere, and the place was found all the same
    return objections.light_off_north(hillshade.name, turn, LARGEST_TURN)


def _coarseness(entry: SceneInput, scene: Scene) -> tuple[str | None, str | None]:
    sizes = [pixel_metres(raster.crs, raster.transform, scene.grid) for raster in entry.rasters]
    # Sensors have coarse bands beside fine ones, and networks that take both were trained so.
    decisive = min if entry.kind == "image" else max
    return objections.too_coarse(
        entry.name, entry.kind, decisive((size for size in sizes if size), default=None), scene.grid
    )


def _coverage(scene: Scene) -> list[str | None]:
    parts = [
        objections.partly_covering(entry.name, _share(entry, scene))
        for entry in scene.inputs
        if entry.kind in {"terrain", "mask"}
    ]
    area = scene.area
    return parts if area is None else [*parts, objections.area_outside(area.path, area.share_near(scene.grid))]


def _share(entry: SceneInput, scene: Scene) -> float | None:
    """Share of the map that the files of an input cover together; they may lie side by side."""
    shares = [share_of_map(raster, scene.grid) for raster in entry.rasters]
    return None if None in shares else min(1.0, sum(share for share in shares if share is not None))


def _described(found: Registration | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"shift_pixels": [round(found.shift.dx, 2), round(found.shift.dy, 2)], "windows": found.windows}


def _warn(sentence: str | None) -> None:
    if sentence is not None:
        log.warning("%s", sentence)
