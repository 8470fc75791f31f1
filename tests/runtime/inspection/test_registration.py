"""Phase correlation: shifts that are known, and silence where nothing can be told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inspection.registration import Registration, Shift, agreed, luminance, shift_between
from landslip.runtime.inspection.sample_windows import sample_windows
from landslip.runtime.scene.scene import open_scene

NAIP = Path(__file__).parents[4] / "shared" / "data" / "naip"


def ground(size, dx=0.0, dy=0.0, seed=0, roughness=1.2):
    """Brightness (size, size) of a ground with features of every size, moved right and down by a Fourier shift."""
    rng = np.random.default_rng(seed)
    whole = size + 80
    down, across = np.fft.fftfreq(whole)[:, None], np.fft.fftfreq(whole)[None]
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(rng.normal(size=(whole, whole))) * frequency**-roughness
    spectrum[0, 0] = 0
    moved = np.fft.ifft2(spectrum * np.exp(-2j * np.pi * (down * dy + across * dx))).real
    part = moved[40 : 40 + size, 40 : 40 + size]
    return 120 + 30 * part / part.std()


def noisy(image, seed, level=6.0):
    return np.clip(np.round(image + np.random.default_rng(seed).normal(size=image.shape) * level), 0, 255)


def everywhere(image):
    return np.ones(image.shape, dtype=bool)


@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, -2), (-5.3, 7.7), (0.5, 0.25), (14.2, -11.6)])
def test_a_known_shift_is_found_to_a_tenth_of_a_pixel(size, dx, dy):
    before, after = noisy(ground(size), 1), noisy(ground(size, dx, dy), 2)
    found = shift_between(before, after, everywhere(before))
    assert found.dx == pytest.approx(dx, abs=0.15)
    assert found.dy == pytest.approx(dy, abs=0.15)


def test_the_other_way_round_is_the_other_direction():
    before, after = ground(128), ground(128, 4.3, -2.6)
    there, back = (shift_between(*pair, everywhere(before)) for pair in ((before, after), (after, before)))
    assert (back.dx, back.dy) == pytest.approx((-there.dx, -there.dy), abs=1e-6)


def test_season_brightness_and_landslides_do_not_matter():
    before, after = ground(256), 0.4 * ground(256, 2.5, 1.5) + 90
    rows, cols = np.mgrid[:256, :256]
    after += 20 * np.sin(cols / 60)  # another light
    for row, col in ((60, 60), (150, 190), (200, 70)):
        after[np.hypot(rows - row, (cols - col) * 2.5) < 35] = 230  # fresh ground
    found = shift_between(noisy(before, 1), noisy(after, 2), everywhere(before))
    assert (found.dx, found.dy) == pytest.approx((2.5, 1.5), abs=0.2)


@pytest.mark.parametrize("size", [64, 128, 256])
def test_images_without_anything_in_common_say_nothing(size):
    for seed in range(5):
        for roughness in (0.0, 1.2):
            before, after = ground(size, seed=seed, roughness=roughness), ground(size, seed=seed + 50)
            assert shift_between(noisy(before, 1), noisy(after, 2), everywhere(before)) is None


def test_an_outline_that_both_share_is_no_feature():
    valid = np.ones((128, 128), dtype=bool)
    valid[30:70, 40:90] = False
    for seed in range(5):
        before, after = ground(128, seed=seed), ground(128, seed=seed + 50)
        assert shift_between(np.where(valid, before, 0), np.where(valid, after, 255), valid) is None
    before, after = ground(128), ground(128, 6, 3)
    found = shift_between(before, after, valid)
    assert (found.dx, found.dy) == pytest.approx((6, 3), abs=0.2)


def test_featureless_small_and_hardly_valid_windows_say_nothing():
    flat, image = np.full((128, 128), 90.0), ground(128)
    assert shift_between(flat, flat, everywhere(flat)) is None
    assert shift_between(image, flat, everywhere(flat)) is None
    assert shift_between(image[:40], image[:40], everywhere(image[:40])) is None
    half = everywhere(image)
    half[:, 60:] = False
    assert shift_between(image, image, half) is None
    assert shift_between(image, image, np.zeros_like(half)) is None


def test_identical_windows_have_no_shift():
    image = ground(128)
    assert shift_between(image, image, everywhere(image)).length == pytest.approx(0, abs=1e-9)


def test_windows_have_to_agree():
    here, there = Shift(2.0, 1.0), Shift(-20.0, 9.0)
    assert agreed([here, here]) is None
    assert agreed([here, None, here, None]) is None
    assert agreed([here, here, there]) is None
    assert agreed([here, here, here, there, there, there]) is None
    assert agreed([]) is None
    assert agreed([here, Shift(2.4, 1.2), None, Shift(1.8, 0.8), there]) == Registration(Shift(2.0, 1.0), 3)


def test_luminance_weighs_the_bands():
    image = np.array([[[100]], [[200]], [[50]]], np.uint8)
    assert luminance(image) == pytest.approx(np.array([[0.299 * 100 + 0.587 * 200 + 0.114 * 50]]))


@pytest.mark.skipif(not NAIP.exists(), reason="the real rasters are not at hand")
@pytest.mark.parametrize(("east", "south"), [(0, 0), (30, -20), (-45, 60)])
def test_two_real_images_eleven_years_apart(tmp_path, east, south):
    """On the ground they fit within a pixel; the later one is then moved by whole metres."""
    moved = tmp_path / "post.tif"
    with rasterio.open(NAIP / "post_2020.tif") as source:
        transform = rasterio.Affine.translation(east, -south) @ source.transform
        profile = source.profile | {"transform": transform, "count": 3}
        with rasterio.open(moved, "w", **profile) as target:
            target.write(source.read([1, 2, 3]))
    shifts = []
    with open_scene(SceneFiles(NAIP / "pre_2009.tif", moved, reading=ReadOptions(bands=(1, 2, 3))), 5.0) as scene:
        for window in sample_windows(scene.grid.height, scene.grid.width):
            patch = scene.read(window)
            shifts.append(shift_between(*(luminance(patch.arrays[role]) for role in ("pre", "post")), patch.valid))
    found = agreed(shifts)
    assert found.windows >= 3
    assert found.shift.dx == pytest.approx(east / 5, abs=1.0)
    assert found.shift.dy == pytest.approx(south / 5, abs=1.0)
