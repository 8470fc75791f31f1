"""Inputs of SPEC.toml: bands by name, number and formula; units; scaling; names. And what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.errors import InputError

HEAD = "tile = 64\nresolution = 10\n"


@pytest.fixture
def read(tmp_path):
    def read_inputs(*tables):
        path = tmp_path / "SPEC.toml"
        path.write_text(HEAD + "".join(f"[[inputs]]\n{table}\n" for table in tables))
        return read_description(path, Path("unet.onnx")).spec.inputs

    return read_inputs


def test_bands_are_names_numbers_and_formulas(read):
    (entry,) = read("role = 'post'\nunit = 'dn'\nbands = ['NIR', 4, 'pre.red', 'ndvi', 'ratio(swir1, 2)', 'dem']")
    assert entry.channels == (
        "post.nir", "post.4", "pre.red", "normalized_difference(post.nir, post.red)", "ratio(post.swir16, post.2)",
        "dem",
    )  # fmt: skip
    assert (entry.bands, entry.dtype, entry.unit, entry.name) == (6, "float32", "dn", "post")


def test_a_number_of_bands_repeats_what_the_role_says(read):
    assert read("role = 'pre'\nbands = 3") == read("role = 'pre'") == read("role = 'pre'\nunit = 'rgb8'")


@pytest.mark.parametrize(
    ("role", "unit", "dtype"),
    [
        ("hillshade", "8-bit", "uint8"),
        ("slope", "degree", "float32"),
        ("dem", "metre", "float32"),
        ("aspect", "degree", "float32"),
    ],
)
def test_layers_of_terrain_are_roles(read, role, unit, dtype):
    plain = InputSpec(role, 1, dtype, unit, 1.0, 0.0)
    assert read(f"role = '{role}'") == read(f"role = '{role}'\nbands = ['{role}']\nunit = '{unit}'") == (plain,)


def test_layers_in_one_input_are_each_in_their_own_unit(read):
    bands = "bands = ['slope', 'dem', 'aspect', 'hillshade']"
    (entry,) = read(bands)
    assert read(f"{bands}\nunit = 'metre'") == (entry,)
    assert (entry.name, entry.unit, entry.dtype) == ("terrain", "degree, metre, 8-bit", "float32")


def test_names_are_those_of_roles_made_unique(read):
    tables = ["role = 'post'", "role = 'post'\nfeeds = 1\nbands = ['nir']\nunit = 'dn'", "bands = ['pre.red']"]
    found = read(*tables, "role = 'post'\nname = 'post_2'", "bands = ['post.red']")
    assert [entry.name for entry in found] == ["post", "post_3", "image", "post_2", "image_2"]


def test_sixteen_inputs_are_taken(read):
    assert len(read(*["role = 'post'"] * 16)) == 16


def test_one_pair_is_for_all_bands(read):
    (entry,) = read("role = 'post'\nunit = 'dn'\nclip = [0, 3000]")
    assert entry.clip == entry.limits == ((0.0, 3000.0),) * 3


def test_the_largest_divisor_of_pictures_is_not_that_of_elevation_beside_them(read):
    (entry,) = read("role = 'post'\nbands = ['red', 'green', 'blue', 'dem']\ndivisor = [255, 255, 255, 4000]")
    assert (entry.dtype, entry.unit) == ("float32", "8-bit")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("bands = ['red']", r"inputs\[0\]\.bands\[0\]: 'red' does not say of which image; give pre\.red or post\.red"),
        ("role = 'post'\nbands = ['ultraviolet']", r"bands\[0\]: 'ultraviolet' is no band; give one of coastal, blue"),
        ("role = 'post'\nbands = ['ratio(red)']", "ratio is computed of two bands, and 'red' are 1"),
        ("role = 'post'\nbands = ['sum(red, nir)']", "'sum' is no formula; give one of difference, ratio"),
        ("bands = ['before.red']", r"'before\.red' is of no image; give pre\.red or post\.red"),
        ("bands = ['post.dem']", r"'post\.dem' is terrain, which has no date; give dem"),
        ("role = 'post'\nbands = []", r"inputs\[0\]\.bands has 0 entries; give 1 to 64"),
        ("role = 'post'\nbands = [0]", r"inputs\[0\]\.bands\[0\] is 0; give the name of a band, its number"),
        ("role = 'post'\nbands = [1.0]", r"inputs\[0\]\.bands\[0\] is 1\.0; give the name of a band"),
        (f"role = 'post'\nunit = 'dn'\nbands = {['red'] * 65}", r"inputs\[0\]\.bands has 65 entries; give 1 to 64"),
        ("unit = 'dn'", r"inputs\[0\] says neither role nor bands"),
        ("role = 'slope'\nbands = ['dem']", r"inputs\[0\]\.bands is dem, and its role is 'slope'\. Leave out role"),
        ("role = 'post'\nbands = ['red', 'nir']", r"inputs\[0\] does not say unit\. Give 'reflectance'"),
        ("bands = ['dem', 'slope']\nunit = 'dn'", r"unit is 'dn'\. Leave it out: each layer of terrain is in"),
        ("role = 'dem'\nunit = 'degree'", "dem is described in 'degree', and landslip feeds it in 'metre'"),
        ("role = 'post'\nunit = 'degree'", "post is described in 'degree': image bands are in one of 8-bit"),
        ("role = 'post'\nbands = ['ndvi']\nunit = 'rgb8'", "post is computed of bands in 8 bits, which are stretched"),
        ("role = 'post'\nunit = 'dn'\ndtype = 'uint8'", "post is described in uint8, and landslip feeds float32"),
        ("role = 'post'\nunit = 'dn'\nbands = ['difference(nir, dem)']", "formulas are of bands of images alone"),
        ("role = 'post'\nunit = 'dn'\nbands = ['ratio(red, red)']", "which is the same everywhere: give two bands"),
        ("role = 'post'\nunit = 'dn'\nbands = ['ratio(nir, ratio(red, red))']", "which is the same everywhere"),
        ("role = 'post'\nunit = 'reflectance'\ndivisor = 10000", 'numbers from 0 to 1: give unit = "dn"'),
        ("role = 'post'\ndivisor = [255, 255, 10000]", "post is divided by 10000, as reflectances in whole numbers"),
        ("role = 'hillshade'\ndivisor = 10000", "hillshade is divided by 10000, .*: give 255"),
        ("role = 'post'\nclip = [0.0, 0.3]", r"cut off at 0 and 0\.3, and post\.red is whole numbers from 0 to 255"),
        ("role = 'post'\nunit = 'reflectance'\nclip = [0, 3000]", r"cut off at 0 and 3000, .*give unit = \"dn\""),
        ("role = 'post'\nunit = 'dn'\nclip = [3000, 0]", r"inputs\[0\]\.clip holds \(3000\.0, 0\.0\); give pairs"),
        ("role = 'post'\nunit = 'dn'\nclip = [0, 1, 2]", r"inputs\[0\]\.clip holds \(0\.0, 1\.0, 2\.0\); give pairs"),
        ("role = 'post'\nunit = 'dn'\nclip = [[0, 1], [0, 1]]", r"clip has 2 pairs; give one pair, or a list of 3"),
        ("role = 'post'\nunit = 'dn'\nclip = [[0, 1], [0, 1], 5]", r"inputs\[0\]\.clip holds 5\.0; give pairs"),
        ("role = 'post'\nunit = 'dn'\nclip = []", r"inputs\[0\]\.clip is \[\]; give the smallest and the largest"),
        ("role = 'post'\nunit = 'dn'\nclip = 3000", r"inputs\[0\]\.clip is 3000; give the smallest and the largest"),
        ("role = 'post'\nname = 'a b'", r"inputs\[0\]\.name is 'a b'; give letters, digits and _"),
        ("role = 'post'\nname = 'pre'", r"inputs\[0\]\.name is 'pre', which means something else"),
        ("role = 'post'\nname = 'confidence'", r"inputs\[0\]\.name is 'confidence', which means something else"),
    ],
)  # fmt: skip
def test_mistakes_are_said_with_their_key(read, table, message):
    with pytest.raises(InputError, match=message) as caught:
        read(table)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


def test_two_inputs_of_one_name_are_refused(read):
    message = r"inputs\[1\]\.name is 'image', as that of inputs\[0\] is\. Give each input a name of its own"
    with pytest.raises(InputError, match=message):
        read("role = 'post'\nname = 'image'", "role = 'pre'\nname = 'image'")


def test_seventeen_inputs_are_refused(read):
    with pytest.raises(InputError, match="give from one to 16 tables"):
        read(*["role = 'post'"] * 17)
