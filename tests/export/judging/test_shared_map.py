"""Shared features held against the faithful map: tiles of scenes side by side, and what the gate makes of it."""

from __future__ import annotations

import importlib.util

import numpy as np
import onnx
import pytest

from helpers.engines import SPEC, constant_engine
from helpers.graphs import small_network
from helpers.models import batch_of, brightness_model
from helpers.sharing import BlurringEngine, blurred
from landslip.export.judging.gate import Rehearsal, TileJudge
from landslip.export.judging.shared_map import SideBySide, overlap_of_masks, scene_tiles
from landslip.export.judging.trials import attempt, trials_of
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts import parity
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.parity import GATES
from landslip.runtime.artifacts.reference_tiles import TileSet
from landslip.runtime.engines import EngineOptions, open_engine

TILES = TileSet("scene", batch_of(4, SPEC.tile))
LOOSE = dict.fromkeys(GATES, parity.Gate(max_abs=1e-4))


def answered(model, *sets):
    """Tiles with what the whole network says of them."""
    found = []
    for tiles in sets:
        with open_engine(model, EngineOptions("onnxruntime", "cpu", tiles.count, tiles.tile)) as engine:
            found.append((tiles, engine.infer(tiles.batch)))
    return found


@pytest.fixture
def model(tmp_path):
    onnx.save(small_network(), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


@pytest.mark.parametrize(("count", "rows", "cols"), [(1, 1, 1), (2, 1, 2), (3, 1, 2), (5, 2, 2)])
def test_tiles_lie_side_by_side_and_are_mapped_as_any_scene(count, rows, cols):
    tiles = TileSet("scene", batch_of(count, SPEC.tile))
    scene = SideBySide.of(tiles, SPEC.resolution)
    assert (scene.grid.height, scene.grid.width) == (rows * SPEC.tile, cols * SPEC.tile)
    last = np.s_[:, (rows - 1) * SPEC.tile :, (cols - 1) * SPEC.tile :]
    np.testing.assert_array_equal(scene.arrays["post"][last], tiles.batch["post"][rows * cols - 1])
    percent = scene.mapped(BlurringEngine(), 3)
    # Over the seams, too: features see what lies beyond the edge of a tile.
    assert np.abs(percent - 100 * blurred(scene.arrays["post"][:1])[0]).max() < 1.01
    np.testing.assert_array_equal(scene.mapped(constant_engine(0.3), 2), np.full_like(percent, 30))


def test_masks_overlap_by_what_both_have():
    one, other = np.uint8([[60, 50, 49, 255]]), np.uint8([[60, 49, 50, 90]])
    assert overlap_of_masks(one, other, 0.5) == 1 / 4
    assert overlap_of_masks(one, one, 0.5) == 1.0
    assert overlap_of_masks(one, one, 0.9) == 1.0  # neither has any


def test_tiles_of_other_kinds_and_sizes_are_no_scene():
    small = TileSet("scene", batch_of(1, 64))
    sets = [(TileSet("noise", TILES.batch), np.zeros(1)), (small, np.zeros(1)), (TILES, np.zeros(1))]
    assert scene_tiles(sets, SPEC.tile) is TILES
    assert scene_tiles(sets[:2], SPEC.tile) is None


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_trial_with_shared_features_is_held_against_the_faithful_map(monkeypatch, engine):
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    (trial,) = trials_of(read_onnx_file(DEMO_MODEL), engine, "fp32")
    sets = answered(DEMO_MODEL, TILES)
    outcome = attempt(trial, sets, "cpu", LOOSE, share_features=True)
    assert outcome.verdict == "PASS"
    assert outcome.faithful_iou == outcome.as_json()["faithful_iou"] >= 0.995
    monkeypatch.setattr(parity, "SHARED_IOU", 1.01)
    failed = attempt(trial, sets, "cpu", LOOSE, share_features=True)
    assert failed.verdict == "FAIL"
    assert "overlaps the map without shared features with an IoU of" in failed.objections[0]


def test_without_shared_features_or_tiles_of_scenes_no_maps_are_made(model):
    (trial,) = trials_of(read_onnx_file(model), "onnxruntime")
    whole = attempt(trial, answered(model, TILES), "cpu", LOOSE)
    other = attempt(trial, answered(model, TileSet("noise", batch_of(2))), "cpu", LOOSE, share_features=True)
    for outcome in (whole, other):
        assert outcome.verdict == "PASS"
        assert outcome.faithful_iou is None
        assert "faithful_iou" not in outcome.as_json()


def test_an_artifact_is_proven_with_shared_features_which_decides_nothing(tmp_path, model, monkeypatch):
    judge = TileJudge(answered(model, TILES), LOOSE, tmp_path)
    rehearsals = [Rehearsal(small_network())]
    (proof,) = judge.shared("small.fp32.onnx", rehearsals)
    told = proof.as_json()
    assert (told["engine"], told["precision"], told["passes"]) == ("onnxruntime", "fp32", True)
    assert told["faithful_iou"] >= 0.995
    assert "faithful_iou" not in judge.verdict("small.fp32.onnx", rehearsals).proofs[0].as_json()
    monkeypatch.setattr(parity, "SHARED_IOU", 1.01)
    (failed,) = judge.shared("small.fp32.onnx", rehearsals)
    assert failed.as_json()["passes"] is False
    assert judge.verdict("small.fp32.onnx", rehearsals).passes(LOOSE["fp32"])


def test_what_has_no_such_features_or_stands_in_for_an_engine_is_not_tried_with_them(tmp_path):
    judge = TileJudge([(TILES, np.zeros(1))], LOOSE, tmp_path)
    assert judge.shared("small.fp32.onnx", [Rehearsal(small_network(), note="a note")]) == ()
    whole = onnx.load(brightness_model(tmp_path / "b.onnx"))
    assert judge.shared("b.fp32.onnx", [Rehearsal(whole)]) == ()
