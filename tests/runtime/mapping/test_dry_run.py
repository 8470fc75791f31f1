"""A dry run: the figures of the run that follows, and nothing written."""

from __future__ import annotations

import json
import shutil
import time
import tracemalloc
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.engines import SPEC, mixing_engine
from helpers.models import brightness_model
from helpers.rasters import scene_mixed, scene_on_grid, write
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inspection.survey import TOGETHER, survey
from landslip.runtime.mapping.budget import memory_needed
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene, stream
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.progress import NoProgress
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.plan import make_plan

TILE = 64


def half_hidden(folder):
    """A scene with an image that ends early, and masks of which two hide a place only together."""
    files = scene_on_grid(folder, 300, 420)
    post = np.full((3, 300, 420), 90, np.uint8)
    post[0] = np.arange(420) % 200
    post[:, :, 300:] = 0
    wide, upper, lower = (np.zeros((300, 420), np.uint8) for _ in range(3))
    wide[:, :70] = 1
    upper[:150, 130:250], lower[150:, 130:250] = 1, 1
    masks = zip(("wide", "upper", "lower"), (wide, upper, lower), strict=True)
    return replace(
        files, post=write(folder / "ends.tif", post, 6.0, nodata=0),
        masks=tuple(write(folder / f"{name}.tif", mask, 6.0) for name, mask in masks),
    )  # fmt: skip


def asked(files, out, **options):
    return MapRequest(out / "none", files, out, engine=EngineOptions(tile=TILE, batch=3), **options)


def everything(folder):
    """Every file below a folder with its time and content."""
    return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in folder.rglob("*")}


@pytest.mark.parametrize("protocol", ["gaussian", "notebook"])
@pytest.mark.parametrize("scene", [scene_mixed, half_hidden])
def test_its_figures_are_those_of_the_run_that_follows(tmp_path, scene, protocol):
    request = asked(scene(tmp_path), tmp_path / "out", protocol=protocol)
    before = everything(tmp_path)
    forecast = dry_run(request, engine=mixing_engine())
    assert everything(tmp_path) == before
    record = map_scene(request, engine=mixing_engine())
    for key in ("landslip", "model", "engine", "protocol", "tile", "overlap", "registration"):
        assert forecast[key] == record[key], key
    assert {key: forecast["grid"][key] for key in record["grid"]} == record["grid"]
    assert {key: forecast["tiles"][key] for key in record["tiles"]} == record["tiles"]
    assert forecast["tiles"]["sampled"] is None
    assert sum(forecast["tiles"]["skipped_because"].values()) == record["tiles"]["skipped"]


def test_it_says_why_tiles_are_skipped(tmp_path):
    files = half_hidden(tmp_path)
    tiles = dry_run(asked(files, tmp_path / "out", overlap=0.0), engine=mixing_engine())["tiles"]
    reasons = {name.split("/")[-1]: count for name, count in tiles["skipped_because"].items()}
    # Tiles of 64 on 300 x 420 pixels, 5 rows and 7 columns: the first column lies wholly under the wide mask, the last
    # two beyond the image's end, and of the two in the middle each mask hides some.
    with open_scene(files, 6.0) as scene:
        plan = make_plan("gaussian", scene.grid, SPEC, TILE, 0.0)
        expected = {"wide.tif": 0, "ends.tif": 0, "upper.tif": 0, "lower.tif": 0, TOGETHER: 0}
        for top in plan.tiles.rows:
            for left in plan.tiles.cols:
                right, bottom = left + TILE, top + TILE
                if right <= 70:
                    expected["wide.tif"] += 1
                elif left >= 300:
                    expected["ends.tif"] += 1
                elif left >= 130 and right <= 250:
                    kind = "upper.tif" if bottom <= 150 else "lower.tif" if top >= 150 else TOGETHER
                    expected[kind] += 1
    assert reasons == {name: count for name, count in expected.items() if count}
    assert expected[TOGETHER] > 0


@pytest.mark.parametrize("protocol", ["gaussian", "notebook"])
@pytest.mark.parametrize("seed", range(4))
def test_the_count_is_exact_to_the_pixel(tmp_path, protocol, seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(140, 420, 2)
    mask = np.ones((height, width), np.uint8)
    if protocol == "gaussian":  # single pixels, many of them just inside or outside a tile
        mask[rng.integers(0, height, 5), rng.integers(0, width, 5)] = 0
    else:  # about half of many tiles
        for top, left in rng.integers(0, 200, (3, 2)):
            mask[top : top + 60, left : left + 55] = 0
    files = replace(scene_on_grid(tmp_path, height, width), masks=(write(tmp_path / "mask.tif", mask, 6.0),))
    with open_scene(files, 6.0) as scene:
        plan = make_plan(protocol, scene.grid, SPEC, TILE, 0.37)
        found = survey(scene, plan)
    valid = mask == 0
    counts = [
        valid[max(0, top) : top + TILE, max(0, left) : left + TILE].sum()
        for top in plan.tiles.rows
        for left in plan.tiles.cols
    ]
    assert found.predicted == sum(count >= plan.least_valid for count in counts) > 0
    assert sum(found.skipped.values()) == len(counts) - found.predicted


@pytest.mark.parametrize("patience", [60.0, 0.0])
def test_the_same_mask_twice_is_as_once(tmp_path, patience):
    files = half_hidden(tmp_path)
    once, twice = (
        dry_run(asked(replace(files, masks=masks), tmp_path / "out"), engine=mixing_engine(), patience=patience)
        for masks in (files.masks, files.masks * 2)
    )
    assert twice["tiles"] == once["tiles"]
    assert any("wide.tif" in name for name in once["tiles"]["skipped_because"])


def test_a_scene_that_takes_too_long_is_sampled(tmp_path):
    files = half_hidden(tmp_path)
    counted, sampled = (
        dry_run(asked(files, tmp_path / "out"), engine=mixing_engine(), patience=patience)["tiles"]
        for patience in (60.0, 0.0)
    )
    assert sampled["total"] == counted["total"]
    assert sampled["predicted"] + sampled["skipped"] == sampled["total"]
    assert sampled["sampled"] < counted["total"]
    assert sampled["predicted"] == pytest.approx(counted["predicted"], rel=0.15)


def test_a_sample_of_all_tiles_is_a_count(tmp_path):
    with open_scene(scene_mixed(tmp_path), 6.0) as scene:
        plan = make_plan("gaussian", scene.grid, SPEC, 128, 0.5)
        assert len(plan.tiles) <= 100
        counted, sampled = survey(scene, plan), survey(scene, plan, patience=0.0)
    assert sampled.sampled == len(plan.tiles)
    assert (sampled.predicted, sampled.skipped) == (counted.predicted, counted.skipped)


def test_what_would_stop_the_run_stops_it_too(tmp_path):
    files = scene_on_grid(tmp_path, 80, 90)
    hidden = replace(files, masks=(write(tmp_path / "all.tif", np.ones((80, 90), np.uint8), 6.0),))
    with pytest.raises(InputError, match="Nothing would be observed"):
        dry_run(asked(hidden, tmp_path / "out"), engine=mixing_engine())
    forecast = dry_run(asked(hidden, tmp_path / "out", force=True), engine=mixing_engine())
    assert forecast["tiles"]["predicted"] == 0
    assert forecast["seconds"]["infer"] == 0


def test_time_is_that_of_batches(tmp_path):
    calls = []

    def slow(batch):
        calls.append(batch["post"].shape)
        time.sleep(0.5 if len(calls) == 1 else 0.02)  # the first call prepares things and must not count
        return mixing_engine().infer(batch)

    forecast = dry_run(asked(scene_on_grid(tmp_path, 40, 90), tmp_path / "out"), engine=FakeEngine(SPEC, slow))
    assert set(calls) == {(3, 3, TILE, TILE)}
    assert len(calls) == 1 + forecast["seconds"]["batches_timed"]
    seconds, tiles = forecast["seconds"], forecast["tiles"]["predicted"]
    assert 0.02 <= seconds["per_batch"] < 0.3
    assert tiles % 3
    assert seconds["infer"] == pytest.approx(-(-tiles // 3) * seconds["per_batch"], abs=2e-3)
    assert seconds["total"] == pytest.approx(seconds["read"] + seconds["infer"], abs=2e-3)


def traced_peak(work):
    """The most bytes that numpy and Python held at once during ``work()``."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_enough_and_not_far_too_much(tmp_path):
    files = scene_on_grid(tmp_path, 400, 900)
    request = MapRequest(
        tmp_path / "none", files, tmp_path / "out", engine=EngineOptions(tile=128, batch=16), threshold=1.0
    )
    expected = dry_run(request, engine=mixing_engine())["memory_bytes"]
    mapping = sum(expected[part] for part in ("reading", "queues", "register", "stitcher"))

    def stages():
        with open_scene(files, 6.0) as scene, closing(stream(a_run(scene))) as rows:
            for _ in rows:
                pass

    def a_run(scene):
        plan = make_plan("gaussian", scene.grid, SPEC, 128, 0.5)
        return Run(scene, plan, mixing_engine(), 16, 50, Stopwatch(), NoProgress(), Thumbnails(scene.grid))

    assert 0.4 < traced_peak(stages) / mapping < 1  # how full the queues are depends on chance
    # A threshold that nothing reaches: no polygons.
    whole = traced_peak(lambda: map_scene(replace(request, overwrite=True), engine=mixing_engine()))
    assert 0.5 < whole / max(mapping, expected["quicklook"]) < 1.1


def test_memory_grows_with_the_width_and_not_with_the_height():
    def total(height, width):
        grid = MapGrid.covering((0, 0, 6 * width, 6 * height), "EPSG:32632", 6.0)
        parts = memory_needed(make_plan("gaussian", grid, SPEC, 224, 0.5), SPEC, 4, 1, height * width)
        return sum(size for name, size in parts.items() if name != "quicklook")

    assert total(40_000, 2000) == pytest.approx(total(4000, 2000), rel=0.01)
    assert total(4000, 8000) > 3 * total(4000, 2000)


def test_results_that_are_there_are_said(tmp_path, caplog):
    request = asked(scene_on_grid(tmp_path, 80, 90), tmp_path / "out")
    map_scene(request, engine=mixing_engine())
    before = everything(tmp_path)
    dry_run(request, engine=mixing_engine())
    assert "holds results already (confidence.tif, " in caplog.text
    assert everything(tmp_path) == before
    caplog.clear()
    dry_run(replace(request, overwrite=True), engine=mixing_engine())
    assert "holds results already" not in caplog.text


def test_a_disk_that_is_too_small_is_said(tmp_path, monkeypatch, caplog):
    asked_of = []

    def nearly_full(place):
        asked_of.append(place)
        return SimpleNamespace(free=100)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    request = asked(scene_on_grid(tmp_path, 80, 90), tmp_path / "not" / "yet" / "there")
    disk = dry_run(request, engine=mixing_engine())["disk_bytes"]
    assert (disk["free"], asked_of) == (100, [tmp_path])
    assert disk["needed"] == sum(disk[part] for part in ("working", "map", "quicklook"))
    assert "are free there. Free some space" in caplog.text


@pytest.fixture
def command(tmp_path):
    files = half_hidden(tmp_path)
    model = brightness_model(tmp_path / "model.onnx")
    return [
        *map(str, ("map", "-m", model, "--pre", files.pre, "--post", files.post, "--hillshade", files.hillshade)),
        *map(str, ("--slope", files.slope, "--mask", files.masks[0], "-o", tmp_path / "out", "--tile", 64)),
    ]


def test_json_from_the_command_line(tmp_path, command, capsys):
    assert run([*command, "--dry-run", "--json"]) == 0
    forecast = json.loads(capsys.readouterr().out)
    assert not (tmp_path / "out").exists()
    assert forecast["memory_bytes"]["engine"] >= 0
    assert run([*command, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert forecast["model"] == record["model"]
    assert forecast["tiles"]["predicted"] == record["tiles"]["predicted"]


def test_text_from_the_command_line(tmp_path, command, capsys):
    assert run([*command, "--dry-run"]) == 0
    out = capsys.readouterr().out
    for words in (
        "420 x 300 pixels of 6 m",
        "to skip (counted)",
        "because of the mask",
        "a batch takes",
        "MB are free",
    ):
        assert words in out
    assert out.endswith("Nothing was written.\n")
    assert not (tmp_path / "out").exists()


def test_exit_codes_are_those_of_the_run(tmp_path, command, capsys):
    same = ["--post", command[command.index("--pre") + 1]]
    for more, code in (
        (["--tile", "100"], 2),
        (["--aoi", str(tmp_path / "no.gpkg")], 3),
        (["--device", "cuda"], 4),
        (["-o", str(tmp_path / "model.onnx")], 2),
    ):
        assert run([*command, "--dry-run", *more]) == code
    kept = [*command[: command.index("--post")], *same, *command[command.index("--post") + 2 :]]
    assert run([*kept, "--dry-run"]) == 3
    assert "same image" in capsys.readouterr().err
    assert run([*kept, "--dry-run", "--force"]) == 0
    assert not (tmp_path / "out").exists()


def test_a_truth_that_cannot_be_read_is_found_before_the_map(tmp_path):
    (tmp_path / "lines.gpkg").write_text("no vectors", encoding="utf-8")
    for name, said in (("nowhere.gpkg", "no known landslides at"), ("lines.gpkg", "cannot be read")):
        products = ProductOptions(report=True, truth=tmp_path / name)
        request = asked(scene_on_grid(tmp_path, 96, 96), tmp_path / "out", products=products)
        for make in (dry_run, map_scene):
            with pytest.raises(InputError, match=said):
                make(request, engine=mixing_engine())
    assert not (tmp_path / "out").exists()
