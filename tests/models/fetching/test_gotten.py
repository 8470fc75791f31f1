"""The record of what was fetched, as it is found again."""

from __future__ import annotations

import json

import pytest

from landslip.models.fetching.gotten import RECORD, Gotten, open_record
from landslip.runtime.errors import UsageError

REQUEST = {"aoi": [1.0, 2.0, 3.0, 4.0], "bands": ["red", None], "cloud": 0.5}


def test_a_record_is_found_again(tmp_path):
    record = Gotten(tmp_path, REQUEST, {"pre": ["a", "b"], "post": []})
    (tmp_path / "pre.tif").write_bytes(b"pixels")
    record.add("pre.tif", "https://example.org/a.tif")
    found = open_record(tmp_path, REQUEST)
    assert found == record
    assert found.has("pre.tif")
    (tmp_path / "pre.tif").write_bytes(b"others")
    assert not found.has("pre.tif")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[1]", b"{}", b"\xff", b"[" * 100_000,
        {"request": REQUEST, "chosen": {}, "files": {"pre.tif": 3}},
        {"request": REQUEST, "chosen": {}, "files": []},
        {"request": REQUEST, "chosen": {"pre": "a"}, "files": {}},
        {"request": [], "chosen": {}, "files": {}},
    ],
)  # fmt: skip
def test_a_damaged_record_is_said(tmp_path, content):
    (tmp_path / RECORD).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(UsageError, match="is damaged") as caught:
        open_record(tmp_path, REQUEST)
    assert caught.value.option == "out"
