"""Tuning: only what passes its gate is kept, whatever the time allows, and landslip map can use it."""

from __future__ import annotations

import importlib.util
import itertools
import json
import shutil
import subprocess
import sys

import pytest

from helpers.exports import SOURCE, write_artifact, write_export
from landslip.benchmarks.tune import search, trial_speed
from landslip.benchmarks.tune.engine_settings import larger_batches, other_threads, smaller_batches, ways_of
from landslip.benchmarks.tune.trial_speed import Deadline
from landslip.benchmarks.tune.tuning import TuneRequest, tune
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.backends import BACKENDS
from landslip.runtime.engines.tuned import all_tunings, tuning_folder
from landslip.runtime.errors import EngineError, InputError, InputMissingError, OutputError, UsageError
from landslip.runtime.mapping.engine_choice import GivenOptions, choose

with_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")
OTHER = "cd" * 32


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(trial_speed, "SECONDS", 0.0)


@pytest.fixture
def family(tmp_path):
    """An fp32 and an "int8" artifact of one model with their reference tiles, and one of another model."""
    folder = tmp_path / "model"
    folder.mkdir()
    write_export(folder)
    write_artifact(folder, "test.int8.onnx", "int8")
    write_artifact(folder, "stranger.onnx", source=OTHER)
    return folder


@pytest.mark.slow
def test_every_artifact_of_the_model_is_tuned_and_kept(family):
    named = family / "test.fp32.onnx"
    tuning, report, path = tune(TuneRequest(named, engine="onnxruntime"))
    assert all_tunings() == [tuning]
    assert path.parent == tuning_folder()
    assert [entry.name for entry in tuning_folder().iterdir()] == [path.name]
    assert tuning.family == SOURCE
    assert {choice.artifact for choice in tuning.choices} == {"test.fp32.onnx", "test.int8.onnx"}
    speeds = [choice.tiles_per_second for choice in tuning.choices]
    assert speeds == sorted(speeds, reverse=True)
    assert {"engine", "batch", "threads"} <= set(report.tables[0].columns)
    assert report.findings["best_vs_usual"].value > 0
    assert report.findings["fast_vs_faithful_km2"].value > 0
    model, options = choose(named, GivenOptions())
    assert model == named
    assert options.precision == "fp32"
    assert options in [choice.options() for choice in tuning.choices]
    (family / "stranger.onnx").unlink()
    assert choose(family, GivenOptions())[0].name == tuning.choices[0].artifact


def test_what_fails_its_gate_is_not_kept(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    write_export(folder, error=2e-3)  # too much for fp32, and little for int8
    write_artifact(folder, "test.int8.onnx", "int8")
    tuning, report, _ = tune(TuneRequest(folder, engine="onnxruntime"))
    assert [choice.artifact for choice in tuning.choices] == ["test.int8.onnx"]
    assert [(row[0], row[-1]) for row in report.tables[0].rows] == [
        ("test.int8.onnx", "PASS"),
        ("test.fp32.onnx", "FAIL"),
    ]


def test_nothing_that_passes_is_an_error(tmp_path):
    with pytest.raises(EngineError, match="Nothing that runs here passes its gate"):
        tune(TuneRequest(write_export(tmp_path, error=0.5)))
    assert all_tunings() == []


def test_without_time_what_is_run_without_tuning_is_kept(family):
    tuning, report, _ = tune(TuneRequest(family / "test.fp32.onnx", budget=0.0))
    (choice,) = tuning.choices
    assert (choice.artifact, choice.engine, choice.batch, choice.threads) == ("test.fp32.onnx", "onnxruntime", 4, 0)
    assert report.tables[0].rows[0][-1] == "PASS, not refined"
    assert report.tables[0].rows[0][-2] == 1
    assert report.tables[0].rows[0][-3] is None  # it has no features that tiles could share


@with_openvino
@pytest.mark.slow
def test_all_engines_are_tried_unless_one_is_named(family):
    (family / "test.int8.onnx").unlink()
    engines = [
        {choice.engine for choice in tune(TuneRequest(family / "test.fp32.onnx", engine=name))[0].choices}
        for name in ("auto", "onnxruntime")
    ]
    assert engines == [{"onnxruntime", "openvino"}, {"onnxruntime"}]


@pytest.mark.parametrize("name", ["nowhere.onnx", "foreign.onnx", "changed.onnx"])
def test_what_is_no_sound_artifact_is_refused(family, name):
    (family / "foreign.onnx").write_bytes(b"not a model")
    changed = write_artifact(family, "changed.onnx")
    changed.write_bytes(changed.read_bytes() + b"\0\0")
    with pytest.raises(InputError, match=name):
        tune(TuneRequest(family / name))


def test_folders_without_a_model_or_with_several_are_refused(family, tmp_path):
    with pytest.raises(UsageError, match="artifacts of 2 models"):
        tune(TuneRequest(family))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputMissingError, match="holds no"):
        tune(TuneRequest(tmp_path / "empty"))


def test_without_reference_tiles_nothing_can_be_tuned(family):
    (family / "test.reference.npz").unlink()
    with pytest.raises(InputError, match="reference"):
        tune(TuneRequest(family / "test.fp32.onnx"))


def test_a_config_folder_that_cannot_be_made_is_said(family, tmp_path):
    (tmp_path / "config").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        tune(TuneRequest(family / "test.fp32.onnx", budget=0.0))


@with_openvino
def test_what_is_tried_first_is_what_runs_without_tuning_and_then_what_is_likely(family):
    files = [read_onnx_file(family / name) for name in ("test.fp32.onnx", "test.int8.onnx")]
    ways = ways_of(files, files[0], devices=["cpu"])
    named = [(way.file.path.name, way.trial.backend.name, way.trial.precision) for way in ways]
    assert named[:3] == [
        ("test.fp32.onnx", "onnxruntime", "fp32"), ("test.int8.onnx", "openvino", "int8+bf16"),
        ("test.int8.onnx", "onnxruntime", "int8"),
    ]  # fmt: skip
    assert ("test.fp32.onnx", "openvino", "bf16") in named
    assert ("test.int8.onnx", "openvino", "int8+bf16") in named
    assert not [way for way in ways_of(files, files[0], devices=["gpu"]) if way.trial.precision == "int8+bf16"]
    assert "tensorrt" not in {engine for _, engine, _ in named}
    assert len(named) == len(set(named))
    assert {way.trial.backend.name for way in ways_of(files, files[0], "openvino")} == {"openvino"}


def test_batches_are_doubled_and_halved_and_threads_belong_to_the_cpu(family):
    file = read_onnx_file(family / "test.fp32.onnx")
    way, gpu = (ways_of([file], file, "onnxruntime", [device])[0] for device in ("cpu", "cuda"))
    assert [each.batch for each in larger_batches(way)] == [8, 16]
    assert [each.batch for each in larger_batches(gpu)] == [8, 16, 32, 64]
    assert [each.batch for each in smaller_batches(way)] == [2, 1]
    assert [each.threads for each in other_threads(way, 8)] == [8, 4]
    assert [each.threads for each in other_threads(way, 2)] == [2]
    assert not [*other_threads(way, 1), *other_threads(gpu, 8)]


class Paced:
    """Measures ways by a law instead of a clock: at the seam of the two functions that run engines."""

    def __init__(self, monkeypatch, seconds_of):
        self.tried = []
        self.seconds_of = seconds_of
        monkeypatch.setattr(search, "Running", lambda _, way: way)
        monkeypatch.setattr(search, "in_turn", self.in_turn)

    def in_turn(self, one, other):
        self.tried.append(other)
        return 1 / self.seconds_of(one), 1 / self.seconds_of(other)


@pytest.fixture
def found(family):
    file = read_onnx_file(family / "test.fp32.onnx")
    (way,) = ways_of([file], file, "onnxruntime", ["cpu"])
    outcome = search.TrialOutcome(file.path, "onnxruntime", "fp32")
    return search.Found(way, outcome, 10.0)


@pytest.mark.parametrize(
    ("law", "best"),
    [
        (lambda _: 1.0, (4, 0)),
        (lambda way: 1.0 / way.batch, (16, 0)),
        (lambda way: 1.0 * way.batch, (1, 0)),
        (lambda way: abs(way.batch - 8) + 1.0 - 0.1 * way.threads, (8, 2)),
        (lambda way: 1.0 - 0.02 * (way.batch != 4), (4, 0)),  # less than what may be chance
    ],
)
def test_refining_goes_uphill_and_stops_there(monkeypatch, found, law, best):
    Paced(monkeypatch, law)
    (refined,) = search.refine([found], found, 2, Deadline(1000))
    assert (refined.way.batch, refined.way.threads) == best
    assert refined.is_refined
    assert refined.tiles_per_second == pytest.approx(10.0 * law(found.way) / law(refined.way))


def test_a_way_that_takes_too_much_memory_ends_the_climb(monkeypatch, found):
    def law(way):
        if way.batch > 8:
            raise MemoryError
        return 1.0 / way.batch

    Paced(monkeypatch, law)
    (refined,) = search.refine([found], found, 1, Deadline(1000))
    assert refined.way.batch == 8


def test_the_command_prints_the_report_or_what_is_kept(family, tmp_path, capsys):
    command = ["bench", "tune", "-m", str(family / "test.fp32.onnx"), "--budget", "0"]
    assert run([*command, "-o", str(tmp_path / "report")]) == 0
    page = capsys.readouterr().out
    assert "| test.fp32.onnx | onnxruntime | cpu | fp32 | 4 |" in page
    assert f"With -m {family} it takes the fastest file" in page
    assert (tmp_path / "report" / "tune-test.json").is_file()
    assert run([*command, "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert kept["choices"][0]["artifact"] == "test.fp32.onnx"
    assert kept["path"].startswith(str(tuning_folder()))


def test_the_demo_model_is_tuned(tmp_path):
    for path in DEMO_MODEL.parent.glob("demo.*"):
        shutil.copy(path, tmp_path)
    tuning, _, _ = tune(TuneRequest(tmp_path / "demo.fp32.onnx", budget=0.0))
    assert tuning.model == "demo"
    assert choose(tmp_path / "demo.fp32.onnx", GivenOptions(batch=2))[1] == EngineOptions(
        tuning.choices[0].engine, tuning.choices[0].device, 2, None, 0, "fp32"
    )


def test_precisions_are_all_ranked():
    known = set(itertools.chain.from_iterable(each for b in BACKENDS.values() for each in b.precisions.values()))
    from landslip.benchmarks.tune import engine_settings

    assert known <= set(engine_settings._LIKELY)


def test_tuning_needs_nothing_heavy():
    code = "import sys, landslip.benchmarks.commands.bench_tune; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tensorflow", "keras", "tf_keras", "onnx", "torch", "matplotlib", "h5py", "requests"} & set(loaded)
