"""The published loop from files to a file, around an engine of ours instead of the Keras network.

As in the notebook, rasters are read whole, tiles go one by one, and the map is written in one piece. Two things make it
faster here than there: the rasters lie on the map's grid, and the network scales them by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from landslip.benchmarks.baselines.peer_scene import CACHE, PeerScene, write_percent
from landslip.benchmarks.baselines.published_loop import PublishedInputs, published_map
from landslip.runtime.engines import Engine, FakeEngine


@dataclass(frozen=True)
class _KerasLike:
    """An engine as the loop calls the network."""

    engine: Engine

    def predict(self, cut: Sequence[NDArray[Any]], batch_size: int, verbose: int) -> NDArray[np.float32]:
        """Confidence (n, tile, tile, 1) of windows with the bands last, one array for each input."""
        del batch_size, verbose
        firsts = [np.moveaxis(windows, -1, 1) for windows in cut]
        if not isinstance(self.engine, FakeEngine):
            firsts = [np.ascontiguousarray(windows) for windows in firsts]
        named = zip(self.engine.spec.inputs, firsts, strict=True)
        return np.moveaxis(self.engine.infer({entry.name: windows for entry, windows in named}), 1, -1)


def map_files(scene: PeerScene, path: Path, engine: Engine, batch: int) -> None:
    """Read a scene whole, map it, and write the map, which is 0 where the loop maps nothing.

    Args:
        scene: the files.
        path: the GeoTIFF that is written.
        engine: an open engine for batches of that many tiles.
        batch: tiles per call; the notebook has 1.
    """
    paths = dict(scene.files.roles())
    rasters: list[NDArray[Any]] = []
    for entry in engine.spec.inputs:
        with rasterio.Env(GDAL_CACHEMAX=CACHE), rasterio.open(paths[entry.name]) as dataset:
            rasters.append(np.moveaxis(dataset.read(), 0, -1))
    inputs = PublishedInputs(tuple(rasters), np.ones(rasters[0].shape[:2], np.bool_))
    write_percent(published_map(_KerasLike(engine), inputs, batch=batch)[0], scene.place, path)
