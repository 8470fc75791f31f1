"""What the record of an artifact says of a way to run it is said before a map."""

from __future__ import annotations

import json

import pytest

from helpers.engines import SPEC
from helpers.exports import write_artifact
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.engines import FakeEngine
from landslip.runtime.mapping.artifact_warnings import warn_of_record
from landslip.runtime.system.digests import sha256_of

FAILED = {"engine": "openvino", "precision": "int8+bf16", "passes": False}
IOU = "overlaps the reference's mask with an IoU of 0.9776 on 8 scene tiles of 224 pixels, and 0.98 is needed"


@pytest.fixture
def said(tmp_path, caplog):
    """Tells what is said of an artifact whose record has some proofs."""

    def warned(proofs, engine="openvino", precision="int8+bf16", shared=(), **how):
        model = write_artifact(tmp_path, "m.int8.onnx", "int8")
        path = record_path(model)
        parity = {"reference": "Keras", "engine": "openvino, CPU", "engines": proofs, "shared_features": list(shared)}
        path.write_text(json.dumps(json.loads(path.read_text()) | {"parity": parity}))
        run = FakeEngine(SPEC)
        run.name, run.precision = engine, precision
        caplog.clear()
        warn_of_record(model, sha256_of(model), run, **how)
        return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    return warned


def test_a_precision_that_did_not_pass_is_warned_of_with_its_figure(said):
    (warning,) = said([{"engine": "openvino", "precision": "int8", "passes": True}, FAILED | {"objections": [IOU]}])
    assert f"m.int8.onnx did not pass its gate in int8+bf16 when it was exported: with openvino it {IOU}. " in warning


def test_nothing_is_said_of_what_passed_or_was_not_tried(said):
    failed = FAILED | {"objections": [IOU]}
    assert not said([failed], precision="int8")
    assert not said([failed], engine="onnxruntime")
    assert not said([failed | {"passes": True}])
    assert not said([{"engine": "openvino", "precision": "int8+bf16"}])  # as earlier versions wrote it
    assert not said([])


def test_shared_features_that_did_not_pass_are_warned_of_where_they_are_shared(said):
    iou = "overlaps the map without shared features with an IoU of 0.9900, and 0.995 is needed"
    failed = FAILED | {"objections": [iou]}
    (warning,) = said([], shared=[failed], shares=True)
    assert (
        f"did not pass its gate with shared features when it was exported: in int8+bf16 with openvino it {iou}. "
        in (warning)
    )
    assert not said([], shared=[failed])
    assert not said([], shared=[failed], shares=True, precision="int8")
    assert not said([], shared=[failed | {"passes": True}], shares=True)
    assert len(said([FAILED | {"objections": [IOU]}], shared=[failed], shares=True)) == 2


def test_words_of_a_record_are_made_printable(said):
    (warning,) = said([FAILED | {"objections": ["\x1b[2J" + "x" * 5000, 3]}])
    assert "\x1b" not in warning
    assert len(warning) < 600
    assert not said([FAILED | {"objections": "text"}])


@pytest.mark.parametrize(
    ("flags", "quantisation", "engine", "warned"),
    [
        (["avx2", "avx512f"], {"fits_without_vnni": False, "weight_bits": 8}, "openvino", True),
        (["avx2"], {"weight_bits": 8}, "openvino", True),  # as earlier versions wrote it
        (["avx2"], {"weight_bits": 7}, "openvino", False),
        (["avx2"], {"fits_without_vnni": True, "weight_bits": 7}, "openvino", False),
        (["avx2"], {"fits_without_vnni": False}, "onnxruntime", False),
        (["avx2", "avx_vnni"], {"fits_without_vnni": False}, "openvino", False),
        (["avx2", "avx512f", "avx512_vnni"], {"fits_without_vnni": False}, "openvino", False),
        (["asimd"], {"fits_without_vnni": False}, "openvino", False),
        ([], {"fits_without_vnni": False}, "openvino", False),
        (["avx2"], None, "openvino", False),
    ],
)
def test_sums_that_this_processor_may_cut_off_are_warned_of(
    flags, quantisation, engine, warned, tmp_path, caplog, monkeypatch
):
    monkeypatch.setattr("landslip.runtime.system.machine.instruction_sets", lambda: flags)
    model, run = write_artifact(tmp_path, "m.int8.onnx", "int8"), FakeEngine(SPEC)
    run.name = engine
    if quantisation is not None:
        path = record_path(model)
        path.write_text(json.dumps(json.loads(path.read_text()) | {"quantisation": quantisation}))
    warn_of_record(model, sha256_of(model), run)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * warned
    assert ("--reduced-range" in caplog.text) == warned
