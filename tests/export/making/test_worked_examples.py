"""The worked examples of the documentation, exported from small networks, and compared with Keras on whole arrays."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from helpers.descriptions import expected, small_network
from helpers.foreign import randomise, save
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.reference_tiles import read_reference
from landslip.runtime.engines import EngineOptions, open_engine

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples" / "specs").glob("*.toml"))
IN_ALL_PRECISIONS = {"planet-4-bands", "landslide4sense", "softmax-4-classes"}


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def with_small_tiles(example, path):
    """The example with tiles that Keras computes in a moment."""
    lines = [line for line in example.read_text().splitlines() if not line.startswith(("tile =", "multiple ="))]
    path.write_text("\n".join(["tile = 64", "multiple = 32", *lines]) + "\n")
    return path


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_artifacts_of_an_example_pass_their_gates_and_give_what_keras_gives(keras, pipeline, tmp_path, example):
    spec = with_small_tiles(example, tmp_path / "SPEC.toml")
    source = tmp_path / "net.h5"
    described = read_description(spec, source)
    model = randomise(small_network(keras, described))
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
    for artifact in artifacts:
        record = json.loads(artifact.record.read_text())
        assert [entry["name"] for entry in record["spec"]["inputs"]] == [each.name for each in described.spec.inputs]
