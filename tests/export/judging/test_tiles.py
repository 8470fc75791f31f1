from __future__ import annotations

import numpy as np
import pytest

from landslip.export.judging.tiles import fractal_noise, noise_batch, parity_tiles, relief_batch
from landslip.runtime.artifacts.spec import published_spec

SPEC = published_spec("test", "test")


@pytest.mark.parametrize("tiles", parity_tiles(SPEC), ids=lambda tiles: f"{tiles.kind}{tiles.tile}")
def test_batches_are_what_the_spec_asks_for(tiles):
    for entry in SPEC.inputs:
        values = tiles.batch[entry.name]
        assert values.shape == (tiles.count, entry.bands, tiles.tile, tiles.tile)
        assert values.dtype == entry.dtype
        assert tiles.tile % SPEC.multiple == 0


def test_both_kinds_and_several_sizes_are_there():
    tiles = parity_tiles(SPEC)
    assert {entry.kind for entry in tiles} == {"noise", "relief"}
    assert {entry.tile for entry in tiles} == {SPEC.tile, SPEC.tile + SPEC.multiple, 2 * SPEC.multiple}


def test_the_seed_decides():
    first, again, other = (parity_tiles(SPEC, seed)[1].batch["post"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_noise_reaches_the_ends_of_every_range():
    batch = noise_batch(SPEC, np.random.default_rng(0), 1, 224)
    for name in ("pre", "post", "hillshade"):
        assert (batch[name].min(), batch[name].max()) == (0, 255)
    assert np.nanmin(batch["slope"]) < 1
    assert np.nanmax(batch["slope"]) > 89


def test_relief_looks_like_a_hillside():
    batch = relief_batch(SPEC, np.random.default_rng(0), 3, 224)
    slope, shade = batch["slope"], batch["hillshade"]
    assert 10 < np.nanmedian(slope) < 50
    assert np.nanmax(slope) < 90
    assert 1 <= shade.min() < 100
    assert shade.max() > 200
    # Neighbours are alike, as in an image and unlike noise.
    assert np.abs(np.diff(shade.astype(int), axis=-1)).mean() < 0.25 * shade.std()
    changed = (np.abs(batch["post"].astype(int) - batch["pre"]).min(axis=1) > 30).mean()
    assert 0.01 < changed < 0.5


@pytest.mark.parametrize("make", [noise_batch, relief_batch])
def test_some_slopes_are_missing(make):
    missing = np.isnan(make(SPEC, np.random.default_rng(0), 1, 224)["slope"]).mean()
    assert 0 < missing < 0.05


def test_fractal_noise_is_smooth_and_fills_its_range():
    noise = fractal_noise(np.random.default_rng(0), 256)
    assert (noise.min(), noise.max()) == (0, 1)
    assert np.abs(np.diff(noise)).max() < 0.1
