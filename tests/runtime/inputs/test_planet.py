"""PlanetScope scenes as they are ordered: which files, which bands, which scale, which mask."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.planet import COEFFICIENTS, EIGHT, FOUR, Strip, metadata, order, write_scene, zipped
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.granules_of_date import granules_of_date
from landslip.runtime.inputs.products import granules_of

ROLE = "post-event image"
COMMON = {
    "coastal_blue": "coastal", "blue": "blue", "green_i": "green05", "green": "green", "yellow": "yellow",
    "red": "red", "rededge": "rededge", "nir": "nir",
}  # fmt: skip
OTHER_STRIP = "20240801_101114_38_2439"


def only(location):
    (granule,) = granules_of(location, ROLE)
    return granule


def stored_in(band):
    with rasterio.open(band.location) as dataset:
        return dataset.read(band.number)


@pytest.mark.parametrize("kind", ["AnalyticMS_SR_8b", "AnalyticMS_SR", "AnalyticMS_8b", "AnalyticMS"])
@pytest.mark.parametrize("given", ["order", "PSScene", "file", "zip"])
def test_every_band_has_its_number_and_its_reflectance(tmp_path, kind, given):
    strip = Strip(kind=kind, tools="_clip")
    (scene,) = order(tmp_path / "order", strip)
    location = {
        "order": lambda: tmp_path / "order",
        "PSScene": lambda: tmp_path / "order" / "PSScene",
        "file": lambda: scene.analytic,
        "zip": lambda: zipped(tmp_path / "order"),
    }[given]()
    granule = only(location)
    assert (granule.name, granule.true_colour) == (strip.item, None)
    assert granule.acquired.text == "2024-08-01T10:11:12Z"
    assert {band.label for band in granule.bands.values()} == {*strip.names}
    for number, name in enumerate(strip.names):
        band = granule.bands[COMMON[name]]
        assert granule.band(name) is band
        np.testing.assert_array_equal(stored_in(band), scene.stored[name])
        assert (band.scale, band.offset) == (1e-4 if "SR" in kind else COEFFICIENTS[number], 0.0)
        assert (band.nodata, band.unstated) == (0.0, "")
    assert granule.mask.kind == "udm2"
    with rasterio.open(granule.mask.location) as dataset:
        np.testing.assert_array_equal(dataset.read(granule.mask.band) == 1, scene.clear)


def test_radiance_without_its_coefficients_says_so(tmp_path):
    scene = write_scene(tmp_path, Strip(kind="AnalyticMS", tools=""))
    for path in tmp_path.glob("*.xml"):
        path.unlink()
    granule = only(scene.analytic)
    assert granule.kind == "PlanetScope radiance"
    for band in granule.bands.values():
        assert "coefficients that make reflectance of it stand in the item's XML" in band.unstated
    path.write_text(metadata(3))  # of which one is missing
    granule = only(scene.analytic)
    assert [bool(granule.band(name).unstated) for name in FOUR] == [False, False, False, True]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (metadata(4).replace("2.2e-05", "0"), "reflectanceCoefficient of 0"),
        (metadata(4).replace("2.2e-05", "nan"), "reflectanceCoefficient of nan"),
        (metadata(4).replace("2.2e-05", "many"), "many"),
        (metadata(4).replace("bandNumber>2<", "bandNumber>two<"), "two"),
        ("<!DOCTYPE a><a/>", "declares a document type"),
        ("<a>", "no element found"),
    ],
)
def test_damaged_metadata_is_an_error(tmp_path, content, why):
    scene = write_scene(tmp_path, Strip(kind="AnalyticMS", tools=""))
    next(tmp_path.glob("*.xml")).write_text(content)
    with pytest.raises(
        InputError, match=f"cannot be read as metadata of PlanetScope: .*{why}.*Download it again"
    ) as caught:
        granules_of(scene.analytic, ROLE)
    assert caught.value.where.endswith(".xml")


def test_surface_reflectance_asks_for_no_metadata(tmp_path):
    scene = write_scene(tmp_path)
    next(tmp_path.glob("*.xml")).write_text("<a>")
    assert only(scene.analytic).bands["red"].scale == 1e-4


def test_reflectance_at_the_top_of_the_atmosphere_has_the_scale_of_the_order(tmp_path):
    granule = only(write_scene(tmp_path, Strip(kind="AnalyticMS_8b", tools="_toar_clip")).analytic)
    assert granule.kind == "PlanetScope reflectance at the top of the atmosphere"
    assert granule.bands["nir"].scale == 1e-4


def test_of_several_files_of_an_item_the_reflectance_that_is_harmonised_is_taken(tmp_path):
    scenes = {
        (kind, tools): write_scene(tmp_path, Strip(kind=kind, tools=tools))
        for kind in ("AnalyticMS", "AnalyticMS_SR", "AnalyticMS_SR_8b", "AnalyticMS_8b")
        for tools in ("_clip", "_harmonized_clip")
    }
    best = scenes["AnalyticMS_SR_8b", "_harmonized_clip"].analytic
    assert only(tmp_path).bands["red"].location == best
    for scene in scenes.values():  # and a file that is named is the one
        assert only(scene.analytic).bands["red"].location == scene.analytic


def test_the_visual_file_is_the_picture(tmp_path):
    scene = write_scene(tmp_path, visual=True)
    picture = tmp_path / f"{scene.strip.item}_3B_Visual_clip.tif"
    assert only(tmp_path).true_colour == picture
    assert only(tmp_path).bands.keys() >= {"red", "green", "blue", "nir"}
    alone = only(picture)
    assert (alone.true_colour, dict(alone.bands), alone.mask.location) == (picture, {}, scene.mask)
    assert only(scene.analytic).true_colour is None


def test_strips_of_one_day_are_granules_and_each_has_its_mask(tmp_path):
    first, second = Strip(), Strip(item=OTHER_STRIP, top=Strip().top - 300)
    scenes = order(tmp_path, first, second)
    found = granules_of_date([tmp_path], ROLE)
    assert [(each.name, each.mask.location) for each in found] == [(each.strip.item, each.mask) for each in scenes]
    both = granules_of_date([scene.analytic for scene in reversed(scenes)], ROLE)
    assert [each.name for each in both] == [OTHER_STRIP, first.item]


def test_strips_of_two_days_are_not_one_image(tmp_path):
    order(tmp_path, Strip(), Strip(item="20240803_101112_45_2439"))
    with pytest.raises(InputError, match="2 dates"):
        granules_of_date([tmp_path], ROLE)


def test_the_mask_of_older_orders_is_their_bit_field(tmp_path):
    scene = write_scene(tmp_path, Strip(item="20180820_012030_0f3c", kind="AnalyticMS", tools=""), udm=True)
    granule = only(tmp_path)
    assert (granule.name, granule.mask.location, granule.mask.kind) == ("20180820_012030_0f3c", scene.mask, "udm")
    scene.mask.unlink()
    assert only(tmp_path).mask is None


@pytest.mark.parametrize(
    "name",
    ["20240801_101112_45_2439_3B_udm2.tif", "20240801_101112_45_2439_3B_AnalyticMS_DN_udm.tif", "composite.tif",
     "20240801_101112_45_2439_3B_AnalyticMS_SR_bandmath.tif", "20240801_101112_45_2439_metadata.json"],
)  # fmt: skip
def test_masks_and_files_of_other_bands_are_no_scenes(tmp_path, name):
    shutil.copy(write_scene(tmp_path / "there").mask, tmp_path / name)
    assert granules_of(tmp_path / name, ROLE) is None


def test_a_file_on_a_server_is_known_by_its_name():
    granule = only("https://example.org/a/20240801_101112_45_2439_3B_AnalyticMS_SR_8b_clip.tif?token=1_3B_udm2.tif")
    assert granule.bands["red"].number == EIGHT.index("red") + 1
    assert granule.mask is None


def test_folders_and_archives_of_other_things_are_no_scenes(tmp_path):
    (tmp_path / "readme.txt").write_text("PSScene")
    (tmp_path / "damaged.zip").write_bytes(b"PK\3\4")
    assert granules_of(tmp_path, ROLE) is None
    assert granules_of(tmp_path / "damaged.zip", ROLE) is None


def test_a_scene_that_was_not_described_has_the_bands_of_its_name(tmp_path):
    scene = write_scene(tmp_path, replace(Strip(), described=False, kind="AnalyticMS"))
    assert only(scene.analytic).bands["red"].number == 3
