"""What decides the engine of a map: what is asked for, an interrupted run, a tuning that holds, or the defaults."""

from __future__ import annotations

import importlib.util
import json
import logging
from dataclasses import replace

import pytest

from helpers.engines import mixing_engine
from helpers.exports import write_artifact
from helpers.rasters import scene_on_grid
from helpers.tunings import choice_for, write_tuning
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine, open_engine
from landslip.runtime.engines.tuned import machine_here, versions_here
from landslip.runtime.errors import InputMissingError, UsageError
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

USUAL = EngineOptions(batch=4)
with_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    caplog.set_level(logging.INFO, "landslip")


@pytest.fixture
def model(tmp_path):
    (tmp_path / "model").mkdir()
    return write_artifact(tmp_path / "model", "test.fp32.onnx")


def test_without_tuning_the_defaults_are_used(model, caplog):
    assert choose(model, GivenOptions()) == (model, USUAL)
    assert not caplog.text


def test_what_was_tuned_is_used_and_said(model, caplog):
    write_tuning(choice_for(model))
    expected = EngineOptions("openvino", "cpu", 2, None, 1, "fp32")
    assert choose(model, GivenOptions()) == (model, expected)
    assert "tuned on 2026-11-20: test.fp32.onnx, openvino on cpu in fp32, batch 2, 1 thread" in caplog.text
    assert "hint" not in caplog.text


def test_what_is_asked_for_wins(model):
    write_tuning(choice_for(model), choice_for(model, engine="onnxruntime", batch=8, threads=0, tiles_per_second=5.0))
    asked = {
        GivenOptions(batch=1): EngineOptions("openvino", "cpu", 1, None, 1, "fp32"),
        GivenOptions(threads=0): EngineOptions("openvino", "cpu", 2, None, 0, "fp32"),
        GivenOptions(tile=96): EngineOptions("openvino", "cpu", 2, 96, 1, "fp32"),
        GivenOptions(engine="onnxruntime"): EngineOptions("onnxruntime", "cpu", 8, None, 0, "fp32"),
        GivenOptions(engine="onnxruntime", batch=3): EngineOptions("onnxruntime", "cpu", 3, None, 0, "fp32"),
        GivenOptions(engine="tensorrt"): replace(USUAL, engine="tensorrt"),
        GivenOptions(device="cuda"): replace(USUAL, device="cuda"),
        GivenOptions(precision="fp16"): replace(USUAL, precision="fp16"),
    }
    assert {given: choose(model, given)[1] for given in asked} == asked


def test_another_precision_is_never_taken_by_itself_but_said(model, caplog):
    bf16 = choice_for(model, precision="bf16", tiles_per_second=23.0)
    write_tuning(choice_for(model), bf16)
    assert choose(model, GivenOptions())[1].precision == "fp32"
    assert f"2.3 times as fast here, and passed its gate: `model` {model} `precision` bf16" in caplog.text
    assert choose(model, GivenOptions(precision="bf16"))[1] == bf16.options()


@pytest.mark.parametrize(
    ("gain", "given", "said"),
    [
        (1.17, {}, True),
        (1.17, {"share_features": True}, False),
        (1.05, {}, False),
        (None, {}, False),
    ],
)
@pytest.mark.parametrize("as_folder", [False, True])
def test_shared_features_are_never_taken_by_themselves_but_said(model, caplog, gain, given, said, as_folder):
    write_tuning(choice_for(model, shared_features=gain))
    chosen, options = choose(model.parent if as_folder else model, GivenOptions(**given))
    assert chosen == model
    assert options.share_features is bool(given)
    assert ("1.17 times as fast here, and passed its gate: `share_features`" in caplog.text) is said


def test_int8_with_bf16_is_taken_by_itself_only_of_a_folder_and_as_tuned(model):
    other = write_artifact(model.parent, "test.int8.onnx", "int8")
    mixed = choice_for(other, precision="int8+bf16", tiles_per_second=50.0)
    write_tuning(choice_for(model), choice_for(other, precision="int8", tiles_per_second=40.0), mixed)
    assert choose(other, GivenOptions())[1].precision == "int8"
    assert choose(other, GivenOptions(precision="int8+bf16"))[1] == mixed.options()
    assert choose(model.parent, GivenOptions()) == (other, mixed.options())
    assert choose(model.parent, GivenOptions(precision="int8"))[1].precision == "int8"


def test_another_artifact_is_never_taken_by_itself_but_said(model, caplog):
    other = write_artifact(model.parent, "test.int8.onnx", "int8")
    write_tuning(choice_for(model), choice_for(other, precision="int8", tiles_per_second=40.0))
    assert choose(model, GivenOptions())[0] == model
    assert (
        f"test.int8.onnx in int8 with openvino was 4.0 times as fast here, and passed its gate: `model` {other}"
        in caplog.text
    )
    caplog.clear()
    other.unlink()
    choose(model, GivenOptions())
    assert "hint" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"versions": versions_here() | {"landslip": "0.0.1"}}, "landslip was '0.0.1' and is"),
        ({"machine": machine_here() | {"cores": 3000}}, "cores was 3000 and is"),
        ({"machine": machine_here() | {"instruction_sets": ["abacus"]}}, "instruction_sets was ['abacus'] and is"),
    ],
)
def test_a_stale_tuning_is_said_and_not_used(model, caplog, changes, words):
    write_tuning(choice_for(model), **changes)
    assert choose(model, GivenOptions()) == (model, USUAL)
    assert words in caplog.text
    assert f"The defaults are used; tune again with: landslip bench tune -m {model}" in caplog.text
    assert caplog.records[-1].levelname == "WARNING"


def test_a_tuning_of_another_file_of_that_name_is_not_used(model, caplog):
    write_tuning(choice_for(model, sha256="00" * 32))
    assert choose(model, GivenOptions()) == (model, USUAL)
    assert "test.fp32.onnx is not one of the files it was tuned with. The defaults are used" in caplog.text


def test_a_record_of_another_model_is_nobodys_business(model, caplog):
    write_tuning(choice_for(model, sha256="00" * 32), family="11" * 32)
    assert choose(model, GivenOptions()) == (model, USUAL)
    assert not caplog.text


def test_of_several_machines_that_share_a_folder_this_one_counts(model, caplog):
    write_tuning(choice_for(model, batch=16), machine={"cpu": "other", "cores": 64}, tuned="2027-01-01")
    write_tuning(choice_for(model))
    assert choose(model, GivenOptions())[1].batch == 2
    assert "does not hold" not in caplog.text


def test_an_artifact_without_its_record_is_known_by_its_content(model):
    write_tuning(choice_for(model))
    model.with_name("test.fp32.onnx.json").unlink()
    assert choose(model, GivenOptions())[1].batch == 2


def test_of_a_folder_the_fastest_is_taken(model, caplog):
    other = write_artifact(model.parent, "test.int8.onnx", "int8")
    int8 = choice_for(other, precision="int8", tiles_per_second=40.0)
    write_tuning(choice_for(model), int8)
    assert choose(model.parent, GivenOptions()) == (other, int8.options())
    assert "tuned on 2026-11-20: test.int8.onnx" in caplog.text
    assert choose(model.parent, GivenOptions(precision="fp32"))[0] == model
    other.unlink()
    assert choose(model.parent, GivenOptions())[0] == model
    assert "test.int8.onnx, the fastest here when it was tuned on 2026-11-20, is gone or another file" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (None, r"is not known\. Name one of them, or tune with: landslip bench tune -m"),
        ({"versions": {}}, r"not known any more, as it was tuned on 2026-11-20: landslip was not there and is"),
        ({"choices": ()}, "no file in .* was tuned for what is asked for"),
    ],
)
def test_a_folder_of_which_the_fastest_is_not_known_is_refused(model, spoil, words):
    if spoil is not None:
        write_tuning(choice_for(model), **spoil)
    with pytest.raises(UsageError, match=words):
        choose(model.parent, GivenOptions())


def test_folders_without_a_model_or_with_several_are_refused(model, tmp_path):
    with pytest.raises(InputMissingError, match=r"holds no \.onnx file"):
        choose(tmp_path, GivenOptions())
    write_artifact(model.parent, "other.onnx", source="cd" * 32)
    with pytest.raises(UsageError, match="holds artifacts of 2 models"):
        choose(model.parent, GivenOptions())


def test_a_missing_model_is_for_the_engine_to_say(tmp_path, model):
    write_tuning(choice_for(model))
    assert choose(tmp_path / "nowhere.onnx", GivenOptions()) == (tmp_path / "nowhere.onnx", USUAL)


@pytest.fixture
def scene(tmp_path, model):
    files = scene_on_grid(tmp_path, 220, 260)
    arguments = [
        "map", "--pre", files.pre, "--post", files.post, "--hillshade", files.hillshade, "--slope", files.slope,
        "--tile", 64, "-o", tmp_path / "out",
    ]  # fmt: skip
    return files, [str(part) for part in arguments]


def record_in(folder):
    return json.loads((folder / "out" / "run.json").read_text())


@with_openvino
def test_a_map_uses_what_was_tuned_and_falls_back_where_it_is_stale(tmp_path, model, scene, caplog):
    _, arguments = scene
    write_tuning(choice_for(model))
    assert run([*arguments, "-m", str(model)]) == 0
    assert record_in(tmp_path)["engine"]["name"] == "openvino"
    assert "engine: openvino" in caplog.text
    assert "(as tuned)" in caplog.text
    assert run([*arguments, "-m", str(model), "--overwrite", "--engine", "onnxruntime"]) == 0
    assert record_in(tmp_path)["engine"]["name"] == "onnxruntime"
    assert run([*arguments, "-m", str(model.parent), "--overwrite"]) == 0
    assert record_in(tmp_path)["engine"]["name"] == "openvino"
    write_tuning(choice_for(model), versions={})
    assert run([*arguments, "-m", str(model), "--overwrite"]) == 0
    assert record_in(tmp_path)["engine"]["name"] == "onnxruntime"
    assert run([*arguments, "-m", str(model.parent), "--overwrite"]) == 2


def stopped(files, model, out, monkeypatch, engine):
    """A run that some rows of are kept of."""
    monkeypatch.setattr("landslip.runtime.run.run_files.INTERVAL", 0.0)
    calls = iter(range(100))
    usual = engine.infer

    def failing(batch):
        if next(calls) > 1:
            raise KeyboardInterrupt
        return usual(batch)

    monkeypatch.setattr(engine, "infer", failing)
    with pytest.raises(KeyboardInterrupt):
        map_scene(MapRequest(model, files, out, engine=EngineOptions(tile=64, batch=4)), engine=engine)


@with_openvino
@pytest.mark.parametrize("as_folder", [False, True])
def test_a_run_goes_on_with_the_engine_it_was_started_with(tmp_path, model, scene, monkeypatch, caplog, as_folder):
    files, arguments = scene
    with open_engine(model, EngineOptions("onnxruntime", tile=64)) as engine:
        stopped(files, model, tmp_path / "out", monkeypatch, engine)
    other = write_artifact(model.parent, "test.int8.onnx", "int8")
    write_tuning(choice_for(model), choice_for(other, precision="int8", tiles_per_second=40.0))
    command = [*arguments, "-m", str(model.parent if as_folder else model), "--resume"]
    assert run([*command, "--engine", "openvino"]) == 2
    assert run(command) == 0
    assert "as the run was started: engine onnxruntime, device cpu, precision fp32" in caplog.text
    record = record_in(tmp_path)
    assert record["engine"]["name"] == "onnxruntime"
    assert record["resumed_after_row"] > 0
    assert run(command) == 0  # complete: nothing to do
    assert record_in(tmp_path) == record


def test_a_batch_that_decides_is_kept_and_an_engine_that_is_none_is_left_alone(tmp_path, model):
    out = tmp_path / "out"
    out.mkdir()
    identity = {"engine": {"name": "onnxruntime", "device": "cuda", "precision": "fp32"}, "batch": {"asked": 7}}
    (out / "run.json").write_text(json.dumps(identity))
    assert choose(model, GivenOptions(), out)[1] == EngineOptions("onnxruntime", "cuda", 7, None, 0, "fp32")
    for content in ("", "[]", "{}", '{"engine": 3}', '{"engine": {"name": "fake", "device": "cpu"}}'):
        (out / "run.json").write_text(content)
        assert choose(model, GivenOptions(), out) == (model, USUAL)


def test_another_engine_is_not_asked_for_a_device_it_does_not_have(tmp_path, model):
    out = tmp_path / "out"
    out.mkdir()
    begun = {"engine": {"name": "onnxruntime", "device": "cuda", "precision": "fp16"}}
    (out / "run.json").write_text(json.dumps(begun))
    assert choose(model, GivenOptions(engine="openvino"), out)[1] == replace(USUAL, engine="openvino")
    assert choose(model, GivenOptions(engine="onnxruntime"), out)[1] == EngineOptions(
        "onnxruntime", "cuda", precision="fp16"
    )


@pytest.mark.parametrize("said", [{}, {"shared_features": True}, {"shared_features": "yes"}])
def test_a_run_goes_on_with_features_shared_as_it_was_begun(tmp_path, model, said):
    begun = {"engine": {"name": "onnxruntime", "device": "cpu", "precision": "fp32", **said}}
    (tmp_path / "run.json").write_text(json.dumps(begun))
    options = choose(model, GivenOptions(), tmp_path)[1]
    assert options.share_features is (said.get("shared_features") is True)
    assert choose(model, GivenOptions(share_features=True))[1].share_features


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_a_run_that_is_complete_is_known_by_the_batch_in_its_record(tmp_path, model, scene, device):
    """On a GPU the batch decides, so that a tuning made since must not replace it."""
    files, _ = scene
    out = tmp_path / "out"

    def mapped(options, **more):
        engine = mixing_engine()
        engine.name, engine.device, engine.precision = "onnxruntime", device, "fp32"
        return map_scene(MapRequest(model, files, out, engine=options, **more), engine=engine)

    record = mapped(EngineOptions(tile=64, batch=7))
    write_tuning(choice_for(model, engine="onnxruntime", device=device, batch=16))
    assert mapped(choose(model, GivenOptions(tile=64), out)[1], resume=True) == record
    if device == "cpu":
        assert mapped(EngineOptions(tile=64, batch=1), resume=True) == record


def test_a_folder_without_the_artifact_of_the_run_is_refused(tmp_path, model):
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text(json.dumps({"model": {"sha256": "00" * 32}, "engine": {}}))
    assert run(["map", "-m", str(model.parent), "-o", str(out), "--resume", "--post", "x.tif"]) == 3


def test_the_python_interface_does_what_its_request_says(tmp_path, model, scene):
    files, _ = scene
    write_tuning(choice_for(model))
    record = map_scene(
        MapRequest(model, files, tmp_path / "out", engine=EngineOptions(tile=64)), engine=mixing_engine()
    )
    assert record["engine"]["name"] == FakeEngine.name
    again = map_scene(MapRequest(model, files, tmp_path / "out", engine=EngineOptions(tile=64), overwrite=True))
    assert again["engine"]["name"] == "onnxruntime"
