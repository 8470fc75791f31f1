"""landslip verify --scene with a network that takes described bands: it is fed those, from the scene's own numbers."""

from __future__ import annotations

import hashlib
import json

import onnx
import pytest

from helpers.exports import SOURCE
from helpers.measured import described, network, numbers, stack
from helpers.models import first_band_model
from landslip.runtime.artifacts.spec import PRECISION_KEY
from landslip.runtime.cli.main import run

NIR_AND_RED = network(described("image", "post.nir", "post.red"), resolution=10.0, tile=64, multiple=8)


def artifact(folder, precision, band=0):
    """A network whose confidence is one of the two bands, named as an artifact of a precision."""
    path = first_band_model(folder / f"net.{precision}.onnx", NIR_AND_RED)
    model = onnx.load(path)
    for entry in model.metadata_props:
        if entry.key == PRECISION_KEY:
            entry.value = precision
    for constant in model.graph.initializer:
        if constant.name in {"first", "end"}:
            constant.int64_data[0] += band
    onnx.save(model, path)
    record = {
        "artifact": {
            "file": path.name,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "precision": precision,
        },
        "source": {"file": "net.hdf5", "sha256": SOURCE},
        "spec": {},
    }
    path.with_name(f"{path.name}.json").write_text(json.dumps(record))
    return path


@pytest.fixture
def scene(tmp_path):
    """SCENE.toml of one image of four named bands, stored in ten-thousandths of reflectance."""
    stack(tmp_path / "post.tif", 5 * numbers(4, 300, 300) // 2, ("blue", "green", "red", "nir"))
    (tmp_path / "SCENE.toml").write_text('post = "post.tif"\n')
    return tmp_path / "SCENE.toml"


def verified(capsys, folder, scene):
    code = run(["-q", "verify", str(folder), "--engine", "onnxruntime", "--scene", str(scene), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_its_bands_are_read_from_the_scene(tmp_path, scene, capsys):
    artifact(tmp_path, "fp32")
    artifact(tmp_path, "fp16")
    code, report = verified(capsys, tmp_path, scene)
    assert (code, report["verdict"]) == (0, "PASS")
    assert {each["precision"]: each["verdict"] for each in report["runs"]} == {"fp32": "reference", "fp16": "PASS"}
    for entry in report["runs"]:
        (figure,) = entry["figures"]
        assert (figure["kind"], figure["tile"]) == ("scene", NIR_AND_RED.tile)
        assert figure["tiles"] >= 2
        assert figure["max_abs"] == 0
        # Reflectance of near infrared, and not the numbers of the file, nor another band: some of it is landslide.
        assert 0 < figure["area_reference"] < figure["tiles"] * NIR_AND_RED.tile**2


def test_one_that_takes_another_band_fails(tmp_path, scene, capsys):
    artifact(tmp_path, "fp32")
    artifact(tmp_path, "fp16", band=1)
    code, report = verified(capsys, tmp_path, scene)
    assert (code, report["verdict"]) == (1, "FAIL")
    (wrong,) = [each for each in report["runs"] if each["precision"] == "fp16"]
    assert wrong["verdict"] == "FAIL"
    assert wrong["figures"][0]["max_abs"] > 0.01


def test_a_scene_without_its_bands_is_told(tmp_path, capsys):
    artifact(tmp_path, "fp32")
    artifact(tmp_path, "fp16")
    stack(tmp_path / "post.tif", numbers(3, 300, 300), ("blue", "green", "red"))
    (tmp_path / "SCENE.toml").write_text('post = "post.tif"\n')
    command = ["-q", "verify", str(tmp_path), "--engine", "onnxruntime", "--scene", str(tmp_path / "SCENE.toml")]
    assert run(command) == 3
    assert "nir" in capsys.readouterr().err
