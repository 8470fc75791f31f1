"""Masks as services deliver them: each hides what is not usable, or is asked about; plain ones are what they were."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from helpers.images import named
from helpers.rasters import CRS, LEFT, TOP, scene_on_grid, write
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.run_record import describe_inputs
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.digests import sha256_of

ROWS, COLS = 60, 70
CLOUD = (slice(20, 31), slice(30, 45))


def looked_at(folder, mask, **reading):
    """What a mask hides, and what is asked about it."""
    files = replace(scene_on_grid(folder, ROWS, COLS), masks=(mask,), reading=ReadOptions(**reading))
    with open_scene(files, 6.0) as scene:
        return ~scene.read(scene.grid.rows(0, scene.grid.height)).valid, scene


def hidden(folder, mask, **reading):
    found, scene = looked_at(folder, mask, **reading)
    assert not scene.doubts
    return found


def filled(clear, cloudy, dtype="uint8"):
    values = np.full((ROWS, COLS), clear, dtype)
    values[CLOUD] = cloudy
    return values


def cloud():
    return filled(0, 1) == 1


def anything(dtype="uint8", most=12):
    return np.random.default_rng(5).integers(0, most, (ROWS, COLS)).astype(dtype)


@pytest.mark.parametrize("name", ["T32TNS_20200101T101319_SCL_20m.tif", "SCL.tif", "scl_2018.tif", "S2A.SCL.tif"])
@pytest.mark.parametrize("nodata", [None, 0])
def test_a_scene_classification_hides_what_esa_calls_not_usable(tmp_path, name, nodata, caplog):
    caplog.set_level(logging.INFO)
    scl = anything()
    found, scene = looked_at(tmp_path, write(tmp_path / name, scl, 6.0, nodata=nodata))
    np.testing.assert_array_equal(found, np.isin(scl, (0, 1, 3, 8, 9, 10, 11)))
    assert "read as Sentinel-2 scene classification, classes 0,1,3,8-11; `mask_values` chooses others" in caplog.text
    assert scene.facts["masks"] == ["Sentinel-2 scene classification, classes 0,1,3,8-11"]
    assert not scene.doubts


def test_a_band_that_is_called_scl_is_one_and_chosen_classes_count_first(tmp_path):
    scl = anything()
    mask = named(write(tmp_path / "classes.tif", scl, 6.0), descriptions=("SCL",))
    np.testing.assert_array_equal(hidden(tmp_path, mask), np.isin(scl, (0, 1, 3, 8, 9, 10, 11)))
    np.testing.assert_array_equal(hidden(tmp_path, mask, mask_values="4"), scl == 4)


def product(folder, scl):
    """A product of level L2A with its classes alone."""
    inside = folder / "S2B_MSIL2A_20200101T101319_N0500_R022_T32TNS_20200101T124152.SAFE/GRANULE/L2A_T32TNS_A014741"
    path = inside / "IMG_DATA" / "R20m" / "T32TNS_20200101T101319_SCL_20m.jp2"
    path.parent.mkdir(parents=True)
    return write(path, scl, 6.0, driver="JP2OpenJPEG", quality="100", reversible="YES")


def test_of_a_product_the_classes_are_the_mask(tmp_path):
    scl = anything()
    file = product(tmp_path, scl)
    safe = file.parents[4]
    np.testing.assert_array_equal(hidden(tmp_path, safe), np.isin(scl, (0, 1, 3, 8, 9, 10, 11)))
    np.testing.assert_array_equal(hidden(tmp_path, safe, mask_values="4,5"), np.isin(scl, (4, 5)))
    inputs = describe_inputs(replace(scene_on_grid(tmp_path, 9, 9), masks=(safe,)))
    entry = next(entry for entry in inputs if entry["role"] == "mask")
    assert (entry["path"], entry["sha256"]) == (str(safe), sha256_of(file))


def test_a_product_without_classes_is_no_mask(tmp_path):
    file = product(tmp_path, anything())
    safe = file.parents[4]
    file.rename(file.with_name(file.name.replace("SCL", "B05")))
    with pytest.raises(
        InputError, match=r"mask: .* holds no scene classification .* Give the L2A product of that date"
    ):
        hidden(tmp_path, safe)


def test_names_are_not_believed_against_the_values(tmp_path):
    for name in ("scl.tif", "scl_clouds.tif", "LC09_QA_PIXEL.tif", "cloud_probability_mask.tif"):
        np.testing.assert_array_equal(hidden(tmp_path, write(tmp_path / name, filled(0, 1), 6.0)), cloud())


# USGS LSDS-1619, table 3-2: clear land, water, dilated cloud, cirrus, cloud, shadow, snow, fill.
LANDSAT = {21824: 0, 21952: 0, 21826: 1, 54596: 1, 22280: 1, 23888: 1, 30048: 1, 1: 1}


@pytest.mark.parametrize("value", LANDSAT)
@pytest.mark.parametrize("nodata", [None, 1])
def test_bits_of_landsat_mark_clouds(tmp_path, value, nodata):
    name = "LC09_L2SP_107030_20240715_20240716_02_T1_QA_PIXEL.TIF"
    mask = write(tmp_path / name, filled(21824, value, "uint16"), 6.0, nodata=nodata)
    np.testing.assert_array_equal(hidden(tmp_path, mask), cloud() & bool(LANDSAT[value]))


@pytest.mark.parametrize(
    ("value", "marked"), [(0, 0), (1, 0), (2, 1), (4, 1), (8, 1), (16, 1), (32, 0), (33, 0), (34, 1)]
)
def test_bits_of_the_clouds_of_landsat_4_to_7_leave_dark_vegetation_and_water(tmp_path, value, marked):
    mask = write(tmp_path / "LT05_L2SP_107030_19900715_20200716_02_T1_SR_CLOUD_QA.TIF", filled(1, value), 6.0)
    np.testing.assert_array_equal(hidden(tmp_path, mask), cloud() & bool(marked))


@pytest.mark.parametrize(("value", "marked"), [(2, 1), (4, 1), (8, 1), (16, 1), (32, 0), (192, 0), (255, 1)])
def test_bits_of_hls_mark_clouds(tmp_path, value, marked):
    mask = write(tmp_path / "HLS.S30.T32TNS.2024197T101559.v2.0.Fmask.tif", filled(64, value), 6.0, nodata=255)
    np.testing.assert_array_equal(hidden(tmp_path, mask), cloud() & bool(marked))


UDM2 = ("clear", "snow", "shadow", "haze_light", "haze_heavy", "cloud", "confidence", "unusable")


@pytest.mark.parametrize("names", [UDM2, ()])
def test_the_usable_data_mask_of_planet_shows_what_is_clear(tmp_path, names):
    values = np.zeros((8, ROWS, COLS), np.uint8)
    values[0] = filled(1, 0)
    values[5] = filled(0, 1)
    values[6] = 97
    path = write(tmp_path / "20240715_012345_12_2455_3B_udm2.tif", values, 6.0, photometric="MINISBLACK")
    mask = named(path, descriptions=names) if names else path
    np.testing.assert_array_equal(hidden(tmp_path, mask), cloud())


def test_a_usable_data_mask_that_lost_its_name_gets_the_way_to_have_it_read(tmp_path):
    path = write(tmp_path / "mask.tif", np.zeros((8, ROWS, COLS), np.uint8), 6.0, photometric="MINISBLACK")
    with pytest.raises(InputError, match=r"has 8 bands, but one is expected\..*UDM2.* let its name end in udm2\.tif"):
        hidden(tmp_path, path)


def test_a_band_that_is_called_clear_shows_what_is(tmp_path):
    mask = named(write(tmp_path / "mask.tif", filled(1, 0), 6.0), descriptions=("clear",))
    np.testing.assert_array_equal(hidden(tmp_path, mask), cloud())


@pytest.mark.parametrize("name", ["20190801_012345_1039_3B_AnalyticMS_DN_udm_clip.tif", "composite_udm.tif", "udm.tif"])
def test_bits_of_the_unusable_data_mask_of_planet_mark_what_is_not_usable(tmp_path, name):
    """Planet's first mask: blackfill, cloud, and what is suspect in each band."""
    values = np.random.default_rng(3).integers(0, 256, (ROWS, COLS)).astype(np.uint8)
    values[CLOUD] = 0
    found, scene = looked_at(tmp_path, write(tmp_path / name, values, 6.0))
    np.testing.assert_array_equal(found, values != 0)
    assert scene.facts["masks"] == ["Planet UDM, any of its bits"]
    assert not scene.doubts


ASKED = {
    "a probability": ("MSK_CLDPRB_20m.tif", lambda: filled(0, 0) + anything(most=100), "`mask_above` 40"),
    "a fraction": ("probability.tif", lambda: anything("float32", 100) / np.float32(100), "`mask_above` 0.4"),
    "a share of clear sky": ("cs_cdf.tif", lambda: anything("float32", 100) / np.float32(100), "`mask_below` 0.6"),
    "many values": ("clouds.tif", lambda: anything(most=200), "more than 32 different values"),
    "many bits": ("clouds.tif", lambda: anything(most=200), "`mask_bits` 3,4"),
    "bits of a sensor": ("quality.tif", lambda: filled(322, 352, "uint16"), "such as `mask_bits` 3,4"),
    "what is clear": ("clear.tif", lambda: filled(1, 0), "`mask_values` 0, or"),
    "what is valid": ("data_mask.tif", lambda: filled(255, 0), "`mask_values` 0, or"),
    "another Fmask": ("scene_fmask.tif", lambda: anything(most=5), "differ between programs"),
}


@pytest.mark.parametrize("kind", ASKED)
def test_what_may_be_no_mask_is_asked_about(tmp_path, kind):
    name, values, words = ASKED[kind]
    path = write(tmp_path / name, values(), 6.0)
    found, scene = looked_at(tmp_path, path)
    assert len(scene.doubts) == 1
    assert words in scene.doubts[0]
    assert str(path) in scene.doubts[0]
    np.testing.assert_array_equal(found, values() != 0)  # what --force takes


PLAIN = {
    "ones": lambda: filled(0, 1),
    "255": lambda: filled(0, 255),
    "a few numbers": lambda: anything(most=9),
    "32 bits": lambda: filled(0, 70_000, "int32"),
    "floats": lambda: filled(0, 1, "float32"),
    "floats of a few values": lambda: anything("float32", 9),
    "bits of QA60": lambda: filled(0, 1024, "uint16"),
    "nothing": lambda: filled(0, 0),
    "all": lambda: filled(1, 1),
}


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize(
    "name", ["clouds.tif", "mask.tif", "unclear.tif", "cloud_valid.tif", "sclera.tif", "problem.tif"]
)
def test_plain_masks_are_what_they_were(tmp_path, kind, name):
    values = PLAIN[kind]()
    found, scene = looked_at(tmp_path, write(tmp_path / name, values, 6.0))
    np.testing.assert_array_equal(found, values != 0)
    assert not scene.doubts
    assert scene.facts["masks"] == ["nonzero"]


def test_a_probability_of_0_is_clear_whatever_is_declared(tmp_path):
    values = filled(0, 90)
    mask = write(tmp_path / "MSK_CLDPRB_20m.tif", values, 6.0, nodata=0)
    np.testing.assert_array_equal(hidden(tmp_path, mask, mask_values="40-100"), cloud())


def test_nodata_that_hides_most_of_a_class_map_is_asked_about(tmp_path):
    _, scene = looked_at(tmp_path, write(tmp_path / "a.tif", filled(0, 90), 6.0, nodata=0), mask_values="40-100")
    assert "declares 0 as nodata, which 96 % of it have" in scene.doubts[0]
    assert "gdal_edit.py -unsetnodata" in scene.doubts[0]
    few = write(tmp_path / "b.tif", filled(4, 0), 6.0, nodata=0)
    np.testing.assert_array_equal(hidden(tmp_path, few, mask_values="8-10"), cloud())


def no_zero():
    """Clear, clouds and shadow as 1, 2 and 3, and 0 for no data, as EarthDaily's cloud masks have them."""
    values = filled(1, 2)
    values[40:45] = 3
    values[:2] = 0
    return values


@pytest.mark.parametrize(("values", "nodata"), [(filled(1, 0), None), (no_zero(), 0), (no_zero(), None)])
def test_a_mask_that_hides_most_of_the_map_is_said(tmp_path, values, nodata, caplog):
    """It may be of a cloudy day, or mark what is usable, which nothing in the file tells."""
    found = hidden(tmp_path, write(tmp_path / "mask.tif", values, 6.0, nodata=nodata))
    np.testing.assert_array_equal(found, values != 0)
    assert f"mask.tif hides about {100 * np.mean(found):.0f} % of the map" in caplog.text
    assert "`mask_values` 0" in caplog.text


@pytest.mark.parametrize(("values", "chosen"), [(filled(0, 1), None), (filled(1, 0), "0"), (no_zero(), "2-3")])
def test_a_mask_that_hides_little_or_was_explained_is_taken_in_silence(tmp_path, values, chosen, caplog):
    hidden(tmp_path, write(tmp_path / "mask.tif", values, 6.0), mask_values=chosen)
    assert "hides" not in caplog.text


@pytest.mark.parametrize("name", ["0123_cloud-mask.gpkg", "MSK_CLOUDS_B00.gml", "clouds.geojson"])
def test_polygons_are_no_mask_and_become_one_by_a_command(tmp_path, name):
    """Maxar and older Sentinel-2 products deliver clouds so."""
    box = shapely.to_wkb(np.array([shapely.box(LEFT + 60, TOP - 200, LEFT + 120, TOP - 100)]))
    pyogrio.raw.write(tmp_path / name, box, [np.array([1])], ["id"], geometry_type="Polygon", crs=CRS)
    with pytest.raises(InputError, match=rf"mask: .*{name} .* polygons\. .* gdal_rasterize -burn 1 .*-te LEFT"):
        hidden(tmp_path, tmp_path / name)


def test_bits_are_hidden_as_numpy_finds_them_and_come_before_names(tmp_path):
    values = np.random.default_rng(1).integers(0, 1 << 16, (ROWS, COLS)).astype(np.uint16)
    for name in ("bits.tif", "LC09_L2SP_107030_20240715_20240716_02_T1_QA_PIXEL.TIF"):
        mask = write(tmp_path / name, values, 6.0)
        found, scene = looked_at(tmp_path, mask, mask_bits="3, 12-15")
        np.testing.assert_array_equal(found, (values >> 3 & 1 | values >> 12) != 0)
        assert (scene.facts["masks"], scene.facts["mask_bits"]) == (["bits 3, 12-15"], "3, 12-15")
        assert not scene.doubts


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32"])
def test_the_first_and_the_last_bit_of_a_type_can_be_chosen(tmp_path, dtype):
    last = 8 * np.dtype(dtype).itemsize - 1
    values = np.array(np.random.default_rng(2).integers(-(1 << 31), 1 << 31, (ROWS, COLS)), dtype=np.int64)
    stored = values.astype(dtype)
    mask = write(tmp_path / "bits.tif", stored, 6.0)
    expected = (stored.astype(np.int64) & (1 | 1 << last)) != 0
    np.testing.assert_array_equal(hidden(tmp_path, mask, mask_bits=f"0,{last}"), expected)


def test_bits_that_a_file_has_not_are_refused(tmp_path):
    mask = write(tmp_path / "bits.tif", filled(0, 8), 6.0)
    with pytest.raises(InputError, match=r"bits\.tif is uint8, which has bits 0 to 7, and `mask_bits` asks for bit 9"):
        hidden(tmp_path, mask, mask_bits="3,9")


@pytest.mark.parametrize(
    ("option", "limit"), [("mask_above", 40), ("mask_below", 60), ("mask_above", 0), ("mask_above", -1)]
)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
def test_values_beyond_a_threshold_are_hidden(tmp_path, option, limit, dtype):
    values = np.random.default_rng(4).integers(0, 101, (ROWS, COLS)).astype(dtype)
    expected = values > limit if option == "mask_above" else values < limit
    found, scene = looked_at(tmp_path, write(tmp_path / "clouds.tif", values, 6.0), **{option: limit})
    np.testing.assert_array_equal(found, expected)
    assert scene.facts["masks"] == [f"values {option.removeprefix('mask_')} {limit}"]
    assert scene.facts[option] == limit
    assert not scene.doubts


def test_shares_in_floating_point_and_scaled_ones_have_one_threshold(tmp_path):
    share = np.random.default_rng(4).integers(0, 101, (ROWS, COLS)) / 100
    share[0, 0] = np.nan
    floats = write(tmp_path / "a.tif", share.astype(np.float32), 6.0)
    found = hidden(tmp_path, floats, mask_above=0.4)
    np.testing.assert_array_equal(found, ~(share.astype(np.float32) <= np.float32(0.4)))
    assert found[0, 0]  # what is not known is not usable
    scaled = write(tmp_path / "b.tif", np.nan_to_num(share * 200).astype(np.uint8), 6.0)
    with rasterio.open(scaled, "r+") as dataset:
        dataset.scales, dataset.offsets = (0.005,), (0.0,)
    np.testing.assert_array_equal(hidden(tmp_path, scaled, mask_below=0.605), ~(np.nan_to_num(share) > 0.605))


def test_a_probability_with_a_nodata_of_0_is_clear_there(tmp_path):
    values = filled(0, 90, "float32")
    mask = write(tmp_path / "cloud_probability.tif", values, 6.0, nodata=0)
    np.testing.assert_array_equal(hidden(tmp_path, mask, mask_above=40), cloud())
    share = write(tmp_path / "cs_cdf.tif", filled(0.9, 0, "float32"), 6.0, nodata=0)
    np.testing.assert_array_equal(hidden(tmp_path, share, mask_below=0.6), cloud())  # not observed, either way


@pytest.mark.parametrize("text", ["", "cloud", "3,", "3;8", "10-8", "-1", "3.5", "32", "0-999999999", "9" * 3000])
def test_bits_that_are_not_understood_are_refused(text):
    with pytest.raises(
        UsageError, match=r"mask bits .* Give their numbers from 0 to 31, .* such as 3,4 or 0-5\."
    ) as caught:
        ReadOptions(mask_bits=text)
    assert (caught.value.option, len(str(caught.value)) < 250) == ("mask_bits", True)


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_thresholds_that_are_no_numbers_are_refused(limit):
    with pytest.raises(UsageError, match=r"`mask_above` (nan|inf) is no number"):
        ReadOptions(mask_above=limit)


def test_one_way_of_reading_masks_is_given_and_not_two():
    with pytest.raises(UsageError, match=r"`mask_values` and `mask_above` all say .* Give one of them\.") as caught:
        ReadOptions(mask_values="3", mask_above=40)
    assert caught.value.option == "mask_above"


@pytest.mark.parametrize("reading", [{"mask_bits": "3"}, {"mask_above": 40.0}, {"mask_below": 60.0}])
def test_what_says_what_masks_mean_needs_one(tmp_path, reading):
    with pytest.raises(UsageError, match=f"`{next(iter(reading))}` says what masks mean: give one with `masks`"):
        replace(scene_on_grid(tmp_path, 9, 9), reading=ReadOptions(**reading))
