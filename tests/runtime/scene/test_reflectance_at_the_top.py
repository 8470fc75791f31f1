"""Products whose numbers become reflectance at the top of the atmosphere by their metadata, as networks take them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from helpers.landsat import Pass, write_landsat
from helpers.measured import described, network, read_whole
from helpers.planet import COEFFICIENTS, FOUR, Strip, order
from helpers.rasters import write
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles

UNMASKED = ReadOptions(product_mask=False)
RADIANCE = Strip(kind="AnalyticMS", tools="_clip")
NETWORK = network(described("image", *(f"post.{name}" for name in FOUR)))


def of_order(folder, **reading):
    return SceneFiles(post=folder, reading=replace(UNMASKED, **reading))


def test_radiance_of_planet_is_multiplied_by_the_coefficients(tmp_path):
    (scene,) = order(tmp_path, RADIANCE)
    _, block = read_whole(of_order(tmp_path), NETWORK, 3.0)
    expected = [scene.stored[name] * coefficient for name, coefficient in zip(FOUR, COEFFICIENTS, strict=False)]
    np.testing.assert_allclose(block.arrays["image"], np.stack(expected), rtol=1e-6)
    np.testing.assert_array_equal(block.valid, scene.stored["red"] != 0)


def test_the_mask_of_an_order_hides_what_is_not_clear(tmp_path):
    (scene,) = order(tmp_path, RADIANCE)
    _, block = read_whole(SceneFiles(post=tmp_path), NETWORK, 3.0)
    np.testing.assert_array_equal(block.valid, scene.clear & (scene.stored["red"] != 0))


def test_radiance_without_coefficients_is_no_reflectance_but_numbers(tmp_path):
    (scene,) = order(tmp_path, RADIANCE)
    for path in tmp_path.rglob("*.xml"):
        path.unlink()
    with pytest.raises(InputError, match=r"holds radiance, and the coefficients .* order surface reflectance"):
        read_whole(of_order(tmp_path), NETWORK, 3.0)
    numbers = network(described("image", *(f"post.{name}" for name in FOUR), unit="dn"))
    _, block = read_whole(of_order(tmp_path), numbers, 3.0)
    np.testing.assert_array_equal(block.arrays["image"], np.stack([*scene.stored.values()]).astype(np.float32))


def test_level_1_of_landsat_is_divided_by_the_height_of_the_sun(tmp_path):
    product = write_landsat(tmp_path, Pass(level="L1TP"))
    takes = network(described("image", "post.red", "post.swir22"), resolution=30.0)
    _, block = read_whole(of_order(tmp_path), takes, 30.0)
    stored = np.stack([product.stored[name] for name in ("red", "swir22")])
    expected = (stored * 2e-5 - 0.1) / math.sin(math.radians(product.of.sun)) * (stored != 0)
    np.testing.assert_allclose(block.arrays["image"], expected, rtol=1e-5, atol=1e-6)


def test_a_file_with_fewer_bands_than_its_name_says_is_an_error(tmp_path):
    (scene,) = order(tmp_path, Strip())
    write(scene.analytic, np.ones((4, 120, 150), np.uint16), 3.0, photometric="MINISBLACK")
    with pytest.raises(InputError, match="has 4 bands, and of its product its band nir is number 8"):
        read_whole(of_order(tmp_path), network(described("image", "post.nir")), 3.0)
