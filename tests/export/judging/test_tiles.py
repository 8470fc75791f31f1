from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.descriptions import DESCRIPTIONS
from landslip.export.judging.hillside import Hillside, fractal_noise
from landslip.export.judging.spectra import SPECTRA, spectrum_of
from landslip.export.judging.tiles import noise_batch, parity_tiles, relief_batch
from landslip.runtime.artifacts.channels import BAND_NAMES, ImageBand, Relief
from landslip.runtime.artifacts.spec import InputSpec, published_spec

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


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_tiles_are_in_the_units_of_any_description(name):
    spec = DESCRIPTIONS[name].spec
    for tiles in parity_tiles(spec):
        for entry in spec.inputs:
            values = tiles.batch[entry.name]
            assert values.shape == (tiles.count, entry.bands, tiles.tile, tiles.tile)
            assert values.dtype == entry.dtype
            for band, (low, high) in enumerate(entry.limits):
                found = values[:, band][~np.isnan(values[:, band])]
                assert low <= found.min() < found.max() <= high + 1e-6
                share = np.ptp(found) / (high - low)
                assert share > (0.9 if tiles.kind == "noise" and found.size > 1000 else 0.02)


def test_a_range_that_is_cut_off_is_kept_to():
    spec = DESCRIPTIONS["planet"].spec
    relief = relief_batch(spec, np.random.default_rng(0), 2, 64)["image"]
    assert np.nanmax(relief) == np.float32(0.3)
    assert 0.005 < (relief == np.float32(0.3)).mean() < 0.5


def test_a_range_of_whole_numbers_is_kept_to():
    picture = InputSpec("post", 3, "uint8", "8-bit", 127.5, -1.0, clip=((40.0, 200.0),) * 3)
    for tiles in parity_tiles(replace(SPEC, inputs=(picture,), tile=64)):
        values = tiles.batch["post"]
        assert (values.dtype, values.min()) == (np.uint8, 40)
        assert values.max() == 200 if tiles.kind == "noise" else values.max() <= 200


def test_channels_of_a_hillside_belong_together():
    spec = DESCRIPTIONS["fourteen-bands"].spec
    relief = relief_batch(spec, np.random.default_rng(0), 3, 96)["image"][0]
    bands = dict(zip(spec.inputs[0].channels, relief, strict=True))
    assert np.nanmedian(bands["post.nir"]) > 1.5 * np.nanmedian(bands["post.red"])
    assert np.nanmedian(bands["post.swir16"]) > np.nanmedian(bands["post.swir22"])
    assert 300 < np.nanmin(bands["dem"]) < np.nanmax(bands["dem"]) < 1400
    south, east = np.gradient(bands["dem"], spec.resolution)
    steep = np.degrees(np.arctan(np.hypot(south, east)))
    known = ~np.isnan(steep + bands["slope"])
    assert known.mean() > 0.9
    np.testing.assert_allclose(bands["slope"][known], steep[known], atol=1e-2)


def test_aspect_is_the_direction_downhill_from_north():
    hillside = Hillside(np.random.default_rng(0), 64, 10.0)
    aspect, dem = (hillside.values(Relief(kind), "") for kind in ("aspect", "dem"))
    south, east = np.gradient(dem.astype(float), 10.0)
    turned = np.radians(aspect)
    downhill = -(east * np.sin(turned) - south * np.cos(turned))
    np.testing.assert_allclose(downhill, np.hypot(south, east), atol=1e-3)


def test_landslides_change_what_bands_show_after_the_event():
    hillside = Hillside(np.random.default_rng(0), 128, 10.0)
    before, after = (hillside.values(ImageBand(date, "red"), "reflectance") for date in ("pre", "post"))
    stored = hillside.values(ImageBand("post", "swir16"), "dn")
    assert 0.01 < (np.abs(after - before) > 0.03).mean() < 0.5
    assert (stored == np.rint(stored)).all()
    assert hillside.values(ImageBand("post", "red"), "reflectance") is after


def test_every_band_with_a_name_has_a_spectrum_and_numbers_go_round():
    assert set(SPECTRA) == set(BAND_NAMES)
    assert all(0 < value < 1 for spectrum in SPECTRA.values() for value in spectrum)
    assert spectrum_of(1) == SPECTRA["blue"] == spectrum_of(9)
    assert spectrum_of("nir") == SPECTRA["nir"]
