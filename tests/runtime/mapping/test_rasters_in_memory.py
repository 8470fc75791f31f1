"""Maps of arrays and of open datasets: those of the same files, byte by byte, and nothing is left in memory."""

from __future__ import annotations

import gc
import json
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

import landslip
from helpers.held import KINDS, array_of, changed, dataset_of, held_scene
from helpers.models import brightness_model
from helpers.rasters import LEFT, TOP, rgb, scene_mixed, scene_on_grid, write
from landslip.runtime.access import memory_rasters
from landslip.runtime.system.progress import NoProgress

DATE = "2018-09-06T01:27:01Z"
SAME = ("confidence.tif", "landslides.gpkg", "quicklook.png")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A scene, a model, and the map of its files."""
    folder = tmp_path_factory.mktemp("made")
    files = scene_mixed(folder, 900, 1200)
    with rasterio.open(files.post, "r+") as post:
        post.update_tags(TIFFTAG_DATETIME="2018:09:06 01:27:01")
    model = brightness_model(folder / "m.onnx")
    return files, model, landslip.map_scene(files, model=model, out=folder / "out")


@pytest.fixture
def names(monkeypatch):
    """Names in GDAL's memory that were made for a map."""
    found = []

    class Remembered(MemoryFile):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            found.append(self.name)

    monkeypatch.setattr(memory_rasters, "MemoryFile", Remembered)
    return found


def same(result, expected):
    return all(result.products[name].read_bytes() == expected.products[name].read_bytes() for name in SAME)


def is_gone(name):
    with pytest.raises(rasterio.errors.RasterioIOError):
        rasterio.open(name)
    return True


def test_a_map_of_arrays_is_that_of_their_files(made, names, tmp_path):
    files, model, expected = made
    mask = array_of(files.masks[0])
    arrays = held_scene(files)
    before = sys.getrefcount(arrays["pre"].values)
    result = landslip.map_scene(**arrays, masks=[mask], model=model, out=tmp_path / "out")
    assert same(result, expected)
    assert len(names) == 4
    assert all(map(is_gone, names))
    after = sys.getrefcount(arrays["pre"].values)
    assert after == before
    told = {entry.role: entry for entry in result.record.inputs}
    assert told["post"].path == "array post"
    assert told["post"].in_memory.kind == "array"
    assert told["post"].in_memory.shape == arrays["post"].shape
    assert told["post"].in_memory.dtype == "uint8"
    assert told["post"].acquired == "2018-09-06T01:27:01Z"
    assert told["mask"].path == "array masks[0]"
    assert "/vsimem/" not in result.products["run.json"].read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_of_an_open_dataset_is_that_of_its_file(made, names, tmp_path, kind):
    files, model, expected = made
    date = DATE if kind == "virtual" else None  # it does not pass tags on
    with dataset_of(files.post, kind) as post:
        scene = replace(files, post=None)
        result = landslip.map_scene(scene, post=post, post_date=date, model=model, out=tmp_path / "out")
        assert not post.closed
        assert post.read(1).any()
    assert same(result, expected)
    assert all(map(is_gone, names))
    assert len(names) == (kind not in {"file", "memory file"})
    told = next(entry for entry in result.record.inputs if entry.role == "post")
    assert told.path == (str(files.post) if kind == "file" else "dataset post")
    assert "/vsimem/" not in result.products["run.json"].read_text()


def test_pixels_that_a_dataset_has_not_written_yet_count(made, tmp_path):
    files, model, _ = made
    path = tmp_path / "post.tif"
    path.write_bytes(files.post.read_bytes())
    with rasterio.open(path, "r+") as post:
        values = post.read()
        values[:, 20:40, 20:40] = 250
        post.write(values)
        held = landslip.map_scene(replace(files, post=None), post=post, model=model, out=tmp_path / "held")
    assert same(held, landslip.map_scene(replace(files, post=path), model=model, out=tmp_path / "file"))


@pytest.mark.slow
def test_a_scene_of_arrays_is_mapped_again_and_again(made, names, tmp_path):
    files, model, expected = made
    scene = landslip.SceneFiles(**held_scene(files), masks=files.masks)
    with landslip.open_mapper(model) as mapper:
        assert same(mapper.map(scene, out=tmp_path / "a"), expected)
        assert same(mapper.map(scene, out=tmp_path / "b"), expected)
    assert landslip.dry_run(scene, model=model, out=tmp_path / "c").grid.height == expected.record.grid.height
    kept = list(names)
    del scene
    gc.collect()
    assert all(map(is_gone, kept))


def test_arrays_of_one_colour_each_and_tiles_of_elevation(made, tmp_path):
    files, model, expected = made
    whole = array_of(files.post)
    bands = [landslip.RasterArray(band, whole.transform, whole.crs) for band in whole.values]
    dem = array_of(files.dem)
    half = dem.values.shape[1] // 2
    place = dem.transform @ rasterio.Affine.translation(0, half)
    tiles = [
        landslip.RasterArray(dem.values[:, :half], dem.transform, dem.crs),
        landslip.RasterArray(dem.values[:, half:], place, dem.crs),
    ]
    result = landslip.map_scene(
        pre=array_of(files.pre), post=bands, post_date=DATE, dem=tiles, masks=files.masks, model=model,
        out=tmp_path / "out",
    )  # fmt: skip
    assert same(result, expected)


@pytest.mark.slow
def test_terrain_and_an_area_as_arrays(tmp_path):
    files = scene_on_grid(tmp_path, 150, 170)
    model = brightness_model(tmp_path / "m.onnx")
    inside = np.zeros((150, 170), np.uint8)
    inside[20:120, 30:150] = 1
    aoi = write(tmp_path / "aoi.tif", inside, 6.0)
    expected = landslip.map_scene(files, aoi=aoi, model=model, out=tmp_path / "file")
    result = landslip.map_scene(**held_scene(files), aoi=array_of(aoi), model=model, out=tmp_path / "held")
    assert same(result, expected)
    with rasterio.open(aoi) as area:
        again = landslip.map_scene(**held_scene(files), aoi=area, model=model, out=tmp_path / "again")
    assert same(again, expected)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["nodata", "mask", "alpha", "scales"])
def test_what_a_file_says_of_itself_is_said_by_an_array(made, tmp_path, how):
    files, model, _ = made
    values = rgb(90, 120, 5)
    options, path = {}, tmp_path / "post.tif"
    if how == "nodata":
        values[:, 30:50, 30:60] = 7
        options = {"nodata": 7}
    if how == "scales":
        values = values.astype(np.uint16) * 40
    if how == "alpha":
        opaque = np.full((1, 90, 120), 255, np.uint8)
        opaque[:, 10:60, 10:30] = 0
        values, options = np.concatenate([values, opaque]), {"photometric": "RGB", "alpha": "YES"}
    write(path, values, 10.0, **options)
    with rasterio.open(path, "r+") as post:
        if how == "scales":
            post.scales, post.offsets = (0.01,) * 3, (1.0,) * 3
        if how == "mask":
            post.write_mask(np.pad(np.full((50, 80), 255, np.uint8), ((20, 20), (20, 20))))
    expected = landslip.map_scene(replace(files, post=path), model=model, out=tmp_path / "file")
    held = landslip.map_scene(replace(files, post=None), post=array_of(path), model=model, out=tmp_path / "held")
    assert same(held, expected)
    assert expected.observed_km2 < made[2].observed_km2 or how == "scales"


@pytest.mark.slow
def test_the_content_decides_whether_a_run_is_complete(made, tmp_path):
    files, model, _ = made
    arrays, out = held_scene(files), tmp_path / "out"
    first = landslip.map_scene(**arrays, model=model, out=out)
    again = landslip.map_scene(**held_scene(files), model=model, out=out, resume=True)
    assert again.record.started == first.record.started
    with pytest.raises(landslip.UsageError, match="of something else"):
        landslip.map_scene(**arrays | {"pre": changed(arrays["pre"])}, model=model, out=out, resume=True)
    with dataset_of(files.pre, "memory file") as pre:
        told = landslip.map_scene(**arrays | {"pre": pre}, model=model, out=tmp_path / "held").record.inputs
    assert told[0].sha256 == first.record.inputs[0].sha256


def test_nothing_is_left_in_memory_after_an_error(made, names, tmp_path):
    files, model, _ = made
    arrays = held_scene(files)
    far = landslip.RasterArray(arrays["dem"].values, rasterio.Affine(30, 0, 0, 0, -30, 90), "EPSG:32632")
    with pytest.raises(landslip.InputError):
        landslip.map_scene(**arrays | {"dem": far}, model=model, out=tmp_path / "out")
    with pytest.raises(landslip.UsageError):
        landslip.map_scene(**arrays, hillshade="closed.tif", model=model, out=tmp_path / "out")
    assert len(names) == 6
    assert all(map(is_gone, names))


def test_an_array_may_change_once_the_map_has_begun(made, tmp_path):
    files, model, expected = made
    arrays = held_scene(files)
    scene = landslip.SceneFiles(**arrays, masks=files.masks)
    arrays["post"].values[:] = 0
    assert same(landslip.map_scene(scene, model=model, out=tmp_path / "out"), expected)


def test_a_dataset_in_memory_that_changes_meanwhile_is_told(made, tmp_path):
    files, model, _ = made
    with MemoryFile() as memory:
        with rasterio.open(files.post) as source, memory.open(**source.profile) as first:
            first.write(source.read())
        with memory.open() as post:

            class Writer(NoProgress):
                def start(self, what, total, unit):
                    del what, total, unit
                    with rasterio.open(memory.name, "r+") as other:
                        other.write(255 - other.read())

            with pytest.raises(landslip.InputChangedError, match="dataset post was changed"):
                landslip.map_scene(
                    replace(files, post=None), post=post, model=model, out=tmp_path / "out", progress=Writer()
                )


@pytest.mark.slow
def test_a_report_afterwards_says_that_the_images_are_gone(made, tmp_path):
    files, model, _ = made
    arrays, out = held_scene(files), tmp_path / "out"
    result = landslip.map_scene(**arrays, model=model, out=out, report=True)
    with_map = result.products["report.html"].read_bytes()
    result.products["report.html"].unlink()
    record = json.loads((out / "run.json").read_text())
    del record["products"]["report.html"]
    (out / "run.json").write_text(json.dumps(record))
    with pytest.raises(landslip.InputMissingError, match="lay in the memory of a program") as told:
        landslip.make_products(out, report=True)
    assert told.value.option == "scene"
    with pytest.raises(landslip.InputError, match="array post is not what it was"):
        landslip.make_products(out, report=True, scene=landslip.SceneFiles(arrays["pre"], changed(arrays["post"])))
    landslip.make_products(out, report=True, scene=landslip.SceneFiles(arrays["pre"], arrays["post"]))
    assert (out / "report.html").read_bytes() == with_map


def test_errors_name_the_argument(made, tmp_path):
    files, model, _ = made
    low = landslip.RasterArray(np.ones((2, 90, 120), np.uint8), rasterio.Affine(10, 0, LEFT, 0, -10, TOP), "EPSG:32632")
    with pytest.raises(landslip.InputError, match=r"elevation model: array dem\[1\] has 2 bands") as told:
        landslip.map_scene(pre=files.pre, post=files.post, dem=[files.dem, low], model=model, out=tmp_path / "out")
    assert told.value.where == "array dem[1]"


def test_a_map_that_may_be_given_up_takes_datasets_in_the_callers_thread_alone(made, names, tmp_path):
    files, model, expected = made
    threads = set()

    class Watched(MemoryFile):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            threads.add(threading.get_ident())

    arrays = held_scene(files)
    with pytest.MonkeyPatch.context() as patch, dataset_of(files.post, "update") as post:
        patch.setattr(memory_rasters, "MemoryFile", Watched)
        result = landslip.map_scene(
            **arrays | {"post": post}, masks=files.masks, model=model, out=tmp_path / "a", deadline=300
        )
    assert same(result, expected)
    assert threads == {threading.get_ident()}
    cancel = threading.Event()

    class Canceller(NoProgress):
        def advance(self, count):
            del count
            cancel.set()

    with pytest.raises(landslip.CancelledError):
        landslip.map_scene(**arrays, model=model, out=tmp_path / "b", cancel=cancel, progress=Canceller(), keep=False)
    assert len(names) == 3
    assert all(map(is_gone, names))
