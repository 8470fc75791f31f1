"""Units that files state: the same ground in any of them makes the same terrain, and what is open is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import mixing_engine
from helpers.ground import stated, terrain_of
from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, write
from landslip.runtime.declared.units import FOOT, US_SURVEY_FOOT, Linear, metres_of, steepness_of
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

HILLS = elevation(100, 120)


@pytest.fixture
def files(tmp_path):
    return scene_mixed(tmp_path)


def close(patch, expected, degrees=0.02):
    np.testing.assert_array_equal(patch.valid, expected.valid)
    assert expected.valid.mean() > 0.9
    np.testing.assert_allclose(patch.arrays["slope"], expected.arrays["slope"], atol=degrees)
    shades = [one.arrays["hillshade"].astype(int) for one in (patch, expected)]
    assert np.abs(shades[0] - shades[1]).max() <= 1


WRITTEN = {
    "feet": (HILLS / FOOT, {"unit": "ft"}),
    "feet above the sea": (HILLS / FOOT, {"unit": "feet above mean sea level"}),
    "US survey feet": (HILLS / US_SURVEY_FOOT, {"unit": "US survey foot"}),
    "decimetres": (HILLS * 10, {"unit": "dm"}),
    "centimetres": (HILLS * 100, {"unit": "centimeters"}),
    "metres": (HILLS, {"unit": "metre"}),
    "metres by another name": (HILLS, {"unit": "m a.s.l."}),
    "no word": (HILLS, {}),
    "a vertical CRS in feet": (HILLS / FOOT, {"crs": "EPSG:32632+8228"}),
    "a vertical CRS in US survey feet": (HILLS / US_SURVEY_FOOT, {"crs": "EPSG:32632+6360"}),
    "a vertical CRS in metres": (HILLS, {"crs": "EPSG:32632+5703"}),
    "a unit beside another vertical CRS": (HILLS, {"crs": "EPSG:32632+8228", "unit": "m"}),
    "scale and offset": ((HILLS - 1000) / 0.125, {"scale": 0.125, "offset": 1000.0}),
    "scale and unit": ((HILLS / FOOT - 3000) * 10, {"scale": 0.1, "offset": 3000.0, "unit": "ft"}),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_the_same_ground_in_any_unit_makes_the_same_terrain(tmp_path, files, caplog, kind):
    values, options = WRITTEN[kind]
    expected = terrain_of(files, dem=files.dem)
    found = terrain_of(files, dem=stated(tmp_path / "odd.tif", values.astype(np.float32), **options))
    close(found, expected)
    assert not caplog.records


def test_scaled_whole_numbers_are_read_with_their_nodata(tmp_path, files):
    stored = np.round((HILLS - 1000) / 0.05).astype("int16")
    stored[40:60, 50:70] = -32768
    plain = (stored.astype(np.float32) * np.float32(0.05) + 1000).astype(np.float32)
    plain[stored == -32768] = -9999
    expected = terrain_of(files, dem=stated(tmp_path / "plain.tif", plain, nodata=-9999))
    found = terrain_of(files, dem=stated(tmp_path / "odd.tif", stored, scale=0.05, offset=1000.0, nodata=-32768))
    np.testing.assert_array_equal(found.valid, expected.valid)
    np.testing.assert_allclose(found.arrays["slope"], expected.arrays["slope"], atol=0.02)


def test_tiles_may_state_different_units(tmp_path, files):
    west = stated(tmp_path / "west.tif", HILLS[:, :60] / np.float32(FOOT), unit="ft")
    east = stated(tmp_path / "east.tif", HILLS[:, 59:], left=LEFT - 300 + 59 * 30)
    close(terrain_of(files, dem=(west, east)), terrain_of(files, dem=files.dem))


def test_a_chosen_unit_counts_more_than_a_stated_one(tmp_path, files):
    dem = stated(tmp_path / "odd.tif", HILLS / np.float32(FOOT), unit="m")
    close(
        terrain_of(replace(files, dem=dem, reading=ReadOptions(dem_unit="ft")), dem=dem),
        terrain_of(files, dem=files.dem),
    )


def test_a_unit_that_is_not_known_is_said(tmp_path, files, caplog):
    close(terrain_of(files, dem=stated(tmp_path / "odd.tif", HILLS, unit="cubits")), terrain_of(files, dem=files.dem))
    assert "states its values in cubits, a unit landslip does not know" in caplog.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"unit": "degrees"}, "states its values in degrees, so it is no elevation"),
        ({"crs": "EPSG:32632+6357"}, "points down, so it holds depths"),
        ({"scale": float("nan")}, "make no values"),
    ],
)
def test_what_is_stated_to_be_no_elevation_is_refused(tmp_path, files, options, words):
    with pytest.raises(InputError, match=words):
        terrain_of(files, dem=stated(tmp_path / "odd.tif", HILLS, **options))


def state_plane(folder):
    """A scene in New York's State Plane, in feet; nothing is stated of its heights."""
    place = {"left": 1_000_000.0, "top": 200_000.0, "crs": "EPSG:2263"}
    return SceneFiles(
        pre=write(folder / "pre.tif", rgb(150, 160), 30.0, **place),
        post=write(folder / "post.tif", rgb(150, 160, 1), 30.0, **place),
        dem=write(folder / "dem.tif", HILLS, 90.0, left=999_000.0, top=201_000.0, crs="EPSG:2263"),
    )


def test_heights_on_a_grid_in_feet_are_asked_for(tmp_path):
    files = state_plane(tmp_path)

    def mapped(name, scene, **options):
        request = MapRequest(tmp_path / "none", scene, tmp_path / name, engine=EngineOptions(tile=64), **options)
        return map_scene(request, engine=mixing_engine())

    with pytest.raises(InputError, match=r"grid in US survey foot, .*`dem_unit` ft or `dem_unit` m\. Or map it all"):
        mapped("asked", files)
    assert mapped("forced", files, force=True)["objections_overruled"]
    feet = mapped("feet", replace(files, reading=ReadOptions(dem_unit="us-ft")))
    assert feet["objections_overruled"] == []
    assert feet["reading"]["elevation"]["metres_per_number"] == [US_SURVEY_FOOT]
    told = stated(
        tmp_path / "told.tif", HILLS, unit="m", resolution=90.0, left=999_000.0, top=201_000.0, crs="EPSG:2263"
    )
    assert mapped("told", replace(files, dem=told))["objections_overruled"] == []


def test_feet_in_all_directions_have_the_slope_of_metres_in_all_directions(tmp_path):
    files = state_plane(tmp_path)
    slopes = []
    for unit, values in (("us-ft", HILLS / np.float32(US_SURVEY_FOOT)), ("m", HILLS)):
        dem = stated(tmp_path / f"{unit}.tif", values, resolution=90.0, left=999_000.0, top=201_000.0, crs="EPSG:2263")
        slopes.append(terrain_of(replace(files, reading=ReadOptions(dem_unit=unit)), dem=dem).arrays["slope"])
    np.testing.assert_allclose(slopes[0], slopes[1], atol=0.02)


def slope_in(unit, degrees):
    rise = np.tan(np.radians(degrees))
    return {"percent": 100 * rise, "%": 100 * rise, "rad": np.radians(degrees), "m/m": rise}.get(unit, degrees)


@pytest.mark.parametrize("unit", ["degrees", "percent", "%", "rad", "m/m", "metre"])
def test_a_ready_slope_in_any_stated_unit(tmp_path, files, unit):
    degrees = np.random.default_rng(1).uniform(0, 60, HILLS.shape)
    shade = stated(tmp_path / "hillshade.tif", np.full(HILLS.shape, 150, np.uint8))
    expected, found = (
        terrain_of(
            files, hillshade=shade, slope=stated(tmp_path / name, slope_in(word, degrees).astype("float32"), **options)
        )
        for name, word, options in (
            ("degrees.tif", "degrees", {}),
            ("other.tif", unit, {"crs": "EPSG:32632+5703"} if unit == "metre" else {"unit": unit}),
        )
    )
    assert found.valid.all()
    np.testing.assert_allclose(found.arrays["slope"], expected.arrays["slope"], atol=1e-3)


def test_a_scaled_ready_slope(tmp_path, files):
    degrees = np.round(np.random.default_rng(1).uniform(0, 60, HILLS.shape), 1)
    shade = stated(tmp_path / "hillshade.tif", np.full(HILLS.shape, 150, np.uint8))
    plain = stated(tmp_path / "plain.tif", degrees.astype("float32"))
    scaled = stated(tmp_path / "scaled.tif", np.round(degrees * 10).astype("uint16"), scale=0.1)
    expected, found = (terrain_of(files, hillshade=shade, slope=slope) for slope in (plain, scaled))
    np.testing.assert_allclose(found.arrays["slope"], expected.arrays["slope"], atol=1e-3)


@given(st.floats(-1e4, 1e4), st.floats(0.001, 1e3), st.floats(-1e3, 1e3), st.floats(0.01, 10))
def test_a_change_of_unit_after_scale_and_offset(stored, scale, offset, metres):
    found = Linear(scale, offset).times(metres).of(np.array([stored]))
    np.testing.assert_allclose(found, [(stored * scale + offset) * metres], rtol=1e-9, atol=1e-6)


def test_names_of_units():
    assert metres_of("US_survey_foot") == US_SURVEY_FOOT
    assert metres_of(" Feet ") == FOOT
    assert metres_of("meters (EGM96)") == 1.0
    assert metres_of("") is None
    assert metres_of("degrees") is None
    assert steepness_of("Percent rise") == "percent"
    assert steepness_of("m m-1") == "rise over run"


def test_an_unknown_choice_is_refused():
    with pytest.raises(UsageError, match=r"The unit 'mile' is unknown\. Choose from: m, ft"):
        ReadOptions(dem_unit="mile")


def test_a_chosen_unit_without_elevation_is_refused(files):
    with pytest.raises(UsageError, match="give one with `dem`"):
        replace(files, dem=None, reading=ReadOptions(dem_unit="ft"))


def test_the_corner_of_the_scene_is_covered(files):
    # The mixed scene's elevation begins 300 m beyond it on both sides: what the other tests take for granted.
    assert terrain_of(files, dem=files.dem).valid.mean() > 0.9
    assert (LEFT, TOP) == (500_000.0, 5_000_000.0)
