"""The whole flow with an engine that is no network, against a whole-array reference."""

from __future__ import annotations

import itertools
import json
import logging
import threading
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers.engines import SPEC, constant_engine, mixing_engine, mixture
from helpers.oracles import tile_of, weighted_mean
from helpers.rasters import scene_mixed, scene_on_grid, write
from helpers.results import names_of_results
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import EngineError, InputError, UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.assemble import Buffers, assemble, read_rows
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_names import PRODUCTS
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.plan import make_plan
from landslip.runtime.tiling.stitch import gaussian_weights
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 64


def make(files, out, engine=None, *, tile=TILE, batch=4, **options):
    """A map by the fake engine: run record and confidence (rows, cols)."""
    request = MapRequest(
        out / "no-model", files, out, engine=EngineOptions(tile=tile, batch=batch), overwrite=True, **options
    )
    record = map_scene(request, engine=engine or mixing_engine())
    with rasterio.open(out / "confidence.tif") as dataset:
        return record, dataset.read(1)


def reference(files, *, tile=TILE, overlap=0.5):
    """The same map from whole arrays: every tile predicted by itself, blended in float64."""
    with open_scene(files, SPEC.resolution) as scene:
        patch = scene.read(scene.grid.rows(0, scene.grid.height))
    grid = TileGrid.even(*patch.valid.shape, tile, overlap)
    tiles = {}
    for row, top in enumerate(grid.rows):
        for col, left in enumerate(grid.cols):
            batch = {role: tile_of(array, top, left, tile)[None] for role, array in patch.arrays.items()}
            tiles[row, col] = mixture(batch)[0, 0]
    blended = weighted_mean(grid, tiles, gaussian_weights(tile))
    return np.where(patch.valid, blended * 100, 255), patch.valid


def assert_same_map(percent, expected, valid):
    np.testing.assert_array_equal(percent == 255, ~valid)
    # Truncation: a value within rounding of a whole percent may fall to the other side.
    clear = valid & (np.abs(expected - np.round(expected)) > 2e-3)
    np.testing.assert_array_equal(percent[clear], np.floor(expected[clear]))
    assert np.abs(percent[valid] - expected[valid]).max() <= 1.01


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.7])
def test_equal_to_the_whole_array_reference(tmp_path, overlap):
    files = scene_mixed(tmp_path)
    record, percent = make(files, tmp_path / "out", overlap=overlap)
    assert_same_map(percent, *reference(files, overlap=overlap))
    assert record["tiles"]["predicted"] + record["tiles"]["skipped"] == record["tiles"]["total"]


@settings(max_examples=15)
@given(st.integers(1, 150), st.integers(1, 150), st.integers(0, 50))
@pytest.mark.slow
def test_any_size_from_one_pixel(tmp_path_factory, height, width, seed):
    folder = tmp_path_factory.mktemp("scene")
    files = scene_on_grid(folder, height, width, seed=seed)
    _, percent = make(files, folder / "out", batch=3)
    assert_same_map(percent, *reference(files))


@pytest.mark.slow
def test_the_same_bytes_for_any_batch_size(tmp_path):
    files = scene_mixed(tmp_path)
    maps = []
    for batch in (1, 2, 7, 64):
        make(files, tmp_path / "out", batch=batch)
        maps.append((tmp_path / "out" / "confidence.tif").read_bytes())
    assert len(set(maps)) == 1


@pytest.mark.parametrize("value", [0.0, 0.29, 0.7, 1.0])
def test_a_constant_engine_gives_that_constant_wherever_something_was_observed(tmp_path, value):
    files = scene_mixed(tmp_path)
    hidden = np.zeros((240, 300), np.uint8)
    hidden[:, :190] = 1
    files = replace(files, masks=(*files.masks, write(tmp_path / "half.tif", hidden, 10.0)))
    record, percent = make(files, tmp_path / "out", constant_engine(value))
    assert set(np.unique(percent)) == {round(100 * value), 255}
    assert record["tiles"]["skipped"] > 0
    assert 0 < (percent != 255).mean() < 0.5


def test_products_and_record(tmp_path):
    files = scene_mixed(tmp_path)
    out = tmp_path / "out"
    record, percent = make(files, out, threshold=0.45)
    assert sorted(path.name for path in out.iterdir()) == names_of_results(out)
    assert json.loads((out / "run.json").read_text()) == record
    with rasterio.open(out / "confidence.tif") as dataset:
        assert (dataset.dtypes, dataset.nodata) == (("uint8",), 255)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert list(dataset.transform)[:6] == record["grid"]["transform"]
        assert (dataset.height, dataset.width) == (record["grid"]["height"], record["grid"]["width"])
    observed = percent != 255
    pixel = 36e-6 / 0.9996**2  # on the ground, near the central meridian of UTM
    assert record["observed_km2"] == pytest.approx(observed.sum() * pixel, rel=1e-5)
    assert record["above_threshold_km2"] == pytest.approx((observed & (percent >= 45)).sum() * pixel, rel=1e-5)
    _, _, _, (areas,) = pyogrio.raw.read(
        out / "landslides.gpkg", layer="landslides", columns=["area_m2"], read_geometry=False
    )
    assert len(areas) == record["landslides"] > 0
    assert record["landslide_km2"] == pytest.approx(areas.sum() / 1e6)
    assert 0 < record["landslide_km2"] < record["above_threshold_km2"]
    assert {entry["role"] for entry in record["inputs"]} == {"pre", "post", "dem", "mask"}
    assert all(len(entry["sha256"]) == 64 for entry in record["inputs"])
    assert {"total", "read", "infer", "stitch", "write"} <= record["seconds"].keys()
    assert record["peak_rss_bytes"] > 0


def test_the_notebooks_border_and_half_masked_tiles_are_not_observed(tmp_path):
    height, width = 400, 380
    files = scene_on_grid(tmp_path, height, width)
    mask = np.zeros((height, width), np.uint8)
    mask[40:300, 100:170] = 1
    mask[200:, 250:] = 1
    files = replace(files, masks=(write(tmp_path / "mask.tif", mask, 6.0),))
    record, percent = make(files, tmp_path / "out", protocol="notebook")

    with open_scene(files, 6.0) as scene:
        patch = scene.read(scene.grid.rows(0, height))
    published = np.zeros((height, width), np.uint8)
    half, quarter = TILE // 2, TILE // 4
    predicted = 0
    for y in range(half + 1, height - half - 1, half):
        for x in range(half + 1, width - half - 1, half):
            window = (slice(y - half, y + half), slice(x - half, x + half))
            if patch.valid[window].mean() < 0.5:
                continue
            predicted += 1
            tile = mixture({role: array[(slice(None), *window)][None] for role, array in patch.arrays.items()})[0, 0]
            centre = tile[quarter : quarter + half, quarter : quarter + half]
            published[y - quarter : y + quarter, x - quarter : x + quarter] = (centre * 100).astype(np.uint8)
    published *= patch.valid
    assert record["tiles"]["predicted"] == predicted
    np.testing.assert_array_equal(np.where(percent == 255, 0, percent), published)
    assert (percent[: quarter + 1] == 255).all()


def test_a_map_too_small_for_the_notebook_is_not_observed(tmp_path):
    files = scene_on_grid(tmp_path, 50, 40)
    with pytest.raises(InputError, match="40 x 50 pixels is too small for tiles of 64 pixels in the notebook protocol"):
        make(files, tmp_path / "out", protocol="notebook")
    record, percent = make(files, tmp_path / "out", protocol="notebook", force=True)
    assert (percent == 255).all()
    assert record["tiles"]["total"] == 0
    assert record["observed_km2"] == 0


def test_results_of_an_earlier_run_are_kept(tmp_path):
    files = scene_on_grid(tmp_path, 70, 80)
    make(files, tmp_path / "out")
    before = {name: (tmp_path / "out" / name).read_bytes() for name in PRODUCTS}
    with pytest.raises(UsageError, match="holds results already"):
        map_scene(MapRequest(tmp_path / "m", files, tmp_path / "out"), engine=mixing_engine())

    def broken(_batch):
        raise EngineError("the device went away")

    with pytest.raises(EngineError, match="went away"):
        make(files, tmp_path / "out", FakeEngine(SPEC, broken))
    assert {name: (tmp_path / "out" / name).read_bytes() for name in PRODUCTS} == before
    assert len(list((tmp_path / "out").iterdir())) == len(names_of_results(tmp_path / "out"))


def fail_at(call):
    calls = iter(range(1000))

    def function(batch):
        if next(calls) == call:
            raise KeyboardInterrupt if call % 2 else EngineError("call failed")
        return mixture(batch)

    return FakeEngine(SPEC, function)


@pytest.mark.parametrize("call", [0, 1, 4, 7])
def test_a_failure_ends_every_thread_and_leaves_nothing(tmp_path, call):
    files = scene_mixed(tmp_path)
    with pytest.raises((EngineError, KeyboardInterrupt)):
        make(files, tmp_path / "out", fail_at(call), batch=2)
    assert not (tmp_path / "out").exists()
    assert not [thread for thread in threading.enumerate() if thread.name == "landslip-stage"]


def test_a_damaged_input_is_reported_by_name(tmp_path):
    files = scene_mixed(tmp_path)
    content = files.post.read_bytes()
    files.post.write_bytes(content[: int(len(content) * 0.6)])
    with pytest.raises(InputError, match=r"post\.tif cannot be read in rows"):
        make(files, tmp_path / "out")
    assert not any((tmp_path / "out" / name).exists() for name in PRODUCTS)


def test_outputs_of_the_wrong_shape_are_refused(tmp_path):
    engine = FakeEngine(SPEC, lambda batch: np.zeros((len(batch["pre"]), 2, TILE, TILE), np.float32))
    with pytest.raises(EngineError, match="output of shape"):
        make(scene_on_grid(tmp_path, 70, 80), tmp_path / "out", engine)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tile": 100}, "multiple of 32"),
        ({"overlap": 0.95}, "overlap of 0.95"),
        ({"threshold": 0.0}, "threshold of 0"),
        ({"batch": 0}, "batch of 0"),
        ({"protocol": "magic"}, "magic"),
        ({"min_area": -1.0}, "smallest area"),
        ({"title": "a\x1b[2J"}, "does not print"),
    ],
)
def test_options_out_of_range_are_usage_errors(tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        make(scene_on_grid(tmp_path, 70, 80), tmp_path / "out", **options)


def test_a_title_stands_in_the_record_and_changes_no_pixel(tmp_path):
    files = scene_on_grid(tmp_path, 70, 80)
    plain, _ = make(files, tmp_path / "plain")
    titled, _ = make(files, tmp_path / "titled", title=" Iburi \n <2018> ")
    assert plain["title"] is None
    assert titled["title"] == "Iburi <2018>"
    assert RunRecord.read(tmp_path / "titled" / "run.json").title == "Iburi <2018>"
    assert plain["fingerprint"] == titled["fingerprint"]
    with (
        rasterio.open(tmp_path / "plain/confidence.tif") as one,
        rasterio.open(tmp_path / "titled/confidence.tif") as two,
    ):
        np.testing.assert_array_equal(one.read(), two.read())
        assert "TITLE" not in one.tags()
        assert two.tags()["TITLE"] == "Iburi <2018>"
        assert two.tags()["THRESHOLD_PERCENT"] == "50"


class Counting:
    """Counts what it is told."""

    def __init__(self):
        self.total, self.counts = 0, []

    def start(self, _what, total, _unit):
        self.total = total

    def advance(self, count):
        self.counts.append(count)

    def finish(self):
        pass


def test_progress_moves_with_every_batch_and_counts_every_tile_once(tmp_path):
    files, out = scene_mixed(tmp_path), tmp_path / "out"
    request = MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=TILE, batch=4))
    calls = itertools.count()

    def failing(batch):
        if next(calls) == 12:
            raise EngineError("call failed")
        return mixture(batch)

    progress = Counting()
    with pytest.raises(EngineError):
        map_scene(request, engine=FakeEngine(SPEC, failing), progress=progress)
    resumed = Counting()
    record = map_scene(replace(request, resume=True), engine=mixing_engine(), progress=resumed)
    assert "resumed_after_row" in record
    assert sum(resumed.counts) == resumed.total == record["tiles"]["total"]
    assert 0 < resumed.counts[0] < resumed.total
    assert max(progress.counts + resumed.counts[1:]) <= 4 + record["tiles"]["skipped"]


def test_what_gdal_logs_for_itself_does_not_reach_a_host(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    make(scene_mixed(tmp_path), tmp_path / "out")
    with rasterio.open(tmp_path / "dem.tif") as dataset:
        logging.getLogger("rasterio._env").info("of the host's own: %s", dataset.name)
    foreign = [record for record in caplog.records if not record.name.startswith("landslip")]
    assert [record.name for record in foreign if record.levelno <= logging.INFO] == ["rasterio._env"]


def test_nothing_observed_is_said(tmp_path, caplog):
    files = scene_on_grid(tmp_path, 80, 90)
    files = replace(files, masks=(write(tmp_path / "all.tif", np.ones((80, 90), np.uint8), 6.0),))
    record, percent = make(files, tmp_path / "out", force=True)
    assert (percent == 255).all()
    assert record["tiles"]["predicted"] == 0
    assert "Nothing was observed" in caplog.text


def test_finished_rows_do_not_wait_for_a_batch_that_never_fills(tmp_path):
    files = scene_on_grid(tmp_path, 3000, TILE)
    mask = np.ones((3000, TILE), np.uint8)
    mask[:10] = 0
    files = replace(files, masks=(write(tmp_path / "mask.tif", mask, 6.0),))
    with open_scene(files, 6.0) as scene:
        plan = make_plan("gaussian", scene.grid, SPEC, TILE, 0.5)
        clock = Stopwatch()
        batches = list(assemble(read_rows(scene, plan, clock), plan, SPEC, Buffers(SPEC, 4, TILE), clock))
    assert sum(batch.count for batch in batches) == 1
    assert max(batch.row_ends for batch in batches) <= 5


def test_a_second_run_into_the_same_folder_is_refused(tmp_path):
    files = scene_on_grid(tmp_path, 80, 90)
    refusals = []

    def nested(batch):
        with pytest.raises(UsageError, match=r"another run \(process \d+\) is writing to .*out") as refusal:
            make(files, tmp_path / "out")
        refusals.append(refusal.value.exit_code)
        return mixture(batch)

    make(files, tmp_path / "out", FakeEngine(SPEC, nested))
    assert set(refusals) == {2}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(tmp_path / "out")


def test_a_model_of_one_image_maps_without_the_rest(tmp_path):
    files = scene_on_grid(tmp_path, 90, 120)
    spec = replace(SPEC, inputs=tuple(entry for entry in SPEC.inputs if entry.name == "post"))
    alone = SceneFiles(post=files.post)
    engine = FakeEngine(spec, lambda batch: batch["post"][:, :1] / np.float32(255))
    record, percent = make(alone, tmp_path / "out", engine, min_area=0)
    with rasterio.open(files.post) as dataset:
        red = dataset.read(1).astype(np.float64)
    assert [entry["role"] for entry in record["inputs"]] == ["post"]
    assert np.abs(percent - red / 2.55).max() <= 1.01
    meta, _, _, columns = pyogrio.raw.read(tmp_path / "out" / "landslides.gpkg", layer="landslides")
    slopes = columns[meta["fields"].tolist().index("slope_mean")]
    assert len(slopes) == record["landslides"] > 0
    assert np.isnan(slopes).all()
    with Image.open(tmp_path / "out" / "quicklook.png") as picture:
        assert picture.width > 2 * 120


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda batch: mixture(batch).astype(np.float16), r"output of shape .* in float16"),
        (lambda batch: mixture(batch).astype(np.float64), r"output of shape .* in float64"),
        (lambda batch: (100 * mixture(batch)).astype(np.int64), r"output of shape .* in int64"),
        (lambda batch: mixture(batch)[..., :1], r"output of shape \(4, 1, 64, 1\) in float32"),
    ],
)
def test_an_engine_that_gives_something_else_is_refused(tmp_path, function, found):
    with pytest.raises(EngineError, match=found):
        make(scene_on_grid(tmp_path, 80, 90), tmp_path / "out", FakeEngine(SPEC, function))
    assert not (tmp_path / "out").exists()
