"""An event that is cut into shards, its map by one process, and what the maps of several have to be equal to."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from helpers.graphs import small_network
from helpers.models import brightness_model, class_model
from helpers.rasters import scene_mixed
from landslip.runtime.engines import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_names import made_by

TILE = 64
"""Edge of a tile: small, so that a small map has many rows of them."""


@dataclass(frozen=True)
class ShardEvent:
    """An event with a model, and its map by one process."""

    folder: Path
    """Folder of its files."""
    files: SceneFiles
    """Images, elevation and a mask."""
    model: Path
    """Small model, which a real engine runs."""
    classes: bool
    """True if the model tells classes apart."""
    shares: bool = False
    """True if features are computed once for all tiles that show a place."""

    def request(self, out: Path, **options: object) -> MapRequest:
        """Request for its map."""
        engine = EngineOptions(engine="onnxruntime", tile=TILE, batch=3, share_features=self.shares)
        return MapRequest(self.model, self.files, out, **({"engine": engine} | options))

    @property
    def one_process(self) -> list[str]:
        """Digests of the products that one process makes."""
        out = self.folder / "one-process"
        if not out.exists():
            map_scene(self.request(out))
        return self.digests(out)

    def digests(self, out: Path) -> list[str]:
        """SHA-256 of each product but the record, which holds times."""
        names = [name for name in made_by(classes=self.classes) if name != "run.json"]
        return [hashlib.sha256((out / name).read_bytes()).hexdigest() for name in names]

    def command(self, out: Path, *options: object) -> list[str]:
        """The command that maps it."""
        files = [
            "--pre", self.files.pre, "--post", self.files.post, "--dem", self.files.dem, "--mask", *self.files.masks,
        ]  # fmt: skip
        how = ["--engine", "onnxruntime", "--tile", TILE, "--batch", 3, "-o", out, *options]
        how += ["--share-features"] * self.shares
        return [sys.executable, "-m", "landslip", "map", "-m", str(self.model), *map(str, [*files, *how])]


def shard_event(folder: Path, *, height_m: float = 6200.0, width_m: float = 600.0, classes: bool = False) -> ShardEvent:
    """Write an event of 31 rows of tiles, which make two shards."""
    folder.mkdir(exist_ok=True)
    files = scene_mixed(folder, height_m=height_m, width_m=width_m)
    model = (class_model if classes else brightness_model)(folder / "model.onnx")
    return ShardEvent(folder, files, model, classes)


def sharing_event(folder: Path) -> ShardEvent:
    """Write an event of two shards whose model has features that overlapping tiles share."""
    event = shard_event(folder)
    onnx.save(small_network(), event.model)
    return replace(event, shares=True)
