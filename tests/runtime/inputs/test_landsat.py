"""Landsat Collection 2 products as they are delivered: which bands, which reflectance, which bits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.landsat import Pass, groups, packed, write_landsat
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.granules_of_date import granules_of_date
from landslip.runtime.inputs.products import granules_of

ROLE = "post-event image"
OLI, ETM, TM = Pass(), Pass(sensor="LE07", day="20020801"), Pass(sensor="LT05", day="19900801")


def only(location):
    (granule,) = granules_of(location, ROLE)
    return granule


def stored_in(band):
    with rasterio.open(band.location) as dataset:
        return dataset.read(band.number)


@pytest.mark.parametrize("of", [OLI, ETM, TM], ids=lambda of: of.sensor)
@pytest.mark.parametrize("given", ["folder", "folder of folders", "tar", "MTL"])
def test_every_band_has_its_file_and_its_reflectance(tmp_path, of, given):
    product = write_landsat(tmp_path / "given" / "files", of)
    location = {
        "folder": lambda: product.folder,
        "folder of folders": lambda: tmp_path / "given",
        "tar": lambda: packed(product),
        "MTL": lambda: product.folder / f"{of.name}_MTL.txt",
    }[given]()
    granule = only(location)
    assert (granule.name, granule.true_colour, granule.kind) == (of.name, None, f"Landsat {int(of.sensor[2:])} level 2")
    assert granule.acquired.text == f"{of.day[:4]}-{of.day[4:6]}-{of.day[6:]}T10:03:20Z"
    assert {*granule.bands} == {*of.bands.values()}
    for number, name in of.bands.items():
        band = granule.bands[name]
        assert granule.band(f"B{number}").location == band.location
        np.testing.assert_array_equal(stored_in(band), product.stored[name])
        assert (band.scale, band.offset, band.nodata, band.unstated) == (2.75e-5, -0.2, 0.0, "")
    assert granule.mask.kind == "qa_pixel"
    with rasterio.open(granule.mask.location) as dataset:
        np.testing.assert_array_equal(dataset.read(granule.mask.band), product.quality)


@pytest.mark.parametrize("kind", ["json", "txt", "xml"])
def test_scale_and_offset_are_those_of_the_metadata(tmp_path, kind):
    of = replace(OLI, mult=3e-5, add=-0.25)
    product = write_landsat(tmp_path, of, (kind,))
    for location in (tmp_path, product.file("SR_B4")):
        band = only(location).bands["red"]
        assert (band.scale, band.offset) == (3e-5, -0.25)


def test_without_metadata_level_2_has_the_scale_of_the_collection(tmp_path):
    write_landsat(tmp_path, OLI, ())
    granule = only(tmp_path)
    assert (granule.bands["red"].scale, granule.bands["red"].offset) == (2.75e-5, -0.2)
    assert granule.acquired.text == "2020-08-01"


def test_level_1_is_reflectance_at_the_top_of_the_atmosphere(tmp_path):
    product = write_landsat(tmp_path, replace(OLI, level="L1TP"))
    granule = only(tmp_path)
    assert granule.kind == "Landsat 8 level 1"
    expected = (product.stored["red"] * 2e-5 - 0.1) / math.sin(math.radians(41.5))
    band = granule.bands["red"]
    np.testing.assert_allclose(stored_in(band) * band.scale + band.offset, expected, rtol=1e-12)


def test_level_1_without_metadata_says_so(tmp_path):
    product = write_landsat(tmp_path, replace(OLI, level="L1TP"), ())
    assert (
        "of level 1, and how its numbers become reflectance stands in the product's MTL"
        in only(product.file("B4")).bands["red"].unstated
    )


def test_of_one_scene_level_2_and_what_was_processed_last_is_taken(tmp_path):
    write_landsat(tmp_path, replace(OLI, level="L1TP"))
    product = write_landsat(tmp_path)
    assert [each.name for each in granules_of(tmp_path, ROLE)] == [OLI.name]
    for path in [*tmp_path.iterdir()]:
        path.rename(tmp_path / path.name.replace("_20200907_", "_20210907_"))
    write_landsat(tmp_path)
    assert [each.name for each in granules_of(tmp_path, ROLE)] == [product.of.name.replace("20200907", "20210907")]


def test_folders_with_the_name_of_another_satellite_change_nothing(tmp_path):
    """Landsat's thermal bands have numbers of Sentinel-2's: ST_B10."""
    product = write_landsat(tmp_path / "sentinel-2 and others" / "S2A_comparison")
    assert only(product.folder).kind == "Landsat 8 level 2"


def test_the_file_of_one_band_is_that_band_alone_and_bands_are_put_together(tmp_path):
    product = write_landsat(tmp_path)
    granule = only(product.file("SR_B4"))
    assert ({*granule.bands}, granule.mask.location) == ({"red"}, product.file("QA_PIXEL"))
    files = [product.file(f"SR_B{number}") for number in (7, 4, 5)]
    (together,) = granules_of_date(files, ROLE)
    assert {*together.bands} == {"red", "nir", "swir22"}


def test_neighbours_of_one_pass_are_granules(tmp_path):
    for place in ("192027", "192028"):
        write_landsat(tmp_path, replace(OLI, place=place))
    found = granules_of_date([tmp_path], ROLE)
    assert [each.name[10:16] for each in found] == ["192027", "192028"]
    assert [each.mask.location.name[10:16] for each in found] == ["192027", "192028"]


@pytest.mark.parametrize("what", ["QA_PIXEL", "SR_CLOUD_QA", "ST_B10", "SR_QA_AEROSOL", "QA_RADSAT"])
def test_what_is_no_reflectance_is_no_product(tmp_path, what):
    assert granules_of(write_landsat(tmp_path, TM if what == "SR_CLOUD_QA" else OLI).file(what), ROLE) is None


def test_a_folder_without_reflectance_is_said(tmp_path):
    product = write_landsat(tmp_path)
    for number in OLI.bands:
        product.file(f"SR_B{number}").unlink()
    with pytest.raises(
        InputError, match=r"holds files of LC08_.*, but no band of its reflectance .*Download the bands"
    ):
        granules_of(tmp_path, ROLE)


@pytest.mark.parametrize("kind", ["json", "txt", "xml"])
@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("2.75e-05", "0", "REFLECTANCE_MULT_BAND_1 is 0"),
        ("2.75e-05", "nan", "REFLECTANCE_MULT_BAND_1 is nan"),
        ("-0.2", "none", "REFLECTANCE_ADD_BAND_1 is none"),
    ],
)
def test_damaged_numbers_are_an_error(tmp_path, kind, old, new, why):
    product = write_landsat(tmp_path, OLI, (kind,))
    path = tmp_path / f"{OLI.name}_MTL.{kind}"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=f"MTL.{kind} cannot be read as metadata of Landsat: {why}"):
        granules_of(product.folder, ROLE)


@pytest.mark.parametrize("sun", ["-3", "0", "91", "high"])
def test_a_sun_below_the_horizon_gives_no_reflectance(tmp_path, sun):
    of = replace(OLI, level="L1TP")
    write_landsat(tmp_path, of, ("txt",))
    path = tmp_path / f"{of.name}_MTL.txt"
    path.write_text(path.read_text().replace("SUN_ELEVATION = 41.5", f"SUN_ELEVATION = {sun}"))
    with pytest.raises(InputError, match=f"SUN_ELEVATION is {sun}"):
        granules_of(tmp_path, ROLE)


@pytest.mark.parametrize(
    ("kind", "content"),
    [("json", b"{"), ("json", b"[]"), ("json", b"[" * 9000), ("xml", b"<!DOCTYPE a><a/>"), ("xml", b"")],
)
def test_metadata_that_is_none_is_an_error(tmp_path, kind, content):
    write_landsat(tmp_path, OLI, (kind,))
    (tmp_path / f"{OLI.name}_MTL.{kind}").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot be read as metadata of Landsat: .*Download the product again"):
        granules_of(tmp_path, ROLE)


def test_metadata_of_absurd_size_is_an_error(tmp_path):
    write_landsat(tmp_path, OLI, ("txt",))
    (tmp_path / f"{OLI.name}_MTL.txt").write_bytes(b" " * (1 << 20) + b" ")
    with pytest.raises(InputError, match="larger than 1 MB"):
        granules_of(tmp_path, ROLE)


def test_a_file_on_a_server_is_known_by_its_name():
    granule = only(f"https://example.org/{OLI.name}_SR_B5.TIF?sig=1")
    assert {*granule.bands} == {"nir"}


def test_other_collections_and_archives_are_none(tmp_path):
    older = tmp_path / OLI.name.replace("_02_T1", "_01_T1")
    for name in (f"{older.name}_SR_B4.TIF", f"{OLI.name}_SR_B4.TIF.aux.xml", "B4.TIF"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f"{OLI.name}.tar").write_bytes(b"damaged")
    assert granules_of(tmp_path, ROLE) is None
    assert granules_of(tmp_path / f"{OLI.name}.tar", ROLE) is None


def test_groups_of_level_1_are_in_the_metadata_of_level_2(tmp_path):
    """They have the same keys: the helper makes them as USGS does, or the tests above show nothing."""
    assert {"LEVEL1_RADIOMETRIC_RESCALING", "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"} <= groups(OLI).keys()
