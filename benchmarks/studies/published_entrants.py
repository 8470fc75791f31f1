"""The published loop as an entrant, in batches of any size; TensorFlow runs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from landslip.benchmarks.baselines.published import keras_network
from landslip.benchmarks.baselines.published_loop import HOP, TILE, published_edge, published_inputs, published_map
from landslip.benchmarks.measuring.timing import alternate
from landslip.benchmarks.scenes.grid_scene import on_the_grid, read_whole
from landslip.benchmarks.scenes.pattern_scene import write_pattern_scene
from landslip.benchmarks.studies.contestants import Contestant, Tiling, published_name

_OVERLAP = 1.0 - HOP / TILE


class PublishedLoop:
    """The network of a Keras file, and a scene in memory that has so many tiles."""

    def __init__(self, hdf5: Path, tiles: int, folder: Path, resolution: float) -> None:
        """Open the network, and read the scene.

        Args:
            hdf5: Keras file of the network.
            tiles: tiles of a run.
            folder: for the files of the scene.
            resolution: metres of a pixel of the map.

        Raises:
            ModelError: the file is not a model like the published one.
        """
        self._tiles, self._resolution = tiles, resolution
        edge = published_edge(math.isqrt(tiles - 1) + 1)
        files = write_pattern_scene(folder, on_the_grid(edge, edge))
        self._model = keras_network(hdf5)
        self._inputs = published_inputs(read_whole(files))

    def fastest_batch(self, batches: Sequence[int]) -> int:
        """The batch size in which the loop is fastest; all are tried twice, in turn.

        Args:
            batches: tiles per call that are tried; the tiles of a run are a multiple of each.
        """
        trials = {str(batch): partial(self._run, batch, self._tiles) for batch in batches}
        for batch in batches:
            self._run(batch, batch)
        timings = alternate(trials, repeats=2, warm_up=0)
        return max(batches, key=lambda batch: timings[str(batch)].highest_rate)

    def contestant(self, batch: int) -> Contestant:
        """The loop with so many tiles per call, warm."""
        self._run(batch, batch)
        tiling = Tiling(TILE, _OVERLAP, batch)
        km2 = tiling.km2(self._tiles, self._resolution)
        work = partial(self._run, batch, self._tiles)
        return Contestant(published_name(batch), tiling, work, partial(float, km2), "arrays in memory")

    def _run(self, batch: int, tiles: int) -> float:
        return float(published_map(self._model, self._inputs, batch=batch, most=tiles)[1])
