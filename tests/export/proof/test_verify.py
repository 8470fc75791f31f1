"""landslip verify: what passes, what fails, what cannot be tried, and the exit code of each."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from helpers.engines import SPEC
from helpers.exports import write_artifact, write_export
from helpers.models import batch_of, brightness_model
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.models.synthetic import EventSpec, write_event
from landslip.runtime.artifacts.reference_tiles import Reference, Rounding, TileSet, write_reference
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import EngineError
from landslip.runtime.system.digests import sha256_of

REFERENCE = f"{SPEC.name}.reference.npz"

NOT_ASKED = "not the network it was made from"


def name_reference(folder, digest):
    """Put the reference tiles into the record."""
    path = folder / "test.fp32.onnx.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"reference": {"file": REFERENCE, "sha256": digest}}))


def verified(capsys, *arguments):
    """Exit code and report of a run."""
    code = run(["-q", "verify", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def verdicts(report):
    return {(entry["engine"], entry["precision"]): entry["verdict"] for entry in report["runs"]}


def reasons(report):
    """What is objected to each artifact, by the name of its file."""
    return {entry["artifact"].rsplit("/", 1)[-1]: " ".join(entry["objections"]) for entry in report["runs"]}


def test_an_artifact_that_says_the_same_passes_with_every_engine(export, capsys):
    code, report = verified(capsys, export)
    assert (code, report["verdict"]) == (0, "PASS")
    assert report["references"] == {SPEC.name: "the brightest band"}
    found = verdicts(report)
    assert found["onnxruntime", "fp32"] == found["openvino", "fp32"] == "PASS"
    assert ("openvino", "bf16") in found
    figures = report["runs"][0]["figures"]
    assert [(figure["kind"], figure["tiles"], figure["tile"]) for figure in figures] == [
        ("noise", 3, 64), ("scene", 3, 64), ("scene", 3, 96),
    ]  # fmt: skip
    assert all(figure["max_abs"] < 1e-6 for figure in figures)


def test_the_table_shows_figures_machine_and_limits(export, capsys):
    assert run(["-q", "verify", str(export)]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    assert any(line[:2] == ["test.fp32.onnx", "onnxruntime"] and line[-1] == "PASS" for line in lines)
    assert "artifact        engine" in out
    assert "cores" in out
    assert "numpy" in out
    assert "fp32: max_abs <= 1e-05" in out
    assert "compared with: the brightest band" in out


def test_a_terminal_obeys_no_name_of_a_file(export, capsys):
    shutil.copy(export / "test.fp32.onnx", export / "\x1b[2J.onnx")
    assert run(["-q", "verify", str(export), "--engine", "onnxruntime"]) == 0
    out = capsys.readouterr().out
    assert "?[2J.onnx" in out
    assert "\x1b" not in out


def test_a_record_names_no_file_elsewhere(export, capsys):
    path = export / "test.fp32.onnx.json"
    record = json.loads(path.read_text())
    for name in ("/", "..", f"/elsewhere/{REFERENCE}", f"../{REFERENCE}"):
        path.write_text(json.dumps(record | {"reference": {"file": name}}))
        assert run(["-q", "verify", str(export), "--engine", "onnxruntime"]) == (3 if name == ".." else 0)
    assert "is no regular file" in capsys.readouterr().err


def test_what_differs_fails_and_is_named(tmp_path, capsys):
    write_export(tmp_path, error=0.01)
    code, report = verified(capsys, tmp_path, "--engine", "onnxruntime")
    assert (code, report["verdict"]) == (1, "FAIL")
    assert report["runs"][0]["figures"][0]["max_abs"] == pytest.approx(0.01, rel=1e-3)
    assert run(["-q", "verify", str(tmp_path), "--engine", "onnxruntime"]) == 1
    assert "FAIL  test.fp32.onnx with onnxruntime in fp32: differs by up to 0.01" in capsys.readouterr().out


def test_the_reference_named_in_the_record_is_taken(export, capsys):
    name_reference(export, sha256_of(export / REFERENCE))
    assert verified(capsys, export, "--engine", "onnxruntime")[0] == 0


def test_limits_are_options(tmp_path, capsys):
    write_export(tmp_path, error=0.01)
    command = (tmp_path, "--engine", "onnxruntime", "--limit")
    assert verified(capsys, *command, "fp32:max_abs=0.02")[0] == 0
    assert verified(capsys, *command, "fp32:max_abs=none")[0] == 0
    code, report = verified(capsys, *command, "fp32:max_abs=0.02", "--limit", "fp32:iou=0.9999")
    assert code == 1
    assert report["gates"]["fp32"] == {"max_abs": 0.02, "iou": 0.9999}


def test_an_artifact_as_near_as_keras_in_float32_passes_and_both_figures_are_told(tmp_path, capsys):
    write_export(tmp_path, error=3e-5, rounding=Rounding(2e-5, 1.9e-5))
    command = (tmp_path, "--engine", "onnxruntime")
    code, report = verified(capsys, *command)
    assert code == 0
    assert report["gates"]["fp32"] == {"max_abs": 1e-5, "keras_float32": 2.0}
    for figure in report["runs"][0]["figures"]:
        assert figure["max_abs"] == pytest.approx(3e-5, rel=0.1)
        assert figure["keras_float32"] == {"max_abs": 2e-5, "mean_abs": pytest.approx(1.9e-5)}
    assert run(["-q", "verify", *map(str, command)]) == 0
    out = capsys.readouterr().out
    assert "Beside test.fp32.onnx the network itself in float32 is off by 2.0e-05, 1.9e-05 in the mean" in out
    assert "Allowed  fp32: max_abs <= 1e-05 or 2 times what the network in float32 does" in out
    assert "allows more" not in out
    assert run(["-q", "verify", *map(str, command), "--limit", "fp32:max=1e-5"]) == 1
    assert "(--limit PRECISION:FIGURE=VALUE allows more)" in capsys.readouterr().out


def test_a_reference_without_those_figures_is_judged_by_the_plain_limit(tmp_path, capsys):
    write_export(tmp_path, error=3e-5)
    assert verified(capsys, tmp_path, "--engine", "onnxruntime")[0] == 1
    write_export(tmp_path, error=9e-6)
    code, report = verified(capsys, tmp_path, "--engine", "onnxruntime")
    assert code == 0
    assert all(figure["keras_float32"] is None for figure in report["runs"][0]["figures"])


def test_a_reference_without_numbers_is_refused(export, capsys):
    tiles = TileSet("scene", batch_of(2))
    nothing = np.full((2, 1, 64, 64), np.nan, np.float32)
    write_reference(export / REFERENCE, Reference(SPEC.name, "ab" * 32, "nobody", ((tiles, nothing),)))
    assert run(["-q", "verify", str(export)]) == 3
    assert "confidences that are none of 0..1" in capsys.readouterr().err


def test_a_damaged_copy_is_named_and_the_rest_is_tried(export, capsys):
    damaged = write_artifact(export, "test.fp16.onnx", "fp16")
    content = bytearray(damaged.read_bytes())
    content[-10] ^= 1
    damaged.write_bytes(content)
    (export / "cut.onnx").write_bytes(content[: len(content) // 2])
    write_artifact(export, "noted.onnx").with_name("noted.onnx.json").write_text('{"artifact":')
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert code == 1
    found = reasons(report)
    assert "is not the file its record test.fp16.onnx.json was written for" in found["test.fp16.onnx"]
    assert "is damaged or no ONNX model" in found["cut.onnx"]
    assert "noted.onnx.json is no record, or a damaged one" in found["noted.onnx"]
    assert found["test.fp32.onnx"] == ""


def test_each_artifact_is_held_to_its_own_source(export, capsys):
    write_artifact(export, "test.fp16.onnx", "fp16", source="cd" * 32)
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert code == 1
    assert verdicts(report) == {("onnxruntime", "fp32"): "PASS", ("", ""): "FAIL"}
    assert "was written for another model than test.fp16.onnx" in reasons(report)["test.fp16.onnx"]


def test_each_artifact_is_held_to_the_tiles_it_was_recorded_with(export, capsys):
    write_artifact(export, "test.fp16.onnx", "fp16")
    name_reference(export, "0" * 64)
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert code == 1
    assert verdicts(report) == {("onnxruntime", "fp16"): "PASS", ("", ""): "FAIL"}
    assert "is not the file test.fp32.onnx was recorded with" in reasons(report)["test.fp32.onnx"]


def test_a_damaged_reference_fails_its_artifacts_and_no_others(export, capsys):
    other = brightness_model(export / "other.fp32.onnx", replace(SPEC, name="other"))
    (export / "other.reference.npz").write_bytes(b"PK")
    (export / "gone.onnx").symlink_to(export / "nowhere")
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert (code, report["verdict"]) == (1, "FAIL")
    found = reasons(report)
    assert "reference tiles cannot be read" in found[other.name]
    assert "does not exist" in found["gone.onnx"]
    assert found["test.fp32.onnx"] == ""
    assert report["references"] == {SPEC.name: "the brightest band"}


def test_an_artifact_that_is_missing_fails(export, capsys):
    assets = {
        "fp16": {"href": "./test.fp16%20b.onnx"},
        "far": {"href": "../x.onnx"},
        "odd": 1,
        "tiles": {"href": "./a"},
    }
    (export / "test.stac.json").write_text(json.dumps({"assets": assets}))
    (export / "broken.stac.json").write_text("[]")
    write_artifact(export, "test.int8.onnx", "int8").unlink()
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert code == 1
    found = reasons(report)
    assert "test.int8.onnx is missing, and its record test.int8.onnx.json is there" in found["test.int8.onnx"]
    assert "is missing, and test.stac.json lists it" in found["test.fp16 b.onnx"]
    assert set(found) == {"test.fp32.onnx", "test.int8.onnx", "test.fp16 b.onnx"}
    (export / "test.fp32.onnx").unlink()
    assert run(["-q", "verify", str(export)]) == 1


def test_an_artifact_without_a_record_is_judged_by_its_figures(export, capsys):
    (export / "test.fp32.onnx.json").unlink()
    assert verified(capsys, export / "test.fp32.onnx", "--engine", "openvino")[0] == 0


def test_the_looser_gate_applies(export, capsys):
    write_artifact(export, "test.fp16.onnx", "fp16")
    _, report = verified(capsys, export, "--engine", "openvino")
    judged = {(entry["artifact"][-9:], entry["precision"]): entry["judged_as"] for entry in report["runs"]}
    assert judged["fp32.onnx", "fp32"] == "fp32"
    assert judged["fp32.onnx", "bf16"] == "bf16"
    assert judged["fp16.onnx", "fp32"] == "fp16"


def test_int8_is_tried_with_bf16_too_and_a_precision_can_be_named(export, capsys):
    write_artifact(export, "test.int8.openvino.onnx", "int8", "openvino")
    _, report = verified(capsys, export, "--engine", "openvino")
    of_int8 = {entry["precision"]: entry for entry in report["runs"] if entry["artifact"].endswith("openvino.onnx")}
    assert {*of_int8} == {"int8", "int8+bf16"}
    assert {precision: entry["judged_as"] for precision, entry in of_int8.items()} == {
        "int8": "int8", "int8+bf16": "int8+bf16",
    }  # fmt: skip
    assert of_int8["int8+bf16"]["verdict"] == "PASS" or "does not compute in" in of_int8["int8+bf16"]["not_run"]
    code, report = verified(capsys, export, "--precision", "int8")
    assert code == 0
    assert [(entry["engine"], entry["precision"], entry["verdict"]) for entry in report["runs"]] == [
        ("", "int8", "not run"), ("openvino", "int8", "PASS"),
    ]  # fmt: skip
    assert report["runs"][0]["not_run"] == "no engine computes it in int8."


def test_a_named_engine_says_why_it_does_not_compute_in_a_precision(export, capsys):
    code, report = verified(capsys, export, "--engine", "onnxruntime", "--precision", "int8+bf16")
    assert (code, report["verdict"]) == (4, "not run")
    assert "take --engine openvino for bf16 and int8+bf16" in report["runs"][0]["not_run"]


def test_what_cannot_be_tried_is_listed_with_the_reason(export, capsys):
    write_artifact(export, "test.int8.openvino.onnx", "int8", "openvino")
    assert run(["-q", "verify", str(export), "--engine", "onnxruntime"]) == 0
    out = capsys.readouterr().out
    assert "not run  test.int8.openvino.onnx with onnxruntime in int8:" in out
    assert "is made for openvino" in out
    assert "1 PASS, 0 FAIL, 1 not run" in out


def test_a_model_that_landslip_cannot_feed_is_listed_and_no_failure(export, capsys):
    brightness_model(export / "own.fp32.onnx", None)
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert code == 0
    assert report["runs"][0]["verdict"] == "not run"
    assert "neither feed nor judge it" in report["runs"][0]["not_run"]
    for path in (*export.glob("test.*"),):
        path.unlink()
    code, report = verified(capsys, export)
    assert (code, report["verdict"]) == (3, "nothing to compare")


def test_advice_for_maps_is_not_given_here(export, capsys, monkeypatch):
    def unable(*_):
        raise EngineError("This CPU does not compute in fp16. Say which one: `precision` fp32, or take another engine.")

    monkeypatch.setattr("landslip.runtime.engines.onnx_runtime.OnnxRuntimeEngine.__init__", unable)
    code, report = verified(capsys, export, "--engine", "onnxruntime")
    assert code == 4
    assert report["runs"][0]["not_run"] == "This CPU does not compute in fp16."


def test_where_no_engine_works_the_exit_code_is_4(export, capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "landslip.runtime.engines.open_vino", raising=False)
    monkeypatch.setitem(sys.modules, "openvino", None)
    code, report = verified(capsys, export, "--engine", "openvino")
    assert (code, report["verdict"]) == (4, "not run")
    assert "pip install 'landslip[openvino]'" in report["runs"][0]["not_run"]
    assert verified(capsys, export)[0] == 0  # onnxruntime remains


def test_a_device_that_is_not_there_is_not_replaced(export, capsys):
    code, report = verified(capsys, export, "--engine", "openvino", "--device", "cuda")
    assert code == 4
    assert "does not run on cuda" in report["runs"][0]["not_run"]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / REFERENCE).unlink(), "Export the model again, or give --reference"),
        (lambda folder: (folder / REFERENCE).write_bytes(b"PK"), "reference tiles cannot be read"),
        (lambda folder: write_export(folder, source="cd" * 32), "was written for another model"),
        (lambda folder: name_reference(folder, "0" * 64), "is not the file test.fp32.onnx was recorded with"),
        (lambda folder: [path.unlink() for path in folder.glob("*.onnx*")], "holds no .onnx file"),
        (shutil.rmtree, "does not exist"),
    ],
)
def test_without_something_to_compare_the_exit_code_is_3(export, capsys, spoil, words):
    spoil(export)
    assert run(["-q", "verify", str(export)]) == 3
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_tiles_of_another_kind_of_model_are_refused(export, capsys):
    tiles = TileSet("scene", {"post": batch_of(2)["post"]})
    answers = np.zeros((2, 1, 64, 64), np.float32)
    write_reference(export / REFERENCE, Reference(SPEC.name, "ab" * 32, "nobody", ((tiles, answers),)))
    assert run(["-q", "verify", str(export)]) == 3
    assert "holds tiles of" in capsys.readouterr().err


def test_a_single_file_that_is_no_model_is_bad_input(tmp_path, capsys):
    page = tmp_path / "model.onnx"
    page.write_text("<!DOCTYPE html>")
    assert run(["-q", "verify", str(page)]) == 3
    assert "is a web page" in capsys.readouterr().err
    assert run(["-q", "verify", str(brightness_model(tmp_path / "foreign.onnx", None))]) == 3
    assert "without a description" in capsys.readouterr().err


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """SCENE.toml of a generated event of three by three tiles."""
    folder = tmp_path_factory.mktemp("scene")
    event = write_event(folder, EventSpec(seed=5, width_m=4200.0, height_m=4200.0))
    named = {"pre": event.pre, "post": event.post, "dem": event.dem}
    (folder / "SCENE.toml").write_text("".join(f'{key} = "{path.name}"\n' for key, path in named.items()))
    return folder / "SCENE.toml"


@pytest.mark.slow
def test_tiles_of_a_scene_are_compared_with_the_fp32_artifact(export, scene, capsys):
    (export / REFERENCE).unlink()
    write_artifact(export, "test.fp16.onnx", "fp16")
    code, report = verified(capsys, export, "--engine", "onnxruntime", "--scene", scene)
    assert code == 0
    assert report["references"][SPEC.name] == f"test.fp32.onnx with onnxruntime on the CPU, {NOT_ASKED}"
    for entry in report["runs"]:
        (figure,) = entry["figures"]
        assert (figure["kind"], figure["tile"]) == ("scene", SPEC.tile)
        assert figure["tiles"] >= 2
        assert 0 < figure["area_reference"] < figure["tiles"] * SPEC.tile**2
    assert verdicts(report) == {("onnxruntime", "fp32"): "reference", ("onnxruntime", "fp16"): "PASS"}


def test_on_a_scene_both_sides_are_rounded(tmp_path, scene, capsys):
    write_export(tmp_path, rounding=Rounding(2e-5, 1e-6))
    _, report = verified(capsys, tmp_path, "--engine", "openvino", "--scene", scene)
    assert report["runs"][0]["figures"][0]["keras_float32"] == {"max_abs": 4e-5, "mean_abs": pytest.approx(2e-6)}


def test_the_reference_alone_proves_nothing(export, scene, capsys):
    command = (export, "--engine", "onnxruntime", "--scene", scene)
    code, report = verified(capsys, *command)
    assert (code, report["verdict"]) == (3, "nothing to compare")
    assert run(["-q", "verify", *map(str, command)]) == 3
    out = capsys.readouterr().out
    assert "0 PASS, 0 FAIL, 0 not run, 1 reference" in out
    assert any(line.split()[-1:] == ["reference"] for line in out.splitlines())


def test_a_scene_needs_something_to_compare_with(tmp_path, scene, capsys):
    write_artifact(tmp_path, "test.int8.onnx", "int8")
    assert run(["-q", "verify", str(tmp_path), "--scene", str(scene)]) == 3
    assert "no sound fp32 artifact of test to compare with" in capsys.readouterr().err
    write_artifact(tmp_path, "test.fp32.onnx", source="cd" * 32)
    code, report = verified(capsys, tmp_path, "--scene", scene, "--engine", "onnxruntime")
    assert code == 1
    assert "no sound fp32 artifact of test" in reasons(report)["test.int8.onnx"]
    (tmp_path / "test.fp32.onnx").unlink()
    (tmp_path / "test.fp32.onnx.json").unlink()
    assert run(["-q", "verify", str(tmp_path), "--scene", str(tmp_path / "gone.toml")]) == 3


WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tensorflow", "tf_keras", "keras", "onnx", "tf2onnx", "h5py", "google"}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
from landslip.runtime.cli.main import main
main(sys.argv[1:])
"""


def test_it_needs_no_tensorflow(tmp_path):
    """The demo network, on tiles that were answered before."""
    shutil.copy(DEMO_MODEL, tmp_path)
    record = json.loads(DEMO_MODEL.with_name(f"{DEMO_MODEL.name}.json").read_text())
    source = record["source"]["sha256"]
    del record["reference"]  # which is of other tiles
    (tmp_path / f"{DEMO_MODEL.name}.json").write_text(json.dumps(record))
    tiles = TileSet("scene", batch_of(2))
    with open_engine(DEMO_MODEL, EngineOptions(batch=2, tile=64)) as engine:
        answers = engine.infer(tiles.batch)
    write_reference(tmp_path / "demo.reference.npz", Reference("demo", source, "before", ((tiles, answers),)))
    command = [sys.executable, "-c", WITHOUT, "-q", "verify", tmp_path, "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = verdicts(json.loads(result.stdout))
    assert found["onnxruntime", "fp32"] == found["openvino", "fp32"] == "PASS"


def test_features_apart_are_proven_like_the_whole(capsys):
    code, report = verified(capsys, DEMO_MODEL, "--share-features", "--precision", "fp32")
    found = verdicts(report)
    assert (code, found["openvino", "fp32"], found["tensorrt", "fp32"]) == (0, "PASS", "not run")


def test_a_model_without_features_to_share_fails_when_they_are_asked_for(export, capsys):
    code, report = verified(capsys, export, "--share-features", "--engine", "onnxruntime")
    assert code == 1
    assert "no features that overlapping tiles could share" in reasons(report)["test.fp32.onnx"]
