"""Inputs of a network, put together of what layers read, against plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.rasters import rgb, scene_on_grid, write
from landslip.runtime.artifacts.channels import ImageBand
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.confidence import NODATA
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.scene.network_inputs import NetworkInput, Plane, not_computed
from landslip.runtime.scene.scene import open_scene

HIGH, WIDE = 70, 50


def spec_of(*inputs):
    return replace(published_spec("net", "tests"), inputs=inputs)


def described(name, *channels, unit="8-bit", **options):
    draft = InputSpec(name, len(channels), "float32", unit, 1.0, 0.0, channels, **options)
    return replace(draft, dtype=draft.fed_dtype)


def read_whole(files, spec):
    with open_scene(files, 6.0, spec) as scene:
        return scene.read(scene.grid.rows(0, scene.grid.height))


def made_up(*values, valid=None):
    """Bands of an image after the event in reflectance, as layers read them, and where they lie."""
    stack = np.stack(values).astype(np.float32)
    known = np.ones(stack.shape[1:], bool) if valid is None else valid
    places = {(ImageBand("post", name), "reflectance"): Plane("post", at) for at, name in enumerate(("red", "nir"))}
    return {"post": Pixels(stack, known)}, places


def test_the_published_network_takes_arrays_as_they_are_read(tmp_path):
    files = scene_on_grid(tmp_path, HIGH, WIDE)
    block = read_whole(files, published_spec("net", "tests"))
    expected = read_whole(files, None)
    assert list(block.arrays) == ["pre", "post", "hillshade", "slope"]
    assert block.pictures["post"] is block.arrays["post"]
    for name, values in expected.arrays.items():
        np.testing.assert_array_equal(block.arrays[name], values)
        assert block.arrays[name].dtype == values.dtype


def test_colours_come_in_the_order_of_the_description(tmp_path):
    files = scene_on_grid(tmp_path, HIGH, WIDE)
    block = read_whole(
        files,
        spec_of(
            described("image", "post.blue", "post.green", "post.red"),
            described("mixed", "hillshade", "pre.green", "slope"),
        ),
    )
    expected = read_whole(files, None)
    np.testing.assert_array_equal(block.arrays["image"], expected.arrays["post"][::-1])
    assert block.arrays["image"].dtype == np.uint8
    mixed = [expected.arrays["hillshade"][0], expected.arrays["pre"][1], expected.arrays["slope"][0]]
    np.testing.assert_array_equal(block.arrays["mixed"], np.stack(mixed).astype(np.float32))
    assert block.arrays["mixed"].dtype == np.float32
    np.testing.assert_array_equal(block.pictures["post"], expected.arrays["post"])


def test_an_input_is_0_where_one_of_its_channels_is_unknown(tmp_path):
    files = scene_on_grid(tmp_path, HIGH, WIDE)
    hole = rgb(HIGH, WIDE, 8)
    hole[:, 10:20, 5:15] = 0
    files = replace(files, pre=write(tmp_path / "hole.tif", hole, 6.0, nodata=0))
    block = read_whole(files, spec_of(described("image", "post.red", "pre.red"), described("slope", "slope")))
    assert not block.arrays["image"][:, 10:20, 5:15].any()
    assert block.arrays["image"][0, 9, 5]
    assert block.arrays["slope"][0, 10:20, 5:15].any()
    assert not block.valid[10:20, 5:15].any()


@pytest.mark.parametrize(
    ("formula", "computed"),
    [
        ("post.ndvi", lambda red, nir: (nir - red) / (nir + red)),
        ("ratio(post.nir, post.red)", lambda red, nir: nir / red),
        ("difference(post.nir, post.red)", lambda red, nir: nir - red),
        ("difference(post.ndvi, post.red)", lambda red, nir: (nir - red) / (nir + red) - red),
    ],
)
def test_formulas(formula, computed):
    rng = np.random.default_rng(3)
    red, nir = rng.uniform(0.01, 0.9, (2, 12, 9)).astype(np.float32)
    read, places = made_up(red, nir)
    found = NetworkInput(described("x", formula, unit="reflectance"), places).of(read)
    np.testing.assert_allclose(found.values[0], computed(red.astype(np.float64), nir), rtol=2e-6, atol=1e-6)
    assert found.valid.all()


def test_nothing_is_divided_by_0():
    red, nir = np.full((4, 4), 0.2), np.full((4, 4), 0.5)
    red[1, 2] = nir[1, 2] = 0.0
    red[2, 2] = -0.5
    hidden = np.ones((4, 4), bool)
    hidden[0, 0] = False
    read, places = made_up(red, nir, valid=hidden)
    entry = NetworkInput(described("x", "post.ndvi", "post.red", unit="reflectance"), places)
    found = entry.of(read)
    expected = hidden.copy()
    expected[1, 2] = expected[2, 2] = False
    np.testing.assert_array_equal(found.valid, expected)
    assert not found.values[:, ~expected].any()
    (unknown,) = not_computed([entry], {"x": found}, [hidden])
    assert unknown.reasons(None) == NODATA
    assert unknown.valid[0, 0], "that the layer itself knows nothing there is its own reason"


def test_values_are_cut_off_where_the_description_says_so():
    red, nir = np.linspace(-0.1, 0.5, 12).reshape(3, 4), np.full((3, 4), 0.7)
    valid = np.ones((3, 4), bool)
    valid[2, 3] = False
    read, places = made_up(red, nir, valid=valid)
    entry = described("x", "post.nir", "post.red", unit="reflectance", clip=((0.0, 0.3), (0.05, 0.4)))
    found = NetworkInput(entry, places).of(read)
    expected = np.stack([np.full((3, 4), 0.3), np.clip(red, 0.05, 0.4)]) * valid
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    assert read["post"].values[1, 0, 0] == np.float32(0.7), "what the layer has read is left as it is"
