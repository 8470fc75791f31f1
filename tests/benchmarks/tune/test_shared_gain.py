"""Shared features in tuning: judged, measured and told, and never taken by themselves."""

from __future__ import annotations

import json
import shutil

import numpy as np
import onnx
import pytest

from helpers.graphs import small_network
from helpers.models import batch_of, brightness_model
from landslip.benchmarks.commands import bench_tune
from landslip.benchmarks.tune import search, trial_speed, tuning
from landslip.benchmarks.tune.engine_settings import ways_of
from landslip.benchmarks.tune.shared_gain import pieces_per_tile, with_gains
from landslip.benchmarks.tune.trial_speed import Deadline
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.reference_tiles import TileSet
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.engines.tuned import all_tunings

TILES = TileSet("scene", batch_of(2))


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(trial_speed, "SECONDS", 0.0)


@pytest.fixture
def model(tmp_path):
    onnx.save(small_network(), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def found_with(model, seconds=1.0):
    file = read_onnx_file(model)
    (way,) = ways_of([file], file, "onnxruntime", ["cpu"])
    return search.Found(way, search.TrialOutcome(file.path, "onnxruntime", "fp32"), seconds)


def answers(model, error=0.0):
    """What the whole network says of the tiles, with an error."""
    with open_engine(model, EngineOptions("onnxruntime", "cpu", 2, 64)) as engine:
        confidence = np.clip(engine.infer(TILES.batch) + error, 0, 1)
    return lambda _: [(TILES, confidence)]


def test_what_passes_its_gate_is_measured(model):
    (found,) = with_gains([found_with(model)], answers(model), Deadline(1000))
    assert found.shared.verdict == "PASS"
    assert 0 < found.shared.factor < 10
    assert with_gains([found], lambda _: 1 / 0, Deadline(1000)) == [found]  # once is enough


def test_what_fails_its_gate_is_not_told_as_a_gain(model):
    (found,) = with_gains([found_with(model)], answers(model, 0.2), Deadline(1000))
    assert found.shared == search.SharedGain("FAIL", None)


def test_what_cannot_be_shared_is_left_alone(tmp_path, model):
    without = found_with(brightness_model(tmp_path / "b.onnx"))
    failed = found_with(model, seconds=0.0)
    assert with_gains([without, failed], lambda _: 1 / 0, Deadline(1000)) == [without, failed]
    late = found_with(model)
    assert with_gains([late], lambda _: 1 / 0, Deadline(0)) == [late]


def test_a_large_map_has_a_piece_for_three_or_four_tiles():
    way = found_with(DEMO_MODEL).way
    assert pieces_per_tile(way, 6) == pytest.approx((112 / 212) ** 2, rel=0.05)


def test_a_gain_is_kept_and_said_by_the_command(tmp_path, monkeypatch, capsys):
    def gained(found, *_):
        return [search.replace(each, shared=search.SharedGain("PASS", 1.23456)) for each in found]

    monkeypatch.setattr(tuning, "with_gains", gained)
    for path in DEMO_MODEL.parent.glob("demo.*"):
        shutil.copy(path, tmp_path)
    command = ["bench", "tune", "-m", str(tmp_path / "demo.fp32.onnx"), "--budget", "0"]
    assert run(command) == 0
    assert "With --share-features, a large map in faithful tiles is 1.23 times as fast" in capsys.readouterr().out
    assert all_tunings()[0].choices[0].shared_features == 1.2346
    monkeypatch.setattr(bench_tune, "MARGIN", 1.3)
    assert run(command) == 0
    assert "--share-features" not in capsys.readouterr().out
    assert run([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["choices"][0]["shared_features"] == 1.2346
