"""The run record is read with types, whoever wrote the file."""

from __future__ import annotations

import json

import pytest

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.run.record_types import RunRecord

RECORD = {
    "landslip": "0.1.0",
    "model": {"name": "m", "sha256": None, "precision": "fp32"},
    "engine": {"name": "fake", "device": "cpu", "precision": "fp32"},
    "protocol": "gaussian", "tile": 224, "overlap": 0.5, "threshold": 0.5, "min_area_m2": 400,
    "grid": {"crs": "EPSG:32632", "transform": [6.0, 0, 0, 0, -6.0, 0], "height": 10, "width": 20},
    "inputs": [{"role": "post", "path": "https://x.org/a.tif", "sha256": None, "version": {"bytes": 3}}],
    "preset": None, "batch": {"asked": 4, "taken": 1}, "tiles": {"total": 1, "predicted": 1, "skipped": 0},
    "registration": None, "objections_overruled": [], "observed_km2": 1.0, "landslide_km2": 0, "landslides": 0,
    "above_threshold_km2": 0.0,
    "damaged": [{"role": "dem", "path": "d.tif", "rows": [0, 64], "cols": [0, 9], "reason": "cut off"}],
    "seconds": dict.fromkeys(("total", "read", "prepare", "infer", "stitch", "write", "polygons"), 0.5),
    "tiles_per_second": 1.5, "peak_rss_bytes": None, "products": {"confidence.tif": None}, "fingerprint": "f",
    "started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T00:00:01+00:00",
}  # fmt: skip


def written(path, record):
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def test_what_is_there_and_what_is_not(tmp_path):
    record = RunRecord.read(written(tmp_path / "run.json", RECORD))
    assert record.inputs[0].version == {"bytes": 3}
    assert record.damaged[0].rows == (0, 64)
    assert record.model.notice == ""
    assert record.resumed_after_row is None
    assert record.products == {"confidence.tif": None}


def test_keys_of_a_later_version_are_passed_over(tmp_path):
    later = {**RECORD, "new": [1], "model": {**RECORD["model"], "newer": {}}}
    assert RunRecord.read(written(tmp_path / "run.json", later)) == RunRecord.of(RECORD)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({**RECORD, "landslides": "many"}).encode(),
        json.dumps({**RECORD, "landslide_km2": float("nan")}).encode(),
        json.dumps({**RECORD, "tile": 1}).replace('"tile": 1', '"tile": ' + "9" * 10_000).encode(),
        json.dumps({name: value for name, value in RECORD.items() if name != "grid"}).encode(),
    ],
    ids=["empty", "a list", "cut off", "no text", "deep", "a text", "no number", "digits", "a key less"],
)
def test_another_file_is_no_record(content, tmp_path):
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"run\.json is no record of this kind.*Copy it again") as raised:
        RunRecord.read(path)
    assert raised.value.where == str(path)
    assert raised.value.remedy == "Copy it again."


def test_no_file(tmp_path):
    with pytest.raises(InputMissingError, match="does not exist"):
        RunRecord.read(tmp_path / "run.json")
    with pytest.raises(InputError, match="cannot be read"):
        RunRecord.read(tmp_path)
