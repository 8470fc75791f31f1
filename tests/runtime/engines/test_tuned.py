"""Records of tuning: what is read back, what is no record, and when one holds no more."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.exports import SOURCE, write_artifact
from helpers.tunings import write_tuning
from landslip.runtime.engines.opening import MAX_BATCH, MAX_THREADS
from landslip.runtime.engines.tuned import (
    TunedWay,
    Tuning,
    all_tunings,
    family_of,
    machine_here,
    tuning_folder,
    versions_here,
)

CHOICE = TunedWay("a.onnx", "cd" * 32, "openvino", "cpu", "bf16", 8, 2, 12.5)
TUNING = Tuning("2026-11-20T10:00:00+00:00", "a", "ab" * 32, {"cpu": "x", "cores": 2}, {"landslip": "1"}, (CHOICE,))

choices = st.builds(
    TunedWay,
    artifact=st.sampled_from(["a.onnx", "b.int8.onnx"]), sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    engine=st.sampled_from(["onnxruntime", "openvino", "tensorrt"]), device=st.sampled_from(["cpu", "cuda"]),
    precision=st.sampled_from(["fp32", "fp16", "bf16", "int8", "int8+bf16"]), batch=st.integers(1, MAX_BATCH),
    threads=st.integers(0, MAX_THREADS), tiles_per_second=st.floats(1e-6, 1e6),
    shared_features=st.none() | st.floats(1e-3, 1e3),
)  # fmt: skip


@pytest.fixture(autouse=True)
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@given(st.lists(choices, max_size=4))
def test_a_record_survives_the_journey(found):
    tuning = replace(TUNING, choices=tuple(found))
    assert Tuning.from_json(tuning.to_json().encode()) == tuning


def test_without_records_there_is_nothing(tmp_path):
    assert all_tunings() == []
    assert not (tmp_path / "config").exists()


def test_the_newest_comes_first(tmp_path):
    for day, family in (("2026-01-01", "aa"), ("2026-03-01", "bb"), ("2026-02-01", "cc")):
        write_tuning(tuned=day, family=family)
    assert [tuning.family for tuning in all_tunings()] == ["bb", "cc", "aa"]


def changed(**changes):
    raw = json.loads(TUNING.to_json())
    return json.dumps(raw | changes).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 100_000, changed(landslip="run"), changed(surprise=1),
        changed(machine=3), changed(tuned=None), changed(choices=[{}]), changed(choices=[[]]), changed(choices=None),
        *(
            changed(choices=[asdict(CHOICE) | wrong])
            for wrong in (
                {"artifact": "../a.onnx"}, {"artifact": "a\x1b.onnx"}, {"artifact": 1}, {"engine": "abacus"},
                {"engine": "auto"}, {"device": "tpu"}, {"precision": "fp8"}, {"batch": 0}, {"batch": True},
                {"batch": 1e9}, {"threads": -1}, {"threads": "2"}, {"tiles_per_second": 0}, {"tiles_per_second": None},
                {"shared_features": 0}, {"shared_features": "1.2"},
            )
        ),
    ],
)  # fmt: skip
def test_a_damaged_record_is_said_and_left_out(content, caplog):
    folder = tuning_folder()
    folder.mkdir(parents=True)
    (folder / "bad.json").write_bytes(content)
    good = write_tuning(CHOICE)
    assert [tuning.name for tuning in all_tunings()] == [good.name]
    assert "bad.json cannot be used" in caplog.text
    assert "landslip bench tune" in caplog.text


def test_a_record_that_cannot_be_opened_is_said(caplog):
    (tuning_folder() / "folder.json").mkdir(parents=True)
    assert all_tunings() == []
    assert "folder.json cannot be used" in caplog.text


def test_what_differs_is_named():
    assert TUNING.differences(TUNING.machine, TUNING.versions) == []
    found = TUNING.differences({"cpu": "y", "cores": 2}, {"landslip": "1", "openvino": "2"})
    assert found == ["cpu was 'x' and is 'y'", "openvino was not there and is '2'"]


def test_the_machine_and_its_versions_are_known():
    assert machine_here()["cores"] >= 1
    assert versions_here()["landslip"]


def test_machines_that_share_a_folder_have_records_of_their_own():
    assert replace(TUNING, machine={"cpu": "y", "cores": 2}).name != TUNING.name
    assert replace(TUNING, tuned="2027-01-01", versions={}).name == TUNING.name


def test_a_family_is_what_artifacts_were_made_from(tmp_path):
    artifact = write_artifact(tmp_path, "a.onnx")
    digest = json.loads((tmp_path / "a.onnx.json").read_text())["artifact"]["sha256"]
    assert family_of(artifact, digest) == SOURCE
    assert family_of(artifact, "00") == "00"  # the record is another file's
    for content in ("", "[]", '{"artifact": 1}', json.dumps({"artifact": {"sha256": digest}, "source": {"sha256": 5}})):
        (tmp_path / "a.onnx.json").write_text(content)
        assert family_of(artifact, digest) == digest
    (tmp_path / "a.onnx.json").unlink()
    assert family_of(artifact, digest) == digest
