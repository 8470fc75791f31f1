"""Scenes: any rasters, one grid; and every refusal in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.crs import CRS
from rasterio.windows import Window

from helpers.engines import SPEC
from helpers.measured import described, network
from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, scene_on_grid, write
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.geo import window_blocks as cutting
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.scene import open_scene


def read_all(files, resolution=6.0):
    with open_scene(files, resolution) as scene:
        return scene.grid, scene.read(scene.grid.rows(0, scene.grid.height))


def test_rasters_on_the_grid_come_through_unchanged(tmp_path):
    files = scene_on_grid(tmp_path, 50, 70)
    grid, patch = read_all(files)
    assert (grid.height, grid.width, grid.transform.c) == (50, 70, LEFT)
    for role in ("pre", "post", "hillshade", "slope"):
        with rasterio.open(getattr(files, role)) as dataset:
            np.testing.assert_array_equal(patch.arrays[role], dataset.read())
    assert patch.valid.all()
    assert {role: array.dtype.name for role, array in patch.arrays.items()} == {
        "pre": "uint8", "post": "uint8", "hillshade": "uint8", "slope": "float32",
    }  # fmt: skip


def test_windows_of_a_mixed_scene_fit_together(tmp_path):
    files = scene_mixed(tmp_path)
    grid, whole = read_all(files)
    assert grid.resolution == 6.0
    assert (grid.transform.c % 6, grid.transform.f % 6) == (0, 0)
    with open_scene(files, 6.0) as scene:
        part = scene.read(Window(33, 71, 120, 55))
    for role, array in part.arrays.items():
        np.testing.assert_array_equal(array, whole.arrays[role][:, 71:126, 33:153])
    np.testing.assert_array_equal(part.valid, whole.valid[71:126, 33:153])
    assert 0.5 < whole.valid.mean() < 1


def test_the_grid_is_the_common_area_of_both_images(tmp_path):
    files = scene_mixed(tmp_path)
    shifted = write(tmp_path / "shifted.tif", rgb(240, 300), 10.0, left=LEFT + 600, top=TOP - 300)
    grid, _ = read_all(replace(files, pre=shifted))
    left, bottom, right, top = grid.bounds
    assert abs(left - (LEFT + 600)) <= 3
    assert abs(top - (TOP - 300)) <= 3
    assert abs(right - (LEFT + 3000)) <= 3
    assert abs(bottom - (TOP - 2400)) <= 3


def test_degrees_become_utm(tmp_path):
    image = {"resolution": 1e-4, "left": 9.0, "top": 45.1, "crs": "EPSG:4326"}
    files = SceneFiles(
        pre=write(tmp_path / "pre.tif", rgb(200, 220), **image),
        post=write(tmp_path / "post.tif", rgb(200, 220, 1), **image),
        dem=write(tmp_path / "dem.tif", elevation(120, 130), 3e-4, left=8.995, top=45.105, crs="EPSG:4326"),
    )
    grid, patch = read_all(files)
    assert grid.crs == CRS.from_epsg(32632)
    assert patch.valid.mean() > 0.9
    assert 5 < np.median(patch.arrays["slope"][patch.valid[None]]) < 60


def test_terrain_is_computed_on_the_elevation_models_own_grid(tmp_path):
    cols = np.mgrid[:120, :120][1].astype(np.float32)
    plane = write(tmp_path / "plane.tif", 30 * cols * np.float32(0.5), 30.0, left=LEFT - 300, top=TOP + 300)
    _, patch = read_all(replace(scene_mixed(tmp_path), dem=plane, masks=()))
    np.testing.assert_allclose(patch.arrays["slope"][0][patch.valid], np.degrees(np.arctan(0.5)), atol=1e-4)


def test_where_no_terrain_is_known_nothing_is_observed(tmp_path):
    small = write(tmp_path / "small.tif", elevation(40, 120), 30.0, left=LEFT - 300, top=TOP + 300)
    files = replace(scene_mixed(tmp_path), dem=small, masks=())
    grid, patch = read_all(files)
    # The model's last ring has no slope, and the pixels next to it none to interpolate from.
    last_known = round((TOP - (TOP + 300 - 39 * 30)) / 6)
    assert patch.valid[: last_known - 5].all()
    assert not patch.valid[last_known:].any()
    with open_scene(files, 6.0) as scene:
        ground = scene.ground.read(grid.rows(0, grid.height))
    np.testing.assert_array_equal(np.isnan(ground.slope), ~patch.valid)


def test_nodata_is_not_observed_but_black_is(tmp_path):
    image = rgb(240, 300)
    image[:, 100:120, 50:60] = 0
    image[0, 10:20, 10:20] = 0  # no red: a colour, not nodata
    pre = write(tmp_path / "nodata.tif", image, 10.0, nodata=0)
    _, patch = read_all(replace(scene_mixed(tmp_path), pre=pre, masks=()))
    assert not patch.valid[170:195, 86:98].any()
    assert patch.valid[18:32, 18:32].all()


def test_masks_hide_and_do_not_change_what_the_network_sees(tmp_path):
    files = scene_mixed(tmp_path)
    _, masked = read_all(files)
    _, clear = read_all(replace(files, masks=()))
    for role in clear.arrays:
        np.testing.assert_array_equal(masked.arrays[role], clear.arrays[role])
    assert clear.valid.all()
    expected = np.zeros((400, 500), bool)
    # Rows 60 to 80, columns 75 to 150 of the 10 m mask, as 6 m pixel centres.
    expected[100:133, 125:250] = True
    assert (masked.valid[: expected.shape[0], : expected.shape[1]] == ~expected).mean() > 0.99


@pytest.mark.parametrize("kind", ["raster", "gpkg", "geojson in degrees"])
def test_an_area_of_interest_cuts_the_grid(tmp_path, kind):
    files = scene_mixed(tmp_path)
    circle = shapely.Point(LEFT + 1500, TOP - 1200).buffer(500)
    path, crs = tmp_path / "aoi.gpkg", "EPSG:32632"
    if kind == "raster":
        inside = rasterio.features.geometry_mask(
            [circle], (240, 300), rasterio.Affine(10, 0, LEFT, 0, -10, TOP), invert=True
        )
        path = write(tmp_path / "aoi.tif", inside.astype(np.uint8), 10.0)
    else:
        if kind != "gpkg":
            path, crs = tmp_path / "aoi.geojson", "EPSG:4326"
            xs, ys = rasterio.warp.transform("EPSG:32632", crs, *circle.exterior.xy)
            circle = shapely.Polygon(zip(xs, ys, strict=True))
        pyogrio.raw.write(path, shapely.to_wkb([circle]), [], [], crs=crs, geometry_type="Polygon")
    grid, patch = read_all(replace(files, masks=(), aoi=path))
    area = patch.valid.sum() * grid.pixel_area
    assert abs(area / (np.pi * 500**2) - 1) < 0.02
    if kind != "raster":
        assert grid.width == pytest.approx(1000 / 6, abs=2)


def odd(folder, values, resolution=10.0, **options):
    return write(folder / "odd.tif", values, resolution, **options)


def rotated(folder):
    return odd(folder, elevation(9, 9), transform=rasterio.Affine(30, 2, LEFT, 2, -30, TOP))


def two_layers(folder):
    area = shapely.to_wkb([shapely.box(LEFT, TOP - 900, LEFT + 900, TOP)])
    for layer in ("wanted", "other"):
        options = {"layer": layer, "crs": "EPSG:32632", "geometry_type": "Polygon"}
        pyogrio.raw.write(folder / "areas.gpkg", area, [], [], append=layer == "other", **options)
    return folder / "areas.gpkg"


LOCAL = 'LOCAL_CS["site grid",UNIT["metre",1]]'
SMALL = rgb(9, 9)

REFUSED = {
    "missing": (lambda f, p: replace(f, pre=p / "nowhere.tif"), InputMissingError, "nowhere.tif does not exist"),
    "not a raster": (lambda f, p: replace(f, post=text(p)), InputError, "cannot be read as a raster"),
    "one band": (lambda f, p: replace(f, pre=odd(p, SMALL[0])), InputError, "has 1 band, but red"),
    "no CRS": (lambda f, p: replace(f, post=odd(p, SMALL, crs=None)), InputError, "no coordinate reference"),
    "elsewhere": (lambda f, p: replace(f, pre=odd(p, SMALL, left=7e5)), InputError, "no area in common"),
    "area elsewhere": (
        lambda f, p: replace(f, aoi=odd(p, SMALL[0], left=7e5)),
        InputError,
        "outside.* A box is west",
    ),
    "stacked mask": (lambda f, p: replace(f, masks=(odd(p, SMALL),)), InputError, "3 bands, but one"),
    "missing area": (lambda f, p: replace(f, aoi=p / "none.gpkg"), InputMissingError, "none.gpkg does not exist"),
    "terrain elsewhere": (lambda f, p: replace(f, dem=odd(p, elevation(9, 9), left=7e5)), InputError, "lies elsewhere"),
    "mask elsewhere": (lambda f, p: replace(f, masks=(odd(p, SMALL[0], left=7e5),)), InputError, "lies elsewhere"),
    "complex terrain": (
        lambda f, p: replace(f, dem=odd(p, elevation(9, 9).astype("complex64"))),
        InputError,
        "complex numbers",
    ),
    "local terrain": (lambda f, p: replace(f, dem=odd(p, elevation(9, 9), crs=LOCAL)), InputError, "cannot be brought"),
    "local image": (lambda f, p: replace(f, post=odd(p, SMALL, crs=LOCAL)), InputError, "on the globe is unknown"),
    "several areas": (lambda f, p: replace(f, aoi=two_layers(p)), InputError, "several layers of polygons"),
    "rotated terrain": (lambda f, p: replace(f, dem=rotated(p)), InputError, "is rotated"),
}


def text(folder):
    (folder / "notes.tif").write_text("this is no raster")
    return folder / "notes.tif"


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_name_the_file_and_the_remedy(tmp_path, kind):
    change, error, words = REFUSED[kind]
    files = change(scene_mixed(tmp_path), tmp_path)
    with pytest.raises(error, match=words) as caught, open_scene(files, 6.0):
        pass
    assert str(caught.value).endswith(".")


def test_a_damaged_file_is_named_with_the_window(tmp_path):
    files = scene_mixed(tmp_path)
    content = files.pre.read_bytes()
    files.pre.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"pre\.tif cannot be read in rows"):
        read_all(files)


def test_a_mask_that_declares_its_zero_as_nodata_hides_only_what_it_marks(tmp_path):
    files = scene_mixed(tmp_path)
    with rasterio.open(files.masks[0]) as dataset:
        declared = write(tmp_path / "declared.tif", dataset.read(1), 10.0, nodata=0)
    _, expected = read_all(files)
    _, patch = read_all(replace(files, masks=(declared,)))
    np.testing.assert_array_equal(patch.valid, expected.valid)
    assert patch.valid.any()


def test_web_mercator_is_not_taken_for_metres(tmp_path):
    left, top = 1_113_195.0, 8_399_738.0  # 10 degrees east, 60 degrees north, where its metre is half a metre
    image = {"resolution": 10.0, "left": left, "top": top, "crs": "EPSG:3857"}
    cols = np.mgrid[:200, :200][1].astype(np.float32)
    plane = 30 * cols * np.float32(0.5 * np.tan(np.radians(30)))
    files = SceneFiles(
        pre=write(tmp_path / "pre.tif", rgb(200, 300), **image),
        post=write(tmp_path / "post.tif", rgb(200, 300, 1), **image),
        dem=write(tmp_path / "dem.tif", plane, 30.0, left=left - 900, top=top + 900, crs="EPSG:3857"),
    )
    grid, patch = read_all(files)
    assert grid.crs == CRS.from_epsg(32632)
    assert patch.valid.sum() * 36e-6 == pytest.approx(2.0 * 3.0 / 4, rel=0.05)
    np.testing.assert_allclose(patch.arrays["slope"][0][patch.valid], 30.0, atol=0.5)


def test_a_worldwide_area_of_interest_hides_nothing(tmp_path):
    files = replace(scene_mixed(tmp_path), masks=())
    world = shapely.to_wkb([shapely.box(-180, -90, 180, 90)])
    pyogrio.raw.write(tmp_path / "world.geojson", world, [], [], crs="EPSG:4326", geometry_type="Polygon")
    grid, expected = read_all(files)
    world_grid, patch = read_all(replace(files, aoi=tmp_path / "world.geojson"))
    assert world_grid == grid
    np.testing.assert_array_equal(patch.valid, expected.valid)


def test_sources_much_finer_than_the_map_are_read_in_pieces(tmp_path, monkeypatch):
    files = replace(scene_mixed(tmp_path), pre=write(tmp_path / "fine.tif", rgb(1200, 1500), 2.0))
    grid, whole = read_all(files)
    seen = []
    read = Raster.read

    def noted(self, window, *arguments, **options):
        seen.append(window)
        return read(self, window, *arguments, **options)

    monkeypatch.setattr(cutting, "LARGEST_WINDOW", 5000)
    monkeypatch.setattr(Raster, "read", noted)
    with open_scene(files, 6.0) as scene:
        seen.clear()  # what was measured on the images
        pieces = scene.read(scene.grid.rows(0, grid.height))
    assert max(window.width * window.height for window in seen) < 3 * 5000
    for role, array in pieces.arrays.items():
        np.testing.assert_array_equal(array, whole.arrays[role])
    np.testing.assert_array_equal(pieces.valid, whole.valid)


def test_a_slope_in_percent_is_refused(tmp_path):
    files = scene_on_grid(tmp_path, 40, 50)
    percent = write(tmp_path / "percent.tif", np.full((40, 50), 120, np.float32), 6.0)
    with pytest.raises(InputError, match="reaches 120, but 90 degrees"):
        read_all(replace(files, slope=percent))


def test_terrain_has_to_be_given_in_one_way(tmp_path):
    files = scene_mixed(tmp_path)
    with pytest.raises(UsageError, match="not both"):
        replace(files, slope=files.dem)


def test_an_image_has_to_be_given(tmp_path):
    with pytest.raises(UsageError, match="An image is missing"):
        replace(scene_mixed(tmp_path), pre=None, post=None)


def taking(*roles):
    return replace(SPEC, inputs=tuple(entry for entry in SPEC.inputs if entry.name in roles))


@pytest.mark.parametrize(
    ("given", "without", "words"),
    [
        (
            scene_mixed,
            ["dem"],
            r"takes hillshade and slope, which are missing\. Give `dem` \(or `hillshade` and `slope`\)\.",
        ),
        (scene_mixed, ["pre"], r"takes pre, which is missing\. Give `pre`\."),
        (scene_on_grid, ["post", "slope"], r"takes post and slope, .* Give `post` and `dem` \(or `slope`\)\."),
    ],
)
def test_what_the_model_takes_has_to_be_given(tmp_path, given, without, words):
    files = given(tmp_path, 1200, 1200)
    with pytest.raises(UsageError, match=words):
        replace(files, **dict.fromkeys(without)).for_model(SPEC)


def test_what_the_model_does_not_take_is_left_out_loudly(tmp_path, caplog):
    files = scene_mixed(tmp_path)
    assert files.for_model(SPEC) is not None
    assert not caplog.records
    assert files.for_model(taking("post")) == replace(files, pre=None, dem=None)
    assert "takes no pre, dem: what was given is not used" in caplog.text


@pytest.mark.parametrize(
    ("unit", "options", "words"),
    [
        ("dn", {"scale": 1e-4}, "no image in reflectance: `scale` is not used."),
        ("reflectance", {"rgb_range": (0.0, 3000.0)}, "no image in 8-bit: `rgb_range` is not used."),
        ("reflectance", {"scale": 1e-4, "offset": -0.1}, ""),
        ("8-bit", {"rgb_range": (0.0, 3000.0)}, ""),
    ],
)
def test_options_that_hold_for_nothing_the_model_takes_are_warned_of(tmp_path, caplog, unit, options, words):
    files = SceneFiles(post=tmp_path / "image.tif", reading=ReadOptions(**options))
    assert files.for_model(network(described("image", "post.nir", unit=unit))) == files
    assert [record.getMessage() for record in caplog.records] == ([f"The model net takes {words}"] if words else [])


def test_a_model_of_slope_alone_takes_it_from_either_file(tmp_path):
    mixed, ready = scene_mixed(tmp_path), scene_on_grid(tmp_path, 40, 50)
    assert mixed.for_model(taking("post", "slope")).dem == mixed.dem
    assert replace(ready, hillshade=None).for_model(taking("post", "slope")).slope == ready.slope


def test_crs_and_resolution_can_be_chosen(tmp_path, caplog):
    files = scene_mixed(tmp_path)
    chosen = replace(files, reading=ReadOptions(crs="EPSG:25832", resolution=12.0))
    grid, patch = read_all(chosen)
    assert grid.crs == CRS.from_epsg(25832)
    assert grid.resolution == 12.0
    assert "with 12 m per pixel, and the model was trained with 6" in caplog.text
    assert (grid.transform.c % 12, grid.transform.f % 12) == (0, 0)
    assert patch.valid.mean() > 0.5


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32660"])
def test_a_crs_without_true_metres_there_is_refused(tmp_path, crs):
    files = replace(scene_mixed(tmp_path), reading=ReadOptions(crs=crs))
    with pytest.raises(UsageError, match=r"no true metres where .*UTM zone"):
        read_all(files)


@pytest.mark.parametrize(
    ("options", "words"), [({"crs": "EPSG:1"}, "is unknown"), ({"resolution": 0.0}, "out of range")]
)
def test_choices_that_are_wrong_in_themselves(options, words):
    with pytest.raises(UsageError, match=words):
        ReadOptions(**options)
