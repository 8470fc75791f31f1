"""Maps whose features are computed once for all tiles that show a place."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.engines import SPEC, constant_engine, mixing_engine
from helpers.rasters import scene_mixed, scene_on_grid, write
from helpers.sharing import BlurringEngine, blurred
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import CancelledError, UsageError
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.pipeline import map_scene, run_of, stream
from landslip.runtime.mapping.prepared_map import prepared_map
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.run_state import RunState
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.progress import NoProgress
from landslip.runtime.system.stages import Stopwatch

TILE = 32


def requested(files, out, batch=4, **options):
    return MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=TILE, batch=batch), **options)


def percent_of(out):
    with rasterio.open(out / "confidence.tif") as dataset:
        return dataset.read(1)


def expected(files):
    """The map that the features of the whole map at once give, and which pixels are observed."""
    with open_scene(files, SPEC.resolution) as scene:
        patch = scene.read(scene.grid.rows(0, scene.grid.height))
    return 100 * blurred(patch.arrays["post"][:1])[0], patch.valid


@pytest.mark.parametrize("protocol", ["gaussian", "notebook"])
def test_a_map_is_that_of_features_of_the_whole_map(tmp_path, protocol):
    files = scene_on_grid(tmp_path, 117, 140)
    record = map_scene(requested(files, tmp_path / "out", protocol=protocol), engine=BlurringEngine())
    percent, (whole, valid) = percent_of(tmp_path / "out"), expected(files)
    observed = percent != 255
    assert np.abs(percent - whole)[observed].max() < 1.01
    assert observed.sum() == valid.sum() if protocol == "gaussian" else observed.mean() > 0.3
    assert record["engine"]["shared_features"] is True


@pytest.mark.parametrize(("height", "width"), [(20, 90), (90, 20), (5, 5)])
def test_maps_smaller_than_a_tile_are_made(tmp_path, height, width):
    files = scene_on_grid(tmp_path, height, width)
    map_scene(requested(files, tmp_path / "out"), engine=BlurringEngine())
    percent, (whole, valid) = percent_of(tmp_path / "out"), expected(files)
    np.testing.assert_array_equal(percent != 255, valid)
    # Features see what the map's mirror image shows beyond its edge, and not zeros.
    if min(height, width) > 10:
        inner = np.s_[4:-4, 4:-4]
        assert np.abs(percent[inner] - whole[inner])[valid[inner]].max() < 1.01


def test_the_same_bytes_for_any_batch(tmp_path):
    files, maps = scene_mixed(tmp_path), []
    for batch in (1, 3, 64):
        out = tmp_path / str(batch)
        map_scene(requested(files, out, batch), engine=BlurringEngine())
        maps.append((out / "confidence.tif").read_bytes())
    assert len(set(maps)) == 1


def test_the_same_bytes_where_a_run_goes_on(tmp_path):
    files = scene_mixed(tmp_path)
    map_scene(requested(files, tmp_path / "whole"), engine=BlurringEngine())
    for blocks in (1, 3, 5):
        out, seen = tmp_path / str(blocks), []

        def give_up(block, blocks=blocks, seen=seen):
            seen.append(block)
            if len(seen) == blocks:
                raise CancelledError("enough")

        with pytest.raises(CancelledError):
            map_scene(requested(files, out), engine=BlurringEngine(), listeners=Listeners(on_block=give_up))
        record = map_scene(requested(files, out, resume=True), engine=BlurringEngine())
        assert record["resumed_after_row"] > 0
        assert (out / "confidence.tif").read_bytes() == (tmp_path / "whole" / "confidence.tif").read_bytes()


def test_the_same_rows_in_shards(tmp_path):
    request = requested(scene_mixed(tmp_path), tmp_path / "out")
    with prepared_map(request, BlurringEngine()) as ready:
        count = len(ready.plan.tiles.rows)

        def rows_of(first, stop):
            run = run_of(ready, Stopwatch(), NoProgress(), Listeners())
            run.state = RunState(rows=ready.plan.tiles.strip(first)[0], tile_rows=first)
            return [strip.confidence for strip in stream(run, stop=stop)]

        whole = rows_of(0, None)
        cuts = (0, 1, 6, 7, count)
        shards = [rows for first, stop in itertools.pairwise(cuts) for rows in rows_of(first, stop)]
    assert len(whole) == len(shards) == count
    for one, other in zip(whole, shards, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_without_shared_features_does_not_go_on_with_them(tmp_path):
    files = scene_mixed(tmp_path)
    map_scene(requested(files, tmp_path / "out"), engine=constant_engine(0.7))
    with pytest.raises(UsageError, match="of something else"):
        map_scene(requested(files, tmp_path / "out", resume=True), engine=BlurringEngine())


def test_nothing_is_computed_where_no_tile_is_predicted(tmp_path):
    files = scene_on_grid(tmp_path, 160, 320)
    hidden = np.zeros((160, 320), np.uint8)
    hidden[:, 64:] = 1
    whole, half = BlurringEngine(), BlurringEngine()
    map_scene(requested(files, tmp_path / "whole", 1), engine=whole)
    files = replace(files, masks=write(tmp_path / "mask.tif", hidden, 6.0))
    map_scene(requested(files, tmp_path / "half", 1), engine=half)
    assert 0 < len(half.calls) < len(whole.calls) / 2


def test_an_engine_that_does_not_share_is_not_taken_for_one(tmp_path):
    request = requested(scene_mixed(tmp_path), tmp_path / "out")
    request = replace(request, engine=replace(request.engine, share_features=True))
    with pytest.raises(UsageError, match="fake that is given does not share features") as caught:
        map_scene(request, engine=mixing_engine())
    assert caught.value.option == "share_features"


def test_a_dry_run_counts_the_memory_of_features(tmp_path):
    request = requested(scene_mixed(tmp_path), tmp_path / "out")
    shared = dry_run(request, engine=BlurringEngine())
    usual = dry_run(request, engine=mixing_engine())
    width = shared["grid"]["width"]
    assert shared["memory_bytes"]["register"] - usual["memory_bytes"]["register"] > TILE * width * 2 * 4
    assert shared["engine"]["shared_features"] is True
    assert "shared_features" not in usual["engine"]


def usual_scene(folder):
    """Images, elevation and a mask."""
    return scene_mixed(folder)


def with_rows_of_no_data(folder):
    """A picture that has nothing from side to side, for more rows than a tile shows, and at its end."""
    files = scene_mixed(folder, height_m=5400.0, width_m=2000.0)
    with rasterio.open(files.post, "r+") as dataset:
        values = dataset.read()
        values[:, 110:290] = values[:, -20:] = 0
        dataset.write(values)
        dataset.nodata = 0
    return files


def with_an_area(folder):
    """An area that leaves out most of the map, with a hole in it."""
    files = scene_mixed(folder)
    area = np.zeros((240, 300), np.uint8)
    area[90:200, 120:280] = 1
    area[140:150, 150:170] = 0
    return replace(files, aoi=write(folder / "aoi.tif", area, 10.0))


def narrower_than_a_tile(folder):
    """A strip that is shorter than a tile from side to side."""
    return scene_mixed(folder, height_m=4000.0, width_m=700.0)


@pytest.mark.slow
@pytest.mark.parametrize("scene", [usual_scene, with_rows_of_no_data, with_an_area, narrower_than_a_tile])
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_map_of_the_demo_model_agrees_with_the_faithful_one(tmp_path, engine, scene):
    pytest.importorskip(engine)
    files, maps = scene(tmp_path), []
    for shares in (False, True):
        options = EngineOptions(engine, "cpu", share_features=shares)
        map_scene(MapRequest(DEMO_MODEL, files, tmp_path / str(shares), engine=options))
        maps.append(percent_of(tmp_path / str(shares)).astype(int))
    usual, shared = maps
    np.testing.assert_array_equal(usual == 255, shared == 255)
    assert (usual != 255).any()
    assert np.abs(usual - shared).max() <= 1
    assert (usual != shared).mean() < 1e-3


@pytest.mark.slow
def test_a_map_hardly_wider_than_a_tile_differs_more_and_still_little(tmp_path):
    """Tiles begin a few pixels apart there, so that the edge of one meets weights that are as small as its own."""
    files, maps = scene_mixed(tmp_path, height_m=2400.0, width_m=1400.0), []
    for shares in (False, True):
        options = EngineOptions("onnxruntime", "cpu", share_features=shares)
        map_scene(MapRequest(DEMO_MODEL, files, tmp_path / str(shares), engine=options))
        maps.append(percent_of(tmp_path / str(shares)).astype(int))
    usual, shared = maps
    np.testing.assert_array_equal(usual == 255, shared == 255)
    assert (usual != shared).mean() < 0.03
