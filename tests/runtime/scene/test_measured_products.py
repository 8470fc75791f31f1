"""Bands of satellites' products as networks take them: by name, in reflectance, from granules on one or more grids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.landsat import Pass, write_landsat
from helpers.measured import described, network, read_whole
from helpers.planet import Strip, write_scene
from helpers.rasters import TOP
from helpers.reference_map import Source, load, on_map
from helpers.sentinel2 import NATIVE, Kind, write_product
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene

UNMASKED = ReadOptions(product_mask=False)
LABELS = {
    "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04", "rededge071": "B05", "rededge075": "B06",
    "rededge078": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09", "swir16": "B11", "swir22": "B12",
}  # fmt: skip


def reflectance_of(product, name, grid):
    """Reflectance of a band on the map, and where it is known."""
    label = LABELS[name]
    place = load(product.paths["B02"]).transform
    size = NATIVE[label] / 10
    source = Source(
        load(product.paths["B02"]).crs,
        place @ place.scale(size),
        product.reflectance(label)[None],
        product.stored[label] != 0,
    )
    return on_map(source, grid)


@pytest.mark.parametrize("kind", [Kind(), Kind(level="L1C", baseline="0213", offset=0)])
def test_all_bands_of_a_product_of_sentinel_2(tmp_path, kind):
    product = write_product(tmp_path, kind, outside=300)
    spec = network(described("image", *(f"post.{name}" for name in LABELS)))
    scene, block = read_whole(SceneFiles(post=product.root, reading=UNMASKED), spec, 10.0)
    known = np.ones(block.valid.shape, bool)
    for index, name in enumerate(LABELS):
        expected, sure = reflectance_of(product, name, scene.grid)
        known &= sure
        difference = np.abs(block.arrays["image"][index] - expected[0])[block.valid]
        assert difference.max() < 1e-6, name
    np.testing.assert_array_equal(block.valid, known)
    assert 0.5 < known.mean() < 1
    channels = {each["band"]: each for each in scene.facts["images"]["post"]["channels"]}
    assert channels["red"]["scale"] == pytest.approx(1 / kind.quantification)
    assert channels["red"]["offset"] == pytest.approx(kind.offset / kind.quantification)
    assert [time.text for time in scene.times["post"]] == ["2023-01-05T10:13:19Z"]


def test_a_picture_and_infrared_beside_it(tmp_path):
    """Where a product brings a picture in 8 bits, that is what a network sees which takes one; nir is stretched."""
    product = write_product(tmp_path)
    spec = network(
        described("rgb", "post.red", "post.green", "post.blue", unit="8-bit"),
        described("nir", "post.nir", unit="8-bit"),
    )
    _, block = read_whole(SceneFiles(post=product.root, reading=UNMASKED), spec, 10.0)
    np.testing.assert_array_equal(block.arrays["rgb"], product.picture)
    np.testing.assert_array_equal(block.pictures["post"], product.picture)
    assert block.arrays["nir"].dtype == np.uint8
    assert np.ptp(block.arrays["nir"].astype(int)) == 255


def test_products_of_two_zones_and_baselines_lie_one_behind_the_other(tmp_path):
    west = 732_000.0
    kinds = (
        Kind(tile="T32TQR", left=west, top=TOP, side=1200),
        Kind(tile="T33TUL", left=260_700.0, top=TOP + 300, side=1800, crs="EPSG:32633", offset=-500),
    )
    products = [write_product(tmp_path, kind, seed) for seed, kind in enumerate(kinds)]
    spec = network(described("image", "post.red", "post.swir16"))
    files = SceneFiles(post=tuple(product.root for product in products), reading=UNMASKED)
    scene, block = read_whole(files, spec, 10.0)
    parts = []
    for product in products:
        planes, known = zip(*(reflectance_of(product, name, scene.grid) for name in ("red", "swir16")), strict=True)
        parts.append((np.concatenate(planes), known[0] & known[1]))
    expected = np.where(parts[0][1], parts[0][0], parts[1][0])
    surely = parts[0][1] | parts[1][1]
    difference = np.abs(block.arrays["image"] - expected)[:, surely & block.valid]
    assert np.quantile(difference, 0.99) < 1e-4
    assert (block.valid != surely).mean() < 0.01
    assert parts[0][1].mean() > 0.05
    assert (parts[1][1] & ~parts[0][1]).mean() > 0.05
    assert scene.facts["images"]["post"]["seam_between"] == ["EPSG:32632", "EPSG:32633"]


def test_eight_bands_of_planet(tmp_path):
    made = write_scene(tmp_path / "PSScene", Strip())
    names = ("coastal", "blue", "green05", "green", "yellow", "red", "rededge", "nir")
    spec = network(described("image", *(f"post.{name}" for name in names)))
    scene, block = read_whole(SceneFiles(post=tmp_path, reading=UNMASKED), spec, 3.0)
    stored = np.stack([*made.stored.values()])
    channels = scene.facts["images"]["post"]["channels"]
    assert [each["number"] for each in channels] == list(range(1, 9))
    expected = stored * np.array([each["scale"] for each in channels])[:, None, None]
    np.testing.assert_allclose(block.arrays["image"], expected * (stored != 0), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(block.valid, stored[0] != 0)


def test_bands_of_landsat_with_scale_and_offset(tmp_path):
    product = write_landsat(tmp_path / "LC08")
    spec = network(described("image", "post.nir", "post.red", "post.swir16"), resolution=30.0)
    _, block = read_whole(SceneFiles(post=tmp_path / "LC08", reading=UNMASKED), spec, 30.0)
    stored = np.stack([product.stored[name] for name in ("nir", "red", "swir16")])
    expected = np.where(stored[0] != 0, stored * product.of.mult + product.of.add, 0)
    np.testing.assert_allclose(block.arrays["image"], expected, rtol=1e-4, atol=1e-6)
    assert block.arrays["image"].max() > 0.05


def test_a_band_that_a_product_has_not_is_named_with_what_it_has(tmp_path):
    write_landsat(tmp_path / "LC08", Pass())
    spec = network(described("image", "post.rededge071"))
    with (
        pytest.raises(InputError, match=r"LC08_L2SP_.* has no band rededge071; it has .*nir .B5.") as caught,
        open_scene(SceneFiles(post=tmp_path / "LC08"), 30.0, spec),
    ):
        pass
    assert "Give a product that has it" in str(caught.value)


def test_what_a_product_does_not_say_the_user_may(tmp_path):
    product = write_product(tmp_path, replace(Kind(), offset=-1000))
    alone = product.paths["B04"].rename(tmp_path / product.paths["B04"].name)
    spec = network(described("image", "post.red"))
    with (
        pytest.raises(InputError, match="does not say how its numbers become reflectance"),
        open_scene(SceneFiles(post=alone), 10.0, spec),
    ):
        pass
    reading = ReadOptions(scale=0.0001, offset=-0.1)
    _, block = read_whole(SceneFiles(post=alone, reading=reading), spec, 10.0)
    np.testing.assert_allclose(block.arrays["image"][0], product.reflectance("B04"), rtol=1e-5, atol=1e-6)
    _, raw = read_whole(SceneFiles(post=alone), network(described("image", "post.red", unit="dn")), 10.0)
    np.testing.assert_array_equal(raw.arrays["image"][0], product.stored["B04"].astype(np.float32))
