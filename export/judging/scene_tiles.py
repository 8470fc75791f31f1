"""Tiles of real scenes: to calibrate on, and held-out ones to be judged by. No tile serves both.

A user's scene is split: its tiles do not overlap, and every second one is held out. Without one, scenes are generated
from seeds of two ranges that do not meet, nor meet those of the demo model's training; bands that they do not have are
made up (:mod:`landslip.export.judging.generated_bands`). Either way tiles are in the units of the description.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.export.judging.generated_bands import GeneratedBands
from landslip.export.judging.made_inputs import made_input, stepped
from landslip.models.synthetic import write_event
from landslip.models.training.training_tiles import varied_spec
from landslip.runtime.artifacts.channels import TERRAIN, Relief, Terrain
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.artifacts.spec import FED, InputSpec, ModelSpec
from landslip.runtime.errors import InputError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inputs.scene_toml import read_scene_file
from landslip.runtime.scene.layers import SceneBlock
from landslip.runtime.scene.scene import Scene, open_scene

log = logging.getLogger(__name__)

Purpose = Literal["calibration", "held-out"]
"""Purpose that tiles serve."""

Sees = Callable[[TileArrays], NDArray[Any]]
"""Function from tiles to the share of each that the network maps, (n,)."""

SEEDS: dict[Purpose, range] = {"calibration": range(6000, 6100), "held-out": range(7000, 7100)}
"""Seeds of generated scenes."""

COUNTS: dict[Purpose, int] = {"calibration": 16, "held-out": 8}
"""Most tiles of each part."""

_CANDIDATES: dict[Purpose, int] = {"calibration": 24, "held-out": 12}
"""Tiles to choose from."""
_NEEDED = 4
"""Fewer tiles of a user's scene prove nothing: every second one is held out."""
_LEAST_VALID = 0.8
"""Share of a tile that has to be observed."""
_ACROSS = 3
"""Tiles of a generated scene from side to side."""
_EDGE_METRES = 4500.0
"""Generated scenes are no larger than this, or than one tile where that is larger."""


_MASKED = ReadOptions(mask_values="1")
"""Reading of generated scenes, whose masks are 1 under clouds. Small scenes may be hidden altogether."""
_ALWAYS = frozenset({"hillshade", "slope"})
"""Layers of terrain that generated scenes are read with, whatever a network takes: they are kept for the next one."""


@dataclass(frozen=True)
class _GeneratedInputs:
    """Description of what generated scenes are read for."""

    inputs: tuple[InputSpec, ...]


@dataclass(frozen=True)
class TileSource:
    """Maker of tiles from a scene of the user, or from generated scenes."""

    spec: ModelSpec
    """Description of the model that takes the tiles: its inputs, tile size and ground resolution."""
    scene_file: Path | None = None
    """SCENE.toml of a user; None for generated scenes."""

    @property
    def described(self) -> str:
        """Origin of the tiles, for the log and the record."""
        if self.scene_file is None:
            return "generated scenes, seeds from " + " and ".join(f"{s[0]} ({purpose})" for purpose, s in SEEDS.items())
        return f"scene {self.scene_file.name}"

    def tiles(self, purpose: Purpose, sees: Sees) -> TileArrays:
        """Tiles of one part: half of them where the network sees most, the others spread over the scene.

        Args:
            purpose: what for.
            sees: what the network maps.

        Raises:
            InputError: the scene cannot be read, or has too few tiles.
            UsageError: it lacks what the model takes.
        """
        tiles = self._tiles(purpose)
        batch: TileArrays = {entry.name: np.stack([tile[entry.name] for tile in tiles]) for entry in self.spec.inputs}
        taken = chosen(sees(batch), COUNTS[purpose])
        return {name: values[taken] for name, values in batch.items()}

    def check(self, *, insist: bool = True) -> None:
        """Make sure that a user's scene can be used, before time is spent on the network.

        Args:
            insist: whether the network is known to be as the spec says; if not, its inputs are looked for later.

        Raises:
            InputError: the scene cannot be read, or has too few tiles.
            UsageError: it lacks what the model takes.
        """
        if self.scene_file is None:
            return
        files = read_scene_file(self.scene_file)
        with self._opened(files, insist=insist) as scene:
            self._check_count(len(list(islice(_observed_tiles(scene, self.spec.tile), _NEEDED))))

    def _opened(self, files: SceneFiles, *, insist: bool = True) -> AbstractContextManager[Scene]:
        if not insist:
            return open_scene(files, self.spec.resolution)
        return open_scene(files.for_model(self.spec), self.spec.resolution, self.spec)

    def _check_count(self, count: int) -> None:
        if count < _NEEDED:
            raise InputError(
                f"{self.scene_file}: there are too few tiles of {self.spec.tile} pixels of {self.spec.resolution:g} m "
                f"in the scene that do not overlap and are observed to {_LEAST_VALID:.0%}: {count}, and {_NEEDED} are "
                "needed. Give a larger scene, or none: generated ones are taken then."
            )

    def _tiles(self, purpose: Purpose) -> list[TileArrays]:
        """Inputs of each tile by name, (bands, tile, tile)."""
        if self.scene_file is None:
            terrain = tuple(kind for kind in TERRAIN if kind in _ALWAYS or Relief(kind) in self.spec.leaves)
            blocks = _generated(purpose, self.spec.tile, self.spec.resolution, terrain)
            return [self._made(GeneratedBands(block)) for block in blocks]
        return [
            {entry.name: _packed(block.arrays[entry.name], entry) for entry in self.spec.inputs}
            for block in self._blocks(self.scene_file, purpose)
        ]

    def _made(self, bands: GeneratedBands) -> TileArrays:
        return {entry.name: _packed(made_input(entry, bands.values), entry) for entry in self.spec.inputs}

    def _blocks(self, scene_file: Path, purpose: Purpose) -> Sequence[SceneBlock]:
        with self._opened(read_scene_file(scene_file)) as scene:
            start = list(SEEDS).index(purpose)
            observed = list(islice(_observed_tiles(scene, self.spec.tile), 2 * _CANDIDATES[purpose] + start))
        self._check_count(len(observed))
        return observed[start::2]


def _packed(values: NDArray[Any], entry: InputSpec) -> NDArray[Any]:
    return stepped(values, entry).astype(entry.dtype, copy=False)


@cache
def _generated(purpose: Purpose, tile: int, resolution: float, terrain: tuple[Terrain, ...]) -> Sequence[SceneBlock]:
    """Tiles of as many generated scenes as it takes; kept, because they take seconds and never change."""
    log.info("generating scenes (%s tiles)", purpose)
    found = (block for seed in SEEDS[purpose] for block in _of_event(seed, tile, resolution, terrain))
    return tuple(islice(found, _CANDIDATES[purpose]))


def _of_event(seed: int, tile: int, resolution: float, terrain: tuple[Terrain, ...]) -> list[SceneBlock]:
    edge = tile * resolution
    across = min(_ACROSS, max(1, int(_EDGE_METRES / edge)))
    with TemporaryDirectory() as folder:
        # A pixel more on each side than the tiles need: what is resampled at the border is not observed.
        event = write_event(Path(folder), varied_spec(seed, across * edge + 4 * max(resolution, 10.0)))
        files = SceneFiles(pre=event.pre, post=event.post, dem=event.dem, masks=(event.clouds,), reading=_MASKED)
        with open_scene(
            files, resolution, _GeneratedInputs(tuple(FED[name] for name in ("pre", "post", *terrain)))
        ) as scene:
            return list(_observed_tiles(scene, tile))


def _observed_tiles(scene: Scene, tile: int) -> Iterator[SceneBlock]:
    """Tiles that do not overlap and are mostly observed, in an order in which the first ones lie all over the scene."""
    for window in spread_windows(scene.grid.height, scene.grid.width, tile):
        block = scene.read(window)
        if block.valid.mean() >= _LEAST_VALID:
            yield block


def spread_windows(height: int, width: int, tile: int) -> list[Window]:
    """All tiles of a lattice in the middle of a grid, in a fixed order that looks random."""
    rows, cols = height // tile, width // tile
    top, left = (height - rows * tile) // 2, (width - cols * tile) // 2
    order = np.random.default_rng(0).permutation(rows * cols)
    return [make_window(left + tile * (int(k) % cols), top + tile * (int(k) // cols), tile, tile) for k in order]


def chosen(mapped: NDArray[Any], count: int) -> NDArray[np.intp]:
    """Indices of the tiles to take: those with the most mapped, up to half of the count, and then others in order."""
    ranked = np.argsort(-mapped, kind="stable")
    most, others = ranked[: count // 2], np.sort(ranked[count // 2 :])
    return np.concatenate([most, others[: count - len(most)]])
