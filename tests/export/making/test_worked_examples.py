"""The worked examples of the documentation, exported from small networks, and compared with Keras on whole arrays."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest

from helpers.descriptions import EXAMPLES, changed_example, decided, expected, small_network
from helpers.foreign import randomise, save
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.proof.proof_reference import NetworkFile
from landslip.export.proof.verify import VerifyRequest, verify
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.reference_tiles import read_reference
from landslip.runtime.engines import EngineOptions, open_engine

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

IN_ALL_PRECISIONS = {"planet-4-bands", "landslide4sense", "softmax-4-classes"}


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def parting_confidence(model, described):
    """Confidence of landslide that a seventh of the pixels of scenes are below, away from that of plain forest."""
    answer = expected(model, described, scenes(described))[:, list(described.spec.landslide_bands)].sum(axis=1)
    return round(float(np.quantile(answer, 1 / 7)), 3)


def scenes(described):
    return TileSource(described.spec).tiles("calibration", lambda tiles: np.zeros(len(next(iter(tiles.values())))))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_artifacts_of_an_example_pass_their_gates_and_give_what_keras_gives(keras, pipeline, tmp_path, example):
    source, spec = tmp_path / "net.h5", tmp_path / "SPEC.toml"
    small = {"tile": 64, "multiple": 32}  # which Keras computes in a moment
    described = read_description(changed_example(example, spec, **small), source)
    model = randomise(small_network(keras, described))
    decided(keras, model, described, scenes(described))
    changed_example(example, spec, **small, threshold=parting_confidence(model, described))
    save(model, source)
    precisions = ("fp32", "fp16", "int8") if example.stem in IN_ALL_PRECISIONS else ("fp32",)
    artifacts = pipeline.export_model(source, tmp_path / "out", precisions=precisions, spec=spec)
    assert [artifact.precision for artifact in artifacts] == list(precisions)
    name = described.spec.name
    reference = read_reference(tmp_path / "out" / f"{name}.reference.npz")
    assert {tiles.kind for tiles, _ in reference.sets} == {"noise", "scene"}
    for tiles, answers in reference.sets:
        wanted = expected(model, described, tiles.batch)
        assert wanted.shape == (tiles.count, described.spec.output_bands, tiles.tile, tiles.tile)
        assert np.ptp(wanted) > 0.01
        np.testing.assert_allclose(answers, wanted, rtol=0, atol=1e-4)
        options = EngineOptions("onnxruntime", "cpu", tiles.count, tiles.tile)
        with open_engine(artifacts[0].path, options) as engine:
            assert engine.spec.classes == described.spec.classes
            np.testing.assert_allclose(engine.infer(tiles.batch), wanted, rtol=0, atol=1e-4)
    report = verify(VerifyRequest(tmp_path / "out", NetworkFile(source, spec) if len(artifacts) == 1 else None))
    # Random weights need not stand the coarse steps of bf16, which no artifact was judged in.
    verdicts = {(each.engine, each.verdict) for each in report.outcomes if each.precision != "bf16"}
    assert {("onnxruntime", "PASS"), ("openvino", "PASS")} <= verdicts
    assert "FAIL" not in {verdict for _, verdict in verdicts}
    for artifact in artifacts:
        record = json.loads(artifact.record.read_text())
        assert [entry["name"] for entry in record["spec"]["inputs"]] == [each.name for each in described.spec.inputs]
        (figure,) = [figure for figure in artifact.parity if figure.kind == "scene"]
        if artifact.precision != "fp32":
            assert 0.02 < figure.area_reference / (figure.tiles * figure.tile**2) < 0.98
        if artifact.precision == "int8":
            assert record["quantisation"]["quantised"] >= 1
