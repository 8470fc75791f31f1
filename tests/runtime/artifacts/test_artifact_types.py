"""The record beside an artifact is read with types."""

from __future__ import annotations

import json

import pytest

from helpers.exports import write_artifact
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.artifacts.artifact_types import ArtifactRecord
from landslip.runtime.errors import InputError
from landslip.runtime.system.digests import sha256_of


def test_the_record_of_the_embedded_model():
    path = DEMO_MODEL.with_name(f"{DEMO_MODEL.name}.json")
    record = ArtifactRecord.read(path)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert record.artifact.sha256 == sha256_of(DEMO_MODEL)
    assert (record.artifact.precision, record.artifact.target) == ("fp32", "onnx")
    assert record.source is not None
    assert record.source.keras_version == written["source"]["keras_version"]
    assert list(record.parity.figures) == written["parity"]["figures"]
    assert record.reference.file == "demo.reference.npz"
    assert record.tools == written["tools"]


def test_what_an_early_version_did_not_say(tmp_path):
    path = write_artifact(tmp_path, "a.onnx")
    record = ArtifactRecord.read(f"{path}.json")
    assert record.artifact.sha256 == sha256_of(path)
    assert record.parity is None


@pytest.mark.parametrize("content", ["{}", '{"artifact": 1, "source": 2}', "no JSON"])
def test_another_file_is_no_record(content, tmp_path):
    path = tmp_path / "a.onnx.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="no record of this kind"):
        ArtifactRecord.read(path)
