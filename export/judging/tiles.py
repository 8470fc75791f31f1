"""Tiles for the parity check: pure noise, which reaches the corners of every value range, and a plausible hillside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.judging.hillside import Hillside
from landslip.export.judging.made_inputs import made_input
from landslip.runtime.artifacts.reference_tiles import TileArrays, TileSet
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec

_MISSING = 0.01
"""Share of fractions set to NaN: the graph has to take them as 0."""


def parity_tiles(spec: ModelSpec, seed: int = 0) -> tuple[TileSet, ...]:
    """Made-up tiles that a model of this spec can be checked on: of its own size, and of others if it takes them."""
    rng = np.random.default_rng(seed)
    usual = (
        TileSet("noise", noise_batch(spec, rng, 2, spec.tile)),
        TileSet("relief", relief_batch(spec, rng, 2, spec.tile)),
    )
    if spec.fixed:
        return usual
    return (
        *usual,
        TileSet("relief", relief_batch(spec, rng, 1, spec.tile + spec.multiple)),
        TileSet("noise", noise_batch(spec, rng, 1, min(spec.tile, 2 * spec.multiple))),
    )


def noise_batch(spec: ModelSpec, rng: np.random.Generator, count: int, tile: int) -> TileArrays:
    """Independent random values over the whole range of each band, a few of the fractions NaN."""
    return {entry.name: _noise(entry, rng, (count, entry.bands, tile, tile)) for entry in spec.inputs}


def relief_batch(spec: ModelSpec, rng: np.random.Generator, count: int, tile: int) -> TileArrays:
    """Hillsides at the ground resolution of the spec, in its bands and units."""
    made = [_hillside(spec, rng, tile) for _ in range(count)]
    return {entry.name: np.stack([inputs[entry.name] for inputs in made]) for entry in spec.inputs}


def _noise(entry: InputSpec, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    low, high = np.reshape(entry.limits, (-1, 2)).T.reshape(2, -1, 1, 1)
    if entry.dtype == "float32":
        return _with_gaps(rng, rng.uniform(low, high, shape))
    return np.clip(rng.integers(0, 256, shape, dtype=np.uint8), low, high).astype(entry.dtype)


def _hillside(spec: ModelSpec, rng: np.random.Generator, tile: int) -> TileArrays:
    hillside = Hillside(rng, tile, spec.resolution)
    made: TileArrays = {}
    for entry in spec.inputs:
        values = made_input(entry, hillside.values)
        made[entry.name] = _with_gaps(rng, values) if entry.dtype == "float32" else values
    return made


def _with_gaps(rng: np.random.Generator, values: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.where(rng.random(values.shape) < _MISSING, np.nan, values).astype(np.float32)
