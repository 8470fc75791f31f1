"""Presets: tiles that need fewer operations, and no larger than a map needs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import SPEC, mixing_engine
from helpers.models import brightness_model
from helpers.rasters import scene_mixed, scene_on_grid
from landslip.runtime.artifacts.spec import MAX_TILE
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS
from landslip.runtime.tiling.tile_grid import TileGrid

SMALL = replace(SPEC, tile=64)
"""The published network's spec, with a tile that keeps maps small."""

sides = st.integers(1, 3000)
presets = st.sampled_from(sorted(PRESETS))
specs = st.builds(
    lambda times, multiple: replace(SPEC, tile=times * multiple, multiple=multiple),
    st.integers(2, 8), st.sampled_from([8, 16, 32]),
)  # fmt: skip


def laid(spec, preset, height, width):
    tile = preset.tile_for(spec, height, width)
    return TileGrid.even(height, width, tile, preset.overlap_of(spec, tile))


def operations(spec, preset, height, width):
    grid = laid(spec, preset, height, width)
    return len(grid) * grid.tile**2


@given(specs, presets, sides, sides)
def test_tiles_fit_the_model_and_are_no_larger_than_the_map_needs(spec, name, height, width):
    preset = PRESETS[name]
    tile = preset.tile_for(spec, height, width)
    assert spec.checked_tile(tile) == tile
    assert spec.tile <= tile <= preset.times * spec.tile
    longer = max(height, width)
    assert tile == spec.tile or tile < longer + spec.multiple


@pytest.mark.parametrize("multiple", [32, 7])
@pytest.mark.parametrize("name", PRESETS)
def test_no_tile_is_chosen_that_no_model_takes(name, multiple):
    spec = replace(SPEC, tile=128 * multiple, multiple=multiple)
    tile = PRESETS[name].tile_for(spec, 20_000, 20_000)
    assert spec.checked_tile(tile) == tile
    spec = replace(SPEC, tile=4096)
    assert spec.checked_tile(PRESETS[name].tile_for(spec, 9000, 9000)) <= MAX_TILE


@given(specs, presets, sides, sides)
def test_neighbours_share_half_of_an_own_tile_whatever_the_tile(spec, name, height, width):
    grid = laid(spec, PRESETS[name], height, width)
    for starts in (grid.rows, grid.cols):
        assert all(grid.tile - hop >= spec.tile // 2 - 1 for hop in np.diff(starts))


@given(specs, sides, sides)
def test_larger_presets_never_need_more_operations(spec, height, width):
    faithful, balanced, fast = (operations(spec, PRESETS[name], height, width) for name in PRESETS)
    assert fast <= balanced <= faithful


def test_on_a_large_map_they_need_half_and_a_third_of_the_operations():
    faithful, balanced, fast = (operations(SPEC, PRESETS[name], 18_300, 18_300) for name in PRESETS)
    assert 2.1 < faithful / balanced < 2.25
    assert 2.6 < faithful / fast < 2.78


def request(files, out, **options):
    return MapRequest(out / "no-model", files, out, overwrite=True, **options)


def mapped(asked, spec=SMALL):
    record = map_scene(asked, engine=mixing_engine(spec))
    with rasterio.open(asked.out / "confidence.tif") as dataset:
        return record, dataset.read(1)


def test_faithful_is_what_is_mapped_without_a_word(tmp_path):
    files = scene_on_grid(tmp_path, 300, 260)
    record, percent = mapped(request(files, tmp_path / "out"))
    assert (record["preset"], record["tile"], record["overlap"]) == (FAITHFUL, 64, 0.5)
    same, again = mapped(request(files, tmp_path / "out", overlap=0.5, engine=EngineOptions(tile=64)))
    assert same["preset"] is None
    np.testing.assert_array_equal(percent, again)


@pytest.mark.parametrize("name", ["balanced", "fast"])
def test_a_preset_maps_as_its_tile_and_overlap_given_by_hand(tmp_path, name):
    files = scene_mixed(tmp_path)
    record, percent = mapped(request(files, tmp_path / "out", preset=name))
    assert record["preset"] == name
    assert record["tile"] > 64
    by_hand = EngineOptions(tile=record["tile"])
    same, again = mapped(request(files, tmp_path / "out", overlap=32 / record["tile"], engine=by_hand))
    assert same["tiles"] == record["tiles"]
    np.testing.assert_array_equal(percent, again)


@pytest.mark.parametrize("name", ["balanced", "fast"])
@pytest.mark.parametrize("shape", [(40, 33), (70, 400), (150, 90)])
def test_maps_smaller_than_a_tile_are_mapped(tmp_path, name, shape):
    record, percent = mapped(request(scene_on_grid(tmp_path, *shape), tmp_path / "out", preset=name))
    assert percent.shape == shape
    assert (percent != 255).all()
    assert record["tile"] < max(64, *shape) + 32


def test_what_is_given_replaces_what_a_preset_says(tmp_path):
    files = scene_on_grid(tmp_path, 300, 260)
    record, _ = mapped(request(files, tmp_path / "out", preset="fast", engine=EngineOptions(tile=96)))
    assert (record["preset"], record["tile"], record["overlap"]) == (None, 96, 32 / 96)
    record, _ = mapped(request(files, tmp_path / "out", preset="fast", overlap=0.25))
    assert (record["preset"], record["overlap"]) == (None, 0.25)
    assert record["tile"] > 64


def test_larger_tiles_make_smaller_batches_unless_they_were_asked_for(tmp_path):
    files = scene_on_grid(tmp_path, 700, 700)
    for options, most in (({"preset": "balanced"}, 1), ({"engine": EngineOptions(tile=128)}, 4)):
        shapes = []

        def counted(batch, shapes=shapes):
            shapes.append(batch["slope"].shape)
            return np.zeros_like(batch["slope"])

        map_scene(request(files, tmp_path / "out", **options), engine=FakeEngine(SMALL, counted))
        assert {shape[-1] for shape in shapes} == {128}
        assert max(shape[0] for shape in shapes) == most


def test_a_tile_of_no_size_is_refused_and_not_taken_for_none(tmp_path):
    with pytest.raises(UsageError, match="0 pixels"):
        mapped(request(scene_on_grid(tmp_path, 100, 90), tmp_path / "out", engine=EngineOptions(tile=0)))


def test_a_model_that_takes_one_size_alone_says_so(tmp_path):
    with pytest.raises(UsageError, match="made for 64 pixels alone"):
        mapped(request(scene_on_grid(tmp_path, 300, 260), tmp_path / "out", preset="fast"), replace(SMALL, fixed=True))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"preset": "hasty"}, "Preset 'hasty' is unknown: choose one of faithful, balanced, fast"),
        ({"preset": "fast", "protocol": "notebook"}, "lays its tiles as published"),
    ],
)
def test_presets_that_make_no_sense_are_refused(tmp_path, options, words):
    with pytest.raises(UsageError, match=words):
        request(None, tmp_path, **options)


def test_a_run_goes_on_whatever_its_layout_is_called(tmp_path):
    files = scene_on_grid(tmp_path, 300, 260)
    record, _ = mapped(request(files, tmp_path / "out", preset="balanced"))
    by_hand = EngineOptions(tile=record["tile"])
    asked = MapRequest(
        tmp_path / "out" / "no-model", files, tmp_path / "out", overlap=32 / record["tile"], engine=by_hand, resume=True
    )
    assert map_scene(asked, engine=mixing_engine(SMALL)) == record


def test_a_dry_run_tells_the_layout_of_the_run(tmp_path):
    asked = request(scene_mixed(tmp_path), tmp_path / "out", preset="fast")
    forecast = dry_run(asked, engine=mixing_engine(SMALL))
    record, _ = mapped(asked)
    for key in ("preset", "tile", "overlap"):
        assert forecast[key] == record[key]
    assert forecast["tiles"]["predicted"] == record["tiles"]["predicted"]


def test_presets_on_the_command_line(tmp_path, capsys):
    files = scene_on_grid(tmp_path, 520, 500)
    model = brightness_model(tmp_path / "m.onnx")
    command = [
        "map", "-m", str(model), "--pre", str(files.pre), "--post", str(files.post), "--hillshade",
        str(files.hillshade), "--slope", str(files.slope), "-o", str(tmp_path / "out"), "--preset", "fast",
    ]  # fmt: skip
    assert run([*command, "--dry-run"]) == 0
    assert "1 of 544 pixels (fast): 1 to predict" in capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["preset"] == "fast"
    assert run([*command, "--protocol", "notebook"]) == 2
    assert "leave out --preset fast" in capsys.readouterr().err


def test_on_a_gpu_the_batch_that_was_asked_for_has_to_be_the_same(tmp_path):
    files = scene_on_grid(tmp_path, 300, 260)

    def mapped_on_gpu(batch, **options):
        engine = mixing_engine(SMALL)
        engine.device = "cuda"
        asked = MapRequest(
            tmp_path / "out" / "no-model", files, tmp_path / "out", preset="balanced",
            engine=EngineOptions(batch=batch), **options,
        )  # fmt: skip
        return map_scene(asked, engine=engine)

    record = mapped_on_gpu(16)
    assert record["batch"]["asked"] == 16
    assert record["batch"]["taken"] < 16
    assert mapped_on_gpu(16, resume=True) == record
    with pytest.raises(UsageError, match="of something else"):
        mapped_on_gpu(8, resume=True)
