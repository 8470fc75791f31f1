"""Tiles of synthetic scenes to train on, read through the runtime so that training sees what mapping sees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from landslip.models.synthetic import EventSpec, write_event
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.scoring.inventory import read_inventory
from landslip.runtime.scoring.inventory_dates import Interval
from landslip.runtime.scoring.map_tallies import paint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_SPEC = published_spec("training", "")


@dataclass(frozen=True)
class TrainingScene:
    """A whole small scene on the map grid, (rows, cols) of 6 m."""

    inputs: NDArray[np.uint8]
    """(7, rows, cols): pre RGB, post RGB, hillshade."""
    slope: Floats
    """(rows, cols) degrees."""
    truth: NDArray[np.bool_]
    """(rows, cols): inside a landslide."""
    valid: NDArray[np.bool_]
    """(rows, cols): observed; elsewhere the loss and the scores do not look."""


@dataclass(frozen=True)
class TrainingBatch:
    """Inputs of the network and the output it should give, (tile, row, col, band) in network units."""

    images: tuple[Floats, Floats, Floats]
    """Pre and post (3 bands), and [hillshade, slope], scaled as the deployed graph scales them."""
    truth: Floats
    """1 inside landslides, (tile, row, col, 1)."""
    weight: Floats
    """1 where observed, (tile, row, col, 1)."""


def training_scene(spec: EventSpec) -> TrainingScene:
    """Make the scene of a spec in a temporary folder and read it back."""
    with TemporaryDirectory() as folder:
        files = write_event(Path(folder), spec)
        event = SceneFiles(pre=files.pre, post=files.post, dem=files.dem, masks=(files.clouds,))
        with open_scene(event, _SPEC.resolution) as scene:
            grid = scene.grid
            block = scene.read(make_window(0, 0, grid.width, grid.height))
            known = read_inventory(Truth(files.truth), grid, Interval())
            labels = np.zeros((grid.height, grid.width), dtype=np.int32)
            paint(known.outlines.spans(0, *labels.shape), labels)
    arrays = block.arrays
    inputs = np.concatenate([arrays["pre"], arrays["post"], arrays["hillshade"]])
    return TrainingScene(inputs, arrays["slope"][0], labels > 0, block.valid)


def varied_spec(seed: int, size_m: float) -> EventSpec:
    """A spec whose densities and clouds depend on the seed; many landslides: tiles without them teach little."""
    rng = np.random.default_rng(seed)
    return EventSpec(
        seed=seed,
        width_m=size_m,
        height_m=size_m,
        landslides_per_km2=float(rng.uniform(2.0, 6.0)),
        scars_per_km2=float(rng.uniform(0.3, 1.5)),
        cloud_cover=float(rng.uniform(0.0, 0.12)),
    )


def tiles(scenes: list[TrainingScene], tile: int, count: int, rng: np.random.Generator) -> TrainingBatch:
    """Cut random tiles; every second one has a landslide near its middle, so that landslides are not drowned out."""
    cut = [_cut(scenes[int(rng.integers(len(scenes)))], tile, bool(k % 2), rng) for k in range(count)]
    pre, post, terrain, truth, weight = (np.stack(parts) for parts in zip(*cut, strict=True))
    return TrainingBatch((pre, post, terrain), truth, weight)


def whole_scene(scene: TrainingScene, multiple: int) -> TrainingBatch:
    """One batch of one tile: the scene, cut at its south and east to multiples of what the network takes."""
    rows, cols = (length - length % multiple for length in scene.truth.shape)
    pre, post, terrain = scaled(scene, (slice(0, rows), slice(0, cols)))
    truth, weight = scene.truth[:rows, :cols], scene.valid[:rows, :cols]
    planes = [plane[None, :, :, None].astype(np.float32) for plane in (truth, weight)]
    return TrainingBatch((pre[None], post[None], terrain[None]), planes[0], planes[1])


def scaled(scene: TrainingScene, region: tuple[slice, slice]) -> tuple[Floats, Floats, Floats]:
    """Pre, post and [hillshade, slope] of a region in network units: (row, col, band)."""
    byte, degree = _SPEC.inputs[0], _SPEC.inputs[3]
    bands = scene.inputs[(slice(None), *region)].astype(np.float32).transpose(1, 2, 0) / byte.divisor + byte.offset
    slope = scene.slope[region].astype(np.float32)[..., None] / degree.divisor + degree.offset
    return bands[..., :3], bands[..., 3:6], np.concatenate([bands[..., 6:], slope], axis=-1)


def _cut(scene: TrainingScene, tile: int, centred: bool, rng: np.random.Generator) -> tuple[Floats, ...]:
    row, col = _corner(scene, tile, centred, rng)
    region = (slice(row, row + tile), slice(col, col + tile))
    pre, post, terrain = scaled(scene, region)
    planes = [plane[region][..., None].astype(np.float32) for plane in (scene.truth, scene.valid)]
    parts = (_jittered(pre, rng), _jittered(post, rng), terrain, *planes)
    # Of all flips and turns only this mirror keeps light from the north-west in the north-west, where hillshade has it.
    return tuple(part.transpose(1, 0, 2) for part in parts) if rng.random() < 0.5 else parts


def _corner(scene: TrainingScene, tile: int, centred: bool, rng: np.random.Generator) -> tuple[int, int]:
    rows, cols = scene.truth.shape
    found = np.flatnonzero(scene.truth & scene.valid) if centred else np.empty(0, np.intp)
    if not len(found):
        return int(rng.integers(rows - tile + 1)), int(rng.integers(cols - tile + 1))
    row, col = divmod(int(found[rng.integers(len(found))]), cols)
    shift = rng.integers(tile // 4, 3 * tile // 4, 2)
    return int(np.clip(row - shift[0], 0, rows - tile)), int(np.clip(col - shift[1], 0, cols - tile))


def _jittered(image: Floats, rng: np.random.Generator) -> Floats:
    """Another exposure, colour cast and haze of an image in network units, as different sensors and days would give."""
    gain = rng.uniform(0.85, 1.15) * rng.uniform(0.96, 1.04, 3)
    haze = rng.uniform(0.0, 0.12)
    light = (image + 1.0) * gain
    return np.clip(light + haze * (1.5 - light) - 1.0, -1.0, 1.0).astype(np.float32)
