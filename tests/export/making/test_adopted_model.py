from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import landslip
from helpers.foreign_onnx import TORCH, Net, pictures, torch_network
from helpers.stac import problems
from landslip.export.making.adopted_model import adopt_model
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import ModelError, ParityError, UsageError

ALL = ("fp32", "fp16", "int8")


@pytest.fixture(scope="module")
def adopted(tmp_path_factory):
    """The network of three bands in every precision, for two backends."""
    out = tmp_path_factory.mktemp("adopted")
    return landslip.adopt_model(
        TORCH / "picture.onnx", out, spec=TORCH / "picture.toml", precisions=ALL, targets=("onnx", "openvino")
    )


@pytest.mark.slow
def test_every_precision_passes_the_gates(adopted):
    names = ["picture.fp32.onnx", "picture.fp16.onnx", "picture.int8.onnx", "picture.int8.openvino.onnx"]
    assert [artifact.path.name for artifact in adopted] == names
    for artifact in adopted:
        assert artifact.parity
        assert min(figure.iou for figure in artifact.parity if figure.kind == "scene") >= 0.98


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_engines_say_what_pytorch_said(adopted, engine):
    known = torch_network("picture")
    with open_engine(adopted[0].path, EngineOptions(engine, "cpu", 2, 64)) as running:
        np.testing.assert_allclose(running.infer(known.batch), known.confidence, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_the_record_says_where_it_comes_from(adopted):
    record = json.loads(adopted[0].record.read_text(encoding="utf-8"))
    source = TORCH / "picture.onnx"
    assert record["source"] == {
        "file": "picture.onnx",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "bytes": source.stat().st_size,
        "opset": 17,
        "producer": "pytorch 1.13.0",
        "weights": {},
        "registered": None,
        "kind": "onnx",
    }
    assert set(record["tools"]) == {"python", "onnx", "onnxruntime", "numpy"}
    assert record["parity"]["reference"] == "picture.onnx itself with ONNX Runtime, node by node, CPU"
    assert landslip.ArtifactRecord.read(adopted[0].record).source.opset == 17


@pytest.mark.slow
def test_the_item_for_catalogues_is_sound(adopted):
    item = json.loads((adopted[0].path.parent / "picture.stac.json").read_text(encoding="utf-8"))
    assert problems(item) == []


@pytest.mark.slow
def test_verify_proves_the_folder(adopted):
    report = landslip.verify(adopted[0].path.parent, device="cpu")
    assert report.passed
    assert report.references == {"picture": "picture.onnx itself with ONNX Runtime, node by node, CPU"}


@pytest.mark.slow
def test_verify_asks_the_file_again(adopted, tmp_path):
    source, spec = TORCH / "picture.onnx", TORCH / "picture.toml"
    report = landslip.verify(adopted[0].path, reference=source, spec=spec, device="cpu")
    assert report.passed
    assert report.references == {"picture": "picture.onnx itself with ONNX Runtime, node by node, CPU, asked now"}
    with pytest.raises(landslip.InputError, match="is not the file"):
        landslip.verify(adopted[0].path, reference=TORCH / "planet.onnx", spec=spec)


@pytest.mark.slow
def test_nothing_of_keras_is_imported(tmp_path):
    heavy = ("tensorflow", "tf_keras", "tf2onnx", "h5py", "keras", "torch")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy!r})); from landslip.runtime.cli.main import run; "
        "sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "adopt", str(TORCH / "picture.onnx"), "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [*command, "--spec", str(TORCH / "picture.toml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'out' / 'picture.fp32.onnx'}\n"


def test_weights_beside_the_file_are_in_the_artifact(tmp_path):
    model = onnx.load(TORCH / "picture.onnx")
    onnx.save_model(model, tmp_path / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=0)
    (artifact,) = landslip.adopt_model(tmp_path / "net.onnx", tmp_path / "out", spec=TORCH / "picture.toml")
    record = json.loads(artifact.record.read_text(encoding="utf-8"))
    assert record["source"]["weights"] == {"net.data": hashlib.sha256((tmp_path / "net.data").read_bytes()).hexdigest()}
    (tmp_path / "net.data").unlink()
    known = torch_network("picture")
    with open_engine(artifact.path, EngineOptions("onnxruntime", "cpu", 2, 64)) as running:
        np.testing.assert_allclose(running.infer(known.batch), known.confidence, rtol=0, atol=1e-4)


def test_without_a_description_one_is_asked_for(tmp_path):
    with pytest.raises(UsageError, match="does not say which bands feed it") as refused:
        adopt_model(TORCH / "picture.onnx", tmp_path / "out", spec=None)
    assert refused.value.option == "spec"
    assert not (tmp_path / "out").exists()


def test_what_is_refused_leaves_no_folder(tmp_path):
    onnx.save(Net(("n", 4, "rows", "cols")).conv(4, 1).model(), tmp_path / "net.onnx")
    with pytest.raises(ModelError):
        adopt_model(tmp_path / "net.onnx", tmp_path / "out", spec=TORCH / "picture.toml")
    assert not (tmp_path / "out").exists()


def test_a_graph_that_says_something_else_is_not_kept(tmp_path, monkeypatch):
    from landslip.export.adoption import adopted_network

    def spoilt(original, fit, batch, *, exact=True):
        return np.full((1, 1, *batch["post"].shape[2:]), 0.5)

    monkeypatch.setattr(adopted_network, "_confidence", spoilt)
    with pytest.raises(ParityError, match="strays from the network it was made from"):
        adopt_model(TORCH / "picture.onnx", tmp_path / "out", spec=TORCH / "picture.toml")
    assert not (tmp_path / "out").exists()


def test_tiles_of_tests_are_pictures():
    assert pictures()["post"].shape == (2, 3, 16, 16)
    assert Path(TORCH / "train.py").is_file()
