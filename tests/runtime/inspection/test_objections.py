"""Checks before the first tile: each has its own message, and objections give way to --force."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS

from helpers.engines import mixing_engine
from helpers.models import brightness_model
from helpers.rasters import LEFT, TOP, elevation, rgb, scene_on_grid, write
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inspection import objections
from landslip.runtime.inspection.registration import Registration, Shift
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

TILE = 64


def mapped(files, out, *, engine=None, **options):
    request = MapRequest(out / "none", files, out, engine=EngineOptions(tile=TILE), **options)
    return map_scene(request, engine=engine or mixing_engine())


def refused_then_forced(files, out, words, caplog):
    """The check objects, before anything is read by the engine; with force it warns in the same words."""
    never = FakeEngine(mixing_engine().spec, lambda _: pytest.fail("a tile was predicted"))
    with pytest.raises(InputError, match=words) as caught:
        mapped(files, out, engine=never)
    assert "force=True" in str(caught.value)
    assert not out.exists()
    caplog.clear()
    record = mapped(files, out, force=True)
    warnings = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]
    sentence = str(caught.value).removesuffix(" Or map it all the same with force=True.")
    assert any(warning.startswith(sentence) for warning in warnings)
    assert record["objections_overruled"][0] == sentence
    return record


def hills(folder, size, left=LEFT, top=TOP):
    return write(folder / "dem.tif", elevation(size, size), 30.0, left=left - 60, top=top + 60)


def test_a_small_overlap_is_refused(tmp_path, caplog):
    pre = write(tmp_path / "pre.tif", rgb(200, 200), 6.0)
    post = write(tmp_path / "post.tif", rgb(200, 200, 1), 6.0, left=LEFT + 6 * 184)
    record = refused_then_forced(
        SceneFiles(pre, post, hills(tmp_path, 90)), tmp_path / "out", "share only 8 % of the smaller one", caplog
    )
    assert (record["grid"]["height"], record["grid"]["width"]) == (200, 16)


def test_a_small_image_inside_a_large_one_overlaps_wholly(tmp_path):
    pre = write(tmp_path / "pre.tif", rgb(300, 300), 6.0)
    post = write(tmp_path / "post.tif", rgb(70, 70, 1), 6.0, left=LEFT + 600, top=TOP - 600)
    assert mapped(SceneFiles(pre, post, hills(tmp_path, 70)), tmp_path / "out")["grid"]["width"] == 70


def test_one_file_twice_is_refused(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 80, 90)
    (tmp_path / "copy.tif").write_bytes(files.pre.read_bytes())
    refused_then_forced(
        replace(files, post=tmp_path / "copy.tif"), tmp_path / "out", r"pre\.tif and .*copy\.tif are the same", caplog
    )


def test_the_same_pixels_in_another_file_are_refused(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 80, 90)
    other = write(
        tmp_path / "other.tif", rgb(80, 90), 6.0, compress="deflate", tiled=True, blockxsize=64, blockysize=64
    )
    refused_then_forced(
        replace(files, post=other), tmp_path / "out", r"pre\.tif and the .*other\.tif are .* in two files", caplog
    )


def test_one_other_pixel_in_the_windows_makes_other_images(tmp_path):
    files = scene_on_grid(tmp_path, 80, 90)
    values = rgb(80, 90)
    values[1, 40, 45] ^= 1
    assert mapped(replace(files, post=write(tmp_path / "other.tif", values, 6.0)), tmp_path / "out")


def test_images_of_one_value_are_not_called_the_same(tmp_path):
    files = scene_on_grid(tmp_path, 80, 90)
    flat = [write(tmp_path / f"flat{row}.tif", np.full((3, 80 + row, 90), 7, np.uint8), 6.0) for row in (0, 1)]
    assert mapped(replace(files, pre=flat[0], post=flat[1]), tmp_path / "out")


def test_a_mask_that_hides_everything_is_named(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 200, 210)
    masks = [np.zeros((200, 210), np.uint8), np.ones((200, 210), np.uint8)]
    masks = tuple(write(tmp_path / f"mask{index}.tif", mask, 6.0) for index, mask in enumerate(masks))
    words = r"Nothing would be observed: the mask .*mask1\.tif leaves no pixel"
    record = refused_then_forced(replace(files, masks=masks), tmp_path / "out", words, caplog)
    assert record["tiles"]["predicted"] == 0


def test_masks_that_hide_everything_together_are_not_blamed_alone(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 200, 210)
    left = np.zeros((200, 210), np.uint8)
    left[:, :100] = 1
    masks = (write(tmp_path / "left.tif", left, 6.0), write(tmp_path / "right.tif", 1 - left, 6.0))
    words = "no pixel of the map is left by all the inputs together"
    refused_then_forced(replace(files, masks=masks), tmp_path / "out", words, caplog)


def test_a_single_valid_pixel_far_from_every_window_is_found(tmp_path):
    files = scene_on_grid(tmp_path, 1100, 1100)
    mask = np.ones((1100, 1100), np.uint8)
    mask[1090, 3] = 0
    record = mapped(replace(files, masks=(write(tmp_path / "mask.tif", mask, 6.0),)), tmp_path / "out")
    assert record["observed_km2"] == pytest.approx(36e-6 / 0.9996**2, rel=1e-4)
    assert record["registration"] is None


def test_an_area_between_its_pixels_is_empty(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 80, 90)
    # Two specks at opposite corners, each off the pixel centres: the map spans them, and none holds a centre.
    specks = [shapely.box(x + 0.2, y + 0.2, x + 1.2, y + 1.2) for x, y in ((LEFT, TOP - 480), (LEFT + 534, TOP - 6))]
    pyogrio.raw.write(
        tmp_path / "aoi.gpkg", shapely.to_wkb(np.array(specks)), [], [], geometry_type="Polygon", crs="EPSG:32632"
    )
    words = r"the area of interest .*aoi\.gpkg leaves no pixel"
    refused_then_forced(replace(files, aoi=tmp_path / "aoi.gpkg"), tmp_path / "out", words, caplog)


def warnings_of(files, out, caplog, **options):
    caplog.clear()
    record = mapped(files, out, overwrite=True, **options)
    return record, [entry.getMessage() for entry in caplog.records if entry.levelno == logging.WARNING]


def test_inputs_that_cover_a_part_are_said_with_their_share(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 100, 120)
    part = SceneFiles(
        files.pre, files.post, write(tmp_path / "dem.tif", elevation(40, 13), 30.0, left=LEFT - 30, top=TOP + 30),
        masks=(write(tmp_path / "mask.tif", np.zeros((50, 120), np.uint8), 6.0),),
    )  # fmt: skip
    _, warnings = warnings_of(part, tmp_path / "out", caplog)
    assert any("dem.tif covers 50 % of the map" in warning for warning in warnings)
    assert any("mask.tif covers 50 % of the map" in warning for warning in warnings)
    full = replace(
        part, dem=hills(tmp_path, 40), masks=(write(tmp_path / "m.tif", np.zeros((100, 120), np.uint8), 6.0),)
    )
    assert warnings_of(full, tmp_path / "out", caplog)[1] == []


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:4326"])
def test_an_area_beyond_the_images_is_said_with_its_share(tmp_path, caplog, crs):
    files = scene_on_grid(tmp_path, 100, 120)
    box = shapely.box(LEFT - 720, TOP - 600, LEFT + 720, TOP)
    bounds = rasterio.warp.transform_bounds("EPSG:32632", crs, *box.bounds)
    pyogrio.raw.write(
        tmp_path / "aoi.gpkg",
        shapely.to_wkb(np.array([shapely.box(*bounds)])),
        [],
        [],
        geometry_type="Polygon",
        crs=crs,
    )
    _, warnings = warnings_of(replace(files, aoi=tmp_path / "aoi.gpkg"), tmp_path / "out", caplog)
    share = next(float(w.split(" %")[0].split()[-1]) for w in warnings if "of the area of interest" in w)
    assert share == pytest.approx(50, abs=1.5)


def test_a_scene_smaller_than_a_tile_is_mapped_and_said(tmp_path, caplog):
    record, warnings = warnings_of(scene_on_grid(tmp_path, 40, 90), tmp_path / "out", caplog)
    assert record["observed_km2"] == pytest.approx(40 * 90 * 36e-6 / 0.9996**2, rel=1e-4)
    assert any("90 x 40 pixels is smaller than a tile of 64" in warning for warning in warnings)


def landscape(folder, dx, dy):
    """Two images of one ground on one grid, the later one moved right and down by whole pixels."""
    size = 400
    rng = np.random.default_rng(5)
    rough = rng.normal(size=(size + 40, size + 40))
    whole = sum(np.kron(rng.normal(size=(55, 55)), np.ones((8, 8)))[: size + 40, : size + 40] for _ in range(2)) + rough
    ground = np.clip(120 + 25 * whole, 1, 255)
    before, after = ground[20 : 20 + size, 20 : 20 + size], ground[20 - dy : 20 - dy + size, 20 - dx : 20 - dx + size]
    after = np.clip(after * 0.8 + 30 + rng.normal(size=after.shape) * 4, 1, 255)
    images = [np.broadcast_to(image, (3, size, size)).astype(np.uint8) for image in (before, after)]
    files = scene_on_grid(folder, size, size)
    return replace(files, pre=write(folder / "b.tif", images[0], 6.0), post=write(folder / "a.tif", images[1], 6.0))


def test_misregistered_images_are_said_and_recorded_but_mapped(tmp_path, caplog):
    record, warnings = warnings_of(landscape(tmp_path, 5, -3), tmp_path / "out", caplog)
    found = record["registration"]
    assert found["shift_pixels"] == pytest.approx([5, -3], abs=0.2)
    assert found["windows"] >= 3
    (said,) = (warning for warning in warnings if "pixels (" in warning)
    assert "5.8 pixels (35 m) away" in said
    assert "5.0 east, 3.0 north" in said


def test_registered_images_are_recorded_and_not_warned_of(tmp_path, caplog):
    record, warnings = warnings_of(landscape(tmp_path, 0, 0), tmp_path / "out", caplog)
    assert record["registration"]["shift_pixels"] == pytest.approx([0, 0], abs=0.1)
    assert not any("away from" in warning for warning in warnings)


def test_images_without_anything_in_common_record_nothing(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 400, 400)
    noise = np.random.default_rng(1).integers(1, 255, (3, 400, 400)).astype(np.uint8)
    record, warnings = warnings_of(replace(files, post=write(tmp_path / "n.tif", noise, 6.0)), tmp_path / "out", caplog)
    assert record["registration"] is None
    assert not any("away from" in warning for warning in warnings)


def test_shares_and_directions_in_words():
    grid = MapGrid.covering((0, 0, 60, 60), CRS.from_epsg(32632), 6.0)
    assert objections.hardly_overlapping(0.1, "a", "b") is None
    assert objections.hardly_overlapping(None, "a", "b") is None
    assert "less than 1 %" in objections.hardly_overlapping(0.004, "a", "b")
    assert objections.partly_covering("dem", 0.995) is None
    assert objections.area_outside("aoi", None) is None
    assert objections.misregistered(Registration(Shift(0.7, -0.7), 4), grid, "a", "b") is None
    assert "2.0 west, 1.0 south" in objections.misregistered(Registration(Shift(-2.0, 1.0), 4), grid, "a", "b")


def test_unknown_checksums_are_no_proof():
    entries = [{"role": role, "sha256": None} for role in ("pre", "post")]
    assert objections.same_file(entries, "a", "b") is None
    assert objections.same_file([], "a", "b") is None


def test_force_from_the_command_line(tmp_path, capsys):
    files = scene_on_grid(tmp_path, 80, 90)
    model = brightness_model(tmp_path / "model.onnx")
    command = [
        "map", "-m", model, "--pre", files.pre, "--post", files.pre, "--hillshade", files.hillshade,
        "--slope", files.slope, "-o", tmp_path / "out", "--tile", "64",
    ]  # fmt: skip
    assert run([*map(str, command)]) == 3
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "with --force" in captured.err
    assert not (tmp_path / "out").exists()
    assert run([*map(str, command), "--force"]) == 0
    assert (tmp_path / "out" / "run.json").exists()


@pytest.mark.parametrize(
    ("kind", "metres", "word"),
    [
        ("image", 3.0, None),
        ("image", 10.0, None),
        ("image", 20.0, None),
        ("image", 30.0, "warned"),
        ("image", 100.0, "refused"),
        ("terrain", 1.0, None),
        ("terrain", 30.9, None),
        ("terrain", 92.8, "warned"),
        ("terrain", 990.0, "refused"),
        ("mask", 990.0, None),
        ("image", None, None),
    ],
)
def test_how_coarse_inputs_may_be(kind, metres, word):
    objection, warning = objections.too_coarse(
        "file", kind, metres, MapGrid(CRS.from_epsg(32632), Affine.scale(6, -6), 9, 9)
    )
    assert (objection is not None) == (word == "refused")
    assert (warning is not None) == (word == "warned")
    for said in filter(None, (objection, warning)):
        assert f"pixels of {metres:.3g} m, and networks for maps of 6 m are trained with some" in said


@pytest.mark.parametrize("crs", [None, "degrees"])
def test_elevation_far_too_coarse_is_refused(tmp_path, caplog, crs):
    files = scene_on_grid(tmp_path, 200, 210)
    place = {"resolution": 990.0, "left": LEFT - 20_000, "top": TOP + 20_000}
    if crs:
        place = {"resolution": 0.01, "left": 8.5, "top": 45.5, "crs": "EPSG:4326"}
    coarse = write(tmp_path / "coarse.tif", elevation(100, 100), **place)
    words = r"elevation model .*coarse\.tif has pixels of (990|93.) m, .*: it cannot show landslides"
    refused_then_forced(replace(files, hillshade=None, slope=None, dem=coarse), tmp_path / "out", words, caplog)


def test_images_far_too_coarse_are_refused(tmp_path, caplog):
    images = [write(tmp_path / f"{name}.tif", rgb(20, 20, seed), 100.0) for seed, name in enumerate(("pre", "post"))]
    files = SceneFiles(*images, dem=hills(tmp_path, 90))
    refused_then_forced(files, tmp_path / "out", r"image .*pre\.tif has pixels of 100 m", caplog)


def test_elevation_of_three_arc_seconds_is_warned_of(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 200, 210)
    dem = write(tmp_path / "srtm3.tif", elevation(60, 60), 1 / 1200, left=8.98, top=45.18, crs="EPSG:4326")
    mapped(replace(files, hillshade=None, slope=None, dem=dem), tmp_path / "out")
    assert "srtm3.tif has pixels of 7" in caplog.text
    assert "smaller landslides may be missed" in caplog.text
