from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import numpy_helper

from helpers.broken_files import MARKER, payload
from helpers.keras_files import conv, layer, layers_with, op, tiny_config, tiny_layers, tiny_weights, write_keras_hdf5
from helpers.stac import problems
from landslip.export.folder.export_options import ExportOptions
from landslip.export.judging.tiles import noise_batch, parity_tiles, relief_batch
from landslip.models.registry.registry import M_ALL_006, REGISTRY
from landslip.runtime.artifacts.spec import METADATA_KEY, PRECISION_KEY, ModelSpec, published_spec
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import InputMissingError, ModelError, ParityError, UsageError

pytestmark = pytest.mark.tensorflow

EXPORTABLE = published_spec("test", "test")


def keras_confidence(model, batch):
    """The full Keras model on raw tiles, normalised here by the published formulas: (n, 1, row, col)."""
    rgb = [np.moveaxis(batch[name] / np.float32(127.5) - 1, 1, -1) for name in ("pre", "post")]
    slope = np.where(np.isnan(batch["slope"]), np.float32(0), batch["slope"]) / np.float32(45) - 1
    topography = np.concatenate([batch["hillshade"] / np.float32(127.5) - 1, slope], axis=1)
    prediction = model([*rgb, np.moveaxis(topography, 1, -1)], training=False)[0]
    return np.moveaxis(prediction.numpy(), -1, 1)


def cropped(batch, rows, cols):
    return {name: np.ascontiguousarray(values[..., :rows, :cols]) for name, values in batch.items()}


@pytest.mark.parametrize("make", [noise_batch, relief_batch])
@pytest.mark.parametrize(("count", "rows", "cols"), [(1, 224, 224), (3, 224, 224), (1, 256, 288)])
def test_the_graph_says_what_keras_says(exported, make, count, rows, cols):
    batch = cropped(make(EXPORTABLE, np.random.default_rng(count), count, 288), rows, cols)
    model = exported.model
    if (rows, cols) != (224, 224):
        model = importlib.import_module("landslip.models.keras.unet").build_unet(1 / 8, None)
        model.set_weights(exported.model.get_weights())
    session = ort.InferenceSession(exported.artifact.path, providers=["CPUExecutionProvider"])
    (confidence,) = session.run(None, batch)
    assert confidence.shape == (count, 1, rows, cols)
    assert np.ptp(confidence) > 0.5
    np.testing.assert_allclose(confidence, keras_confidence(model, batch), rtol=0, atol=1e-5)


def test_the_graph_is_laid_out_for_every_engine(exported):
    model = onnx.load(exported.artifact.path)
    onnx.checker.check_model(model, full_check=True)
    kinds = {node.op_type for node in model.graph.node}
    assert not kinds & {"Transpose", "Reshape", "Shape", "BatchNormalization", "Dropout"}
    inputs = {
        value.name: (
            onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name,
            [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim],
        )
        for value in model.graph.input
    }
    assert inputs == {
        "pre": ("uint8", ["batch", 3, "height", "width"]),
        "post": ("uint8", ["batch", 3, "height", "width"]),
        "hillshade": ("uint8", ["batch", 1, "height", "width"]),
        "slope": ("float32", ["batch", 1, "height", "width"]),
    }
    resizes = [node for node in model.graph.node if node.op_type == "Resize"]
    assert len(resizes) == 5
    assert all(node.input[1] == "" and len(node.input) == 3 for node in resizes)


def test_the_description_comes_out_of_the_engine(exported):
    metadata = ort.InferenceSession(exported.artifact.path).get_modelmeta().custom_metadata_map
    spec = ModelSpec.from_json(metadata[METADATA_KEY], "here")
    assert spec == published_spec("standin", "exported from standin.hdf5")
    assert metadata[PRECISION_KEY] == "fp32"
    with open_engine(exported.artifact.path, EngineOptions(device="cpu", batch=1)) as engine:
        assert engine.spec == spec


def test_the_record_says_how_it_was_made(exported):
    artifact, source = exported.artifact, exported.source
    record = json.loads(artifact.record.read_text())
    content = artifact.path.read_bytes()
    assert artifact.path.name == "standin.fp32.onnx"
    assert record["artifact"] == {
        "file": "standin.fp32.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "precision": "fp32",
        "target": "onnx",
    }
    assert record["source"] == {
        "file": "standin.hdf5",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "bytes": source.stat().st_size,
        "keras_version": "2.2.4-tf",
        "registered": None,
        "kind": "keras",
    }
    assert record["parity"]["limits"] == {"max_abs": 1e-5, "keras_float32": 2.0}
    assert record["parity"]["figures"] == [asdict(figure) for figure in artifact.parity]
    assert {"tensorflow", "tf2onnx", "onnxruntime", "python"} <= set(record["tools"])
    assert record["spec"]["name"] == "standin"
    assert sorted(entry.name for entry in artifact.path.parent.iterdir()) == [
        artifact.path.name, artifact.record.name, "standin.reference.npz", "standin.stac.json",
    ]  # fmt: skip


def test_the_item_for_catalogues_lies_beside_it(exported):
    artifact = exported.artifact
    item = json.loads(artifact.path.with_name("standin.stac.json").read_text(encoding="utf-8"))
    assert problems(item) == []
    assert item["assets"]["fp32"]["file:checksum"] == f"1220{artifact.sha256}"


def test_noise_and_relief_were_measured_and_passed(exported):
    assert {figure.kind for figure in exported.artifact.parity} == {"noise", "relief", "scene"}
    for figure in exported.artifact.parity:
        assert 0 < figure.max_abs <= 1e-5
        assert figure.mean_abs <= figure.p99_9 <= figure.max_abs
        assert 0 < figure.keras_float32.mean_abs <= figure.keras_float32.max_abs <= 1e-5
        assert 0 < figure.area_reference < figure.tiles * figure.tile**2
        assert figure.iou > 0.999


def test_the_order_of_python_sets_does_not_matter(tiny_file, tmp_path):
    code = (
        "import sys; from pathlib import Path; from landslip.export.judging import scene_tiles; "
        "from landslip.export.making.export_model import export_model; "
        "scene_tiles._CANDIDATES['held-out'] = 4; "  # one scene: they take longer than the network
        "export_model(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    made = set()
    for seed in ("4", "5"):  # of all hashes of strings, hence of the order of sets
        out = tmp_path / seed
        environment = os.environ | {"PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, tiny_file, out], env=environment, check=True)
        made.add((out / "tiny.fp32.onnx").read_bytes())
    assert len(made) == 1


def test_a_layer_of_a_single_band_is_laid_out_like_the_others(pipeline, tmp_path):
    weights = tiny_weights()
    weights["first"] = {"kernel": weights["first"]["kernel"][..., :1], "bias": weights["first"]["bias"][:1]}
    weights["norm"] = {name: values[:1] for name, values in weights["norm"].items()}
    weights["prediction"]["kernel"] = weights["prediction"]["kernel"][:, :, :1]
    narrow = [
        conv("first", "pad", 1, padding="valid") if entry["name"] == "first" else entry for entry in tiny_layers()
    ]
    source = write_keras_hdf5(tmp_path / "narrow.hdf5", tiny_config(narrow), weights)
    (artifact,) = pipeline.export_model(source, tmp_path / "out")
    kinds = {node.op_type for node in onnx.load(artifact.path).graph.node}
    assert not kinds & {"Reshape", "Transpose", "Squeeze", "Unsqueeze"}


def test_any_file_of_the_dialect_can_be_exported(pipeline, tiny_file, tmp_path):
    (artifact,) = pipeline.export_model(tiny_file, tmp_path / "out", name="small")
    assert artifact.path == tmp_path / "out" / "small.fp32.onnx"
    assert json.loads(artifact.record.read_text())["spec"]["name"] == "small"


def test_a_published_file_gets_its_published_name(pipeline, tiny_file, tmp_path, monkeypatch):
    published = replace(M_ALL_006, sha256=hashlib.sha256(tiny_file.read_bytes()).hexdigest())
    monkeypatch.setitem(REGISTRY, published.name, published)
    (artifact,) = pipeline.export_model(tiny_file, tmp_path / "out")
    record = json.loads(artifact.record.read_text())
    assert artifact.path.name == "M_ALL_006.fp32.onnx"
    assert record["source"]["registered"] == "M_ALL_006"
    assert record["spec"]["source"] == published.spec.source


@pytest.fixture
def broken(monkeypatch):
    """Every graph comes out with weights that are off by a thousandth."""
    network = importlib.import_module("landslip.export.conversion.network")
    honest = network.deployable

    def deployable(model, interface):
        graph = honest(model, interface)
        weight = next(tensor for tensor in graph.graph.initializer if numpy_helper.to_array(tensor).ndim == 4)
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * np.float32(1.001), weight.name))
        return graph

    def start():
        monkeypatch.setattr(network, "deployable", deployable)

    return start


def test_the_gate_refuses_a_broken_graph_and_leaves_no_file(pipeline, tiny_file, tmp_path, broken):
    broken()
    with pytest.raises(
        ParityError, match=r"tiny\.fp32\.onnx: strays from the network it was made from: with onnxruntime it differs"
    ):
        pipeline.export_model(tiny_file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_export_leaves_the_earlier_one(pipeline, tiny_file, tmp_path, broken):
    (artifact,) = pipeline.export_model(tiny_file, tmp_path / "out")
    before = {entry: entry.read_bytes() for entry in artifact.path.parent.iterdir()}
    broken()
    with pytest.raises(ParityError):
        pipeline.export_model(tiny_file, tmp_path / "out", overwrite=True)
    assert {entry: entry.read_bytes() for entry in artifact.path.parent.iterdir()} == before


def test_an_earlier_export_is_kept_unless_it_may_be_replaced(pipeline, tiny_file, tmp_path):
    there = tmp_path / "tiny.fp32.onnx"
    there.write_text("mine")
    with pytest.raises(UsageError, match=r"tiny\.fp32\.onnx is there already.*overwrite=True"):
        pipeline.export_model(tiny_file, tmp_path)
    assert there.read_text() == "mine"
    (artifact,) = pipeline.export_model(tiny_file, tmp_path, overwrite=True)
    assert artifact.path == there
    assert there.stat().st_size == artifact.bytes


def test_tiles_that_other_artifacts_need_are_not_replaced(pipeline, tmp_path, monkeypatch, caplog):
    config = tiny_config([*tiny_layers(), conv("second", "up", 1, 1, activation="sigmoid")])
    config["config"]["output_layers"][1] = ["second", 0, 0]
    weights = tiny_weights()
    tiny_file = write_keras_hdf5(tmp_path / "tiny.hdf5", config, weights | {"second": weights["conv_out_2"]})
    pipeline.export_model(tiny_file, tmp_path)
    tiles = tmp_path / "tiny.reference.npz"
    before = tiles.read_bytes()
    with pytest.raises(UsageError, match=r"verify judges tiny\.fp32\.onnx by"):
        pipeline.export_model(tiny_file, tmp_path, precisions=("fp16",), output=1)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "read_network", lambda *_, **__: pytest.fail("the work began"))
        options = ExportOptions(calibrate=tmp_path / "SCENE.toml")
        with pytest.raises(UsageError, match=r"verify judges tiny\.fp32\.onnx by"):
            pipeline.export_model(tiny_file, tmp_path, precisions=("fp16",), options=options)
        with pytest.raises(InputMissingError, match=r"SCENE\.toml does not exist"):
            pipeline.export_model(tiny_file, tmp_path / "other", options=options)
    assert tiles.read_bytes() == before
    pipeline.export_model(tiny_file, tmp_path, precisions=("fp16",), output=1, overwrite=True)
    assert tiles.read_bytes() != before
    assert "it held the tiles that landslip verify judges tiny.fp32.onnx by" in caplog.text


def test_what_passed_before_an_interrupt_stays_and_is_listed(pipeline, tiny_file, tmp_path, monkeypatch, caplog):
    maker = importlib.import_module("landslip.export.making.artifact_maker")
    honest = maker.ArtifactMaker.make

    def made(self, product):
        if product.precision == "fp16":
            raise KeyboardInterrupt
        return honest(self, product)

    monkeypatch.setattr(maker.ArtifactMaker, "make", made)
    with pytest.raises(KeyboardInterrupt):
        pipeline.export_model(tiny_file, tmp_path, precisions=("fp32", "fp16"))
    assert "These passed and stay: tiny.fp32.onnx." in caplog.text
    assets = json.loads((tmp_path / "tiny.stac.json").read_text(encoding="utf-8"))["assets"]
    assert set(assets) == {"fp32", "fp32.record", "reference"}


@pytest.mark.parametrize("name", ["a/b", "../up", ".hidden", ""])
def test_names_that_are_no_file_names_are_refused(pipeline, tiny_file, tmp_path, name):
    with pytest.raises(UsageError, match="cannot be the name of a model"):
        pipeline.export_model(tiny_file, tmp_path / "out", name=name)


@pytest.mark.parametrize("precisions", [(), ("fp32", "fp8")])
def test_unknown_precisions_are_refused(pipeline, tiny_file, tmp_path, precisions):
    with pytest.raises(UsageError, match="Choose from: fp32"):
        pipeline.export_model(tiny_file, tmp_path / "out", precisions=precisions)


def test_a_missing_file_is_said(pipeline, tmp_path):
    with pytest.raises(InputMissingError, match=r"gone\.hdf5"):
        pipeline.export_model(tmp_path / "gone.hdf5", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bad_model_leaves_no_folder(pipeline, tmp_path):
    layers = layers_with(layer("Lambda", "payload", ("add",)))
    with pytest.raises(ModelError, match="'payload' is of class 'Lambda'"):
        pipeline.export_model(write_keras_hdf5(tmp_path / "bad.hdf5", tiny_config(layers)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_code_that_the_served_output_does_without_never_runs_and_is_said(pipeline, tmp_path, caplog):
    head = layer("Lambda", "head", ("up",), function=payload(tmp_path / "x"), function_type="lambda")
    config = tiny_config([*tiny_layers(), head, op("out_9", "up", "PyFunc")])
    config["config"]["output_layers"].append(["head", 0, 0])
    with caplog.at_level("INFO", logger="landslip"):
        (artifact,) = pipeline.export_model(write_keras_hdf5(tmp_path / "m.hdf5", config), tmp_path / "out")
    assert not (tmp_path / MARKER).exists()
    assert "4 layers that do not feed the served output are left out, with the outputs tf_op_layer" in caplog.text
    assert "never built and never run, is what landslip would refuse: head (Lambda), tf_op_layer_out_9" in caplog.text
    assert "That can carry code. Do not open this file with Keras unless you know who made it." in caplog.text
    assert json.loads(artifact.record.read_text())["left_out"] == {
        "layers": 4,
        "outputs": ["tf_op_layer_out_2/ResizeBilinear", "head"],
        "inputs": [],
        "refused": ["head (Lambda)", "tf_op_layer_out_9 (TensorFlowOpLayer)"],
        "code": True,
    }


@pytest.mark.slow
def test_the_published_width_with_optimizer_slots(full_size):
    standin = importlib.import_module("landslip.models.keras.standin")
    artifact = next(one for one in json.loads(full_size.export.out) if one["precision"] == "fp32")
    assert all(figure["max_abs"] <= 1e-5 for figure in artifact["parity"])
    model = standin.standin_model(1.0, seed=0, damped=True)
    session = ort.InferenceSession(artifact["path"], providers=["CPUExecutionProvider"])
    for tiles in parity_tiles(EXPORTABLE, seed=5)[:2]:
        (confidence,) = session.run(None, tiles.batch)
        np.testing.assert_allclose(confidence, keras_confidence(model, tiles.batch), rtol=0, atol=1e-5)
