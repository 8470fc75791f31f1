from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.measured import described, network, numbers, stack
from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, write
from landslip.export.judging.scene_tiles import COUNTS, SEEDS, TileSource, chosen, spread_windows
from landslip.models.demo.embedded import TEST_SEEDS
from landslip.models.training.trainer import TRAINING_SEEDS, VALIDATION_SEEDS
from landslip.runtime.artifacts.spec import InputSpec, published_spec
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.inputs.scene_toml import read_scene_file
from landslip.runtime.scene.scene import open_scene

pytestmark = pytest.mark.slow

SPEC = replace(published_spec("test", "test"), tile=64)


def brightness(batch):
    return batch["post"].mean(axis=(1, 2, 3))


def scene_toml(folder, **options):
    scene_mixed(folder, **options)
    path = folder / "SCENE.toml"
    path.write_text('pre = "pre.tif"\npost = "post.tif"\ndem = "dem.tif"\nmasks = ["mask.tif"]\n')
    return path


@pytest.fixture(scope="module")
def generated():
    source = TileSource(SPEC)
    return {part: source.tiles(part, brightness) for part in COUNTS}


@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([32, 64, 224]))
def test_windows_lie_inside_and_never_overlap(height, width, tile):
    covered = np.zeros((height, width), int)
    windows = spread_windows(height, width, tile)
    for window in windows:
        assert (window.height, window.width) == (tile, tile)
        rows, cols = window.toslices()
        assert rows.stop <= height
        assert cols.stop <= width
        covered[rows, cols] += 1
    assert covered.max(initial=0) <= 1
    assert covered.sum() == len(windows) * tile**2
    assert len(windows) == (height // tile) * (width // tile)


def test_the_first_windows_lie_all_over_the_grid():
    windows = spread_windows(64 * 20, 64 * 20, 64)[:24]
    quarters = {(window.row_off >= 640, window.col_off >= 640) for window in windows}
    assert len(quarters) == 4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(2, 16))
def test_half_of_the_chosen_are_those_with_most_and_none_comes_twice(mapped, count):
    taken = chosen(np.array(mapped), count)
    assert len(taken) == min(count, len(mapped)) == len(set(taken))
    most = sorted(mapped, reverse=True)[: count // 2]
    assert [mapped[index] for index in taken[: len(most)]] == most


def test_tiles_are_what_the_spec_asks_for(generated):
    for part, batch in generated.items():
        for entry in SPEC.inputs:
            assert batch[entry.name].shape == (COUNTS[part], entry.bands, 64, 64)
            assert batch[entry.name].dtype == entry.dtype


def test_tiles_to_calibrate_on_and_tiles_to_be_judged_by_are_different(generated):
    tiles = [values.tobytes() for batch in generated.values() for values in batch["post"]]
    assert len(set(tiles)) == len(tiles)


def test_generated_scenes_are_those_of_no_other_purpose():
    ranges = [*SEEDS.values(), TRAINING_SEEDS, VALIDATION_SEEDS, TEST_SEEDS]
    seeds = [seed for each in ranges for seed in each]
    assert len(set(seeds)) == len(seeds)


def test_generated_tiles_are_the_same_every_time(generated):
    again = TileSource(SPEC).tiles("held-out", brightness)
    for name, values in generated["held-out"].items():
        np.testing.assert_array_equal(again[name], values)


def test_the_tiles_with_most_come_first(generated):
    shares = brightness(generated["calibration"])
    half = len(shares) // 2
    assert (np.diff(shares[:half]) <= 0).all()
    assert shares[half - 1] >= shares[half:].max()


def test_a_users_scene_is_split(tmp_path):
    path = scene_toml(tmp_path, height_m=2400, width_m=3000)
    source = TileSource(SPEC, path)
    parts = {part: source.tiles(part, brightness) for part in COUNTS}
    with open_scene(read_scene_file(path), SPEC.resolution) as scene:
        windows = spread_windows(scene.grid.height, scene.grid.width, 64)
        patches = [scene.read(window) for window in windows]
    usable = {patch.arrays["post"].tobytes(): patch for patch in patches if patch.valid.mean() >= 0.8}
    assert 4 < len(usable) < len(patches)
    tiles = {part: {values.tobytes() for values in batch["post"]} for part, batch in parts.items()}
    assert not tiles["calibration"] & tiles["held-out"]
    assert tiles["calibration"] | tiles["held-out"] <= set(usable)
    assert source.described == "scene SCENE.toml"


def test_a_scene_of_too_few_tiles_is_said(tmp_path):
    path = scene_toml(tmp_path, height_m=450, width_m=900)
    with pytest.raises(InputError, match=r"SCENE\.toml: there are too few tiles of 64 pixels of 6 m"):
        TileSource(SPEC, path).tiles("held-out", brightness)
    with pytest.raises(InputError, match=r"observed to 80%: \d, and 4 are needed"):
        TileSource(SPEC, path).check()


def test_a_scene_is_checked_beforehand(tmp_path):
    TileSource(SPEC).check()
    with pytest.raises(InputMissingError):
        TileSource(SPEC, tmp_path / "gone.toml").check()
    path = scene_toml(tmp_path, height_m=2400, width_m=3000)
    TileSource(SPEC, path).check()
    path.write_text('post = "post.tif"\ndem = "dem.tif"\n')
    with pytest.raises(UsageError, match="takes pre, which is missing"):
        TileSource(SPEC, path).check()
    TileSource(SPEC, path).check(insist=False)


def test_a_scene_without_what_the_model_takes_is_said(tmp_path):
    write(tmp_path / "post.tif", rgb(200, 200), 10.0)
    write(tmp_path / "dem.tif", elevation(90, 90), 30.0)
    path = tmp_path / "SCENE.toml"
    path.write_text('post = "post.tif"\ndem = "dem.tif"\n')
    with pytest.raises(UsageError, match="takes pre, which is missing"):
        TileSource(SPEC, path).tiles("calibration", brightness)


def test_a_network_of_other_inputs_gets_those_alone():
    bgr = InputSpec("image", 3, "uint8", "8-bit", 1.0, 0.0, channels=("post.blue", "post.green", "post.red"))
    steep = InputSpec("slope", 1, "float32", "degree", 90.0, 0.0)
    batch = TileSource(replace(SPEC, inputs=(steep, bgr))).tiles("held-out", lambda each: each["slope"][:, 0, 0, 0])
    assert list(batch) == ["slope", "image"]
    whole = TileSource(SPEC).tiles("held-out", lambda each: each["slope"][:, 0, 0, 0])
    np.testing.assert_array_equal(batch["image"], whole["post"][:, ::-1])
    np.testing.assert_array_equal(batch["slope"], whole["slope"])


def test_reflectance_is_plausible_and_drops_where_the_forest_went(generated):
    ndvi = "difference(post.ndvi, pre.ndvi)"
    inputs = (
        InputSpec(
            "image", 4, "float32", "reflectance", 1.0, 0.0, channels=("post.red", "post.nir", "post.swir16", ndvi)
        ),
        InputSpec("stored", 1, "float32", "dn", 1.0, 0.0, channels=("post.nir",)),
    )
    batch = TileSource(replace(SPEC, inputs=inputs)).tiles("held-out", lambda each: -each["image"][:, 3].mean((1, 2)))
    image = batch["image"]
    assert image.dtype == np.float32
    known = image[:, 0] > 0
    assert 0.03 < np.median(image[:, 0][known]) < 0.25
    assert 0.15 < np.median(image[:, 1][known]) < 0.5
    assert image[:, :3].max() < 1.2
    slid = image[:, 3] < -0.3
    assert 0.001 < slid.mean() < 0.3
    assert image[:, 2][slid].mean() > image[:, 2][known].mean()
    assert image[:, 1][slid].mean() < image[:, 1][known & (image[:, 3] > -0.05)].mean()
    np.testing.assert_allclose(batch["stored"][:, 0], image[:, 1] * 10_000, atol=3)
    assert (batch["stored"] == np.rint(batch["stored"])).all()


def test_a_users_scene_is_read_in_the_bands_and_units_of_the_description(tmp_path):
    spec = network(
        described("image", "post.nir", "post.red", "post.ndvi", "slope", clip=((0.0, 0.2), *((-9.0, 99.0),) * 3)),
        described("stored", "post.blue", unit="dn"),
        described("terrain", "dem", unit="metre"),
        tile=32,
        multiple=8,
        resolution=10.0,
    )
    stack(tmp_path / "post.tif", numbers(4, 200, 240), ("blue", "green", "red", "nir"))
    write(tmp_path / "dem.tif", elevation(90, 100), 30.0, left=LEFT - 150, top=TOP + 150)
    path = tmp_path / "SCENE.toml"
    path.write_text('post = "post.tif"\ndem = "dem.tif"\n')
    source = TileSource(spec, path)
    source.check()
    batch = source.tiles("held-out", lambda tiles: tiles["image"][:, 1].mean((1, 2)))
    image, stored, terrain = batch["image"], batch["stored"], batch["terrain"]
    assert {values.dtype for values in batch.values()} == {np.dtype(np.float32)}
    assert image.shape[1:] == (4, 32, 32)
    assert image[:, 0].max() == pytest.approx(0.2, abs=2**-12)
    below = (image[:, 0] < 0.199) & (image[:, 1] > 0.05)
    ndvi = (image[:, 0] - image[:, 1]) / (image[:, 0] + image[:, 1])
    np.testing.assert_allclose(image[:, 2][below], ndvi[below], atol=0.01)
    assert 500 < stored.min() < stored.max() < 2000
    assert 1000 < terrain.min() < terrain.max() < 2000
    with open_scene(read_scene_file(path), 10.0, spec) as scene:
        windows = spread_windows(scene.grid.height, scene.grid.width, 32)
        whole = [scene.read(window).arrays for window in windows]
    for tile in range(len(image)):
        assert any(
            np.abs(each["image"] - image[tile]).max() <= 2**-5 and np.abs(each["stored"] - stored[tile]).max() <= 0.5
            for each in whole
        )


def test_slopes_come_in_steps(generated):
    steps = generated["held-out"]["slope"] * 16
    np.testing.assert_array_equal(steps, np.rint(steps))
