"""Tiles for the parity check: pure noise, which reaches the corners of every value range, and a plausible hillside."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.reference_tiles import TileArrays, TileSet
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec

_HEIGHT = 900.0
"""Relief of a tile in metres, from valley to ridge."""
_SUN = (-0.5, -0.5, np.sqrt(0.5))
"""Unit vector to the sun at azimuth 315 degrees, altitude 45 degrees: east, south, up."""
_FOREST, _SOIL, _SCAR = (
    np.asarray(rgb, np.float64)[:, None, None] for rgb in ((52, 78, 40), (128, 112, 90), (176, 160, 140))
)
_MISSING = 0.01
"""Share of slope values set to NaN: the graph has to take them as 0."""


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
    """Independent random values over the whole range of each input: 0..255, or 0..90 degrees with a few NaN."""
    return {entry.name: _noise(entry, rng, (count, entry.bands, tile, tile)) for entry in spec.inputs}


def relief_batch(spec: ModelSpec, rng: np.random.Generator, count: int, tile: int) -> TileArrays:
    """Hillsides at the ground resolution of the spec: forest and soil, lit from the north-west, some of them slid."""
    scenes = [_hillside(rng, tile, spec.resolution) for _ in range(count)]
    return {entry.name: as_input(np.stack([scene[entry.name] for scene in scenes]), entry) for entry in spec.inputs}


def as_input(values: NDArray[Any], entry: InputSpec) -> NDArray[Any]:
    """Raster values (tiles, bands, rows, cols) in the type of an input; more bands than there are repeat them."""
    bands = np.arange(entry.bands) % values.shape[1]
    return np.ascontiguousarray(values[:, bands], dtype=entry.dtype)


def _noise(entry: InputSpec, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
    if entry.name == "slope":
        return _with_gaps(rng, rng.uniform(0.0, 90.0, shape))
    return rng.integers(0, 256, shape, dtype=np.uint8).astype(entry.dtype)


def _hillside(rng: np.random.Generator, tile: int, resolution: float) -> TileArrays:
    south, east = np.gradient(_HEIGHT * fractal_noise(rng, tile), resolution)
    slope = np.degrees(np.arctan(np.hypot(south, east)))
    light = (_SUN[2] - east * _SUN[0] - south * _SUN[1]) / np.sqrt(1.0 + east**2 + south**2)
    shade = 1.0 + 254.0 * np.maximum(light, 0.0)
    ground = _FOREST + (_SOIL - _FOREST) * fractal_noise(rng, tile)
    slid = (slope > np.percentile(slope, 70)) & (fractal_noise(rng, tile) > 0.6)
    return {
        "pre": _photograph(rng, ground, shade),
        "post": _photograph(rng, np.where(slid, _SCAR, ground), shade),
        "hillshade": np.floor(shade + 0.5).astype(np.uint8)[None],
        "slope": _with_gaps(rng, slope[None]),
    }


def _photograph(rng: np.random.Generator, ground: NDArray[np.float64], shade: NDArray[np.float64]) -> NDArray[np.uint8]:
    lit = ground * (0.4 + shade / 255.0) + rng.normal(0.0, 3.0, ground.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def _with_gaps(rng: np.random.Generator, values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.where(rng.random(values.shape) < _MISSING, np.nan, values).astype(np.float32)


def fractal_noise(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Smooth noise (size, size) from 0 to 1: octaves of a bilinearly enlarged random grid, halved in strength each."""
    total = np.zeros((size, size))
    for octave in range(5):
        cells = 3 * 2**octave
        grid = rng.normal(size=(cells + 1, cells + 1))
        at = np.linspace(0.0, cells, size)
        rows = np.stack([np.interp(at, np.arange(cells + 1), line) for line in grid])
        total += 0.5**octave * np.stack([np.interp(at, np.arange(cells + 1), line) for line in rows.T], axis=1)
    spread: NDArray[np.float64] = (total - total.min()) / np.ptp(total)
    return spread
