"""A predictor that does no arithmetic at all: it gives the same tiles whatever it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines import FakeEngine

_BLOBS = 6
"""Landslides drawn on a tile of 224 pixels."""


class FixedTiles:
    """Gives tiles that look like those of a network: nearly all is 0, with some blobs that fade out."""

    def __init__(self, batch: int, tile: int, bands: int = 1) -> None:
        """Draw as many tiles as are ever asked for at once; all are the same.

        Args:
            batch: tiles at once.
            tile: edge of a tile in pixels.
            bands: of the output; the last one is drawn, and the others share the rest.
        """
        drawn = _drawn(tile)
        rest = [(1 - drawn) / (bands - 1)] * (bands - 1) if bands > 1 else []
        stacked: NDArray[np.float32] = np.stack([*rest, drawn]).astype(np.float32)
        self._tiles = np.ascontiguousarray(np.broadcast_to(stacked, (batch, bands, tile, tile)))

    def __call__(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Confidence (n, bands, tile, tile) for a batch; not to be written into."""
        return self._tiles[: len(next(iter(batch.values())))]


def fixed_tile_engine(spec: ModelSpec, batch: int) -> FakeEngine:
    """An engine that takes no time for batches of the model's own tiles."""
    return FakeEngine(spec, FixedTiles(batch, spec.tile, spec.output_bands))


def _drawn(tile: int) -> NDArray[np.float32]:
    rng, confidence = np.random.default_rng(1), np.zeros((tile, tile), dtype=np.float32)
    rows, cols = np.mgrid[:tile, :tile]
    for _ in range(max(1, round(_BLOBS * (tile / 224) ** 2))):
        row, col, spread = rng.integers(0, tile), rng.integers(0, tile), rng.uniform(5, 15)
        blob = np.exp(-((rows - row) ** 2 + (cols - col) ** 2) / (2 * spread**2))
        np.maximum(confidence, blob, out=confidence)
    return confidence
