"""Interrupted maps of several classes go on where they were, and come out the same, byte for byte."""

from __future__ import annotations

import hashlib
import json
import os

import numpy as np
import pytest

from helpers.engines import CLASS_SPEC, class_engine, class_mixture, mixing_engine
from helpers.rasters import scene_mixed
from helpers.results import names_of_results
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run import run_files
from landslip.runtime.run.product_names import CLASS_PRODUCTS, CLASS_ROWS, made_by
from landslip.runtime.run.rows_file import RowsFile
from landslip.runtime.system.drafts import PARTIAL


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return scene_mixed(tmp_path_factory.mktemp("scene"), height_m=2400.0, width_m=900.0)


@pytest.fixture(autouse=True)
def every_row_is_saved(monkeypatch):
    monkeypatch.setattr(run_files, "INTERVAL", 0.0)


def run(files, out, engine=None, **options):
    request = MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=64, batch=3), **options)
    return map_scene(request, engine=engine or class_engine())


def digests(out):
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in made_by(classes=True)}


def stopping(call):
    """An engine that fails at a call, and counts its calls."""
    calls = []

    def function(batch):
        calls.append(1)
        if len(calls) - 1 == call:
            raise KeyboardInterrupt
        return class_mixture(batch)

    return FakeEngine(CLASS_SPEC, function), calls


def interrupted(files, out, call=15, **options):
    with pytest.raises(KeyboardInterrupt):
        run(files, out, stopping(call)[0], **options)


@pytest.fixture(scope="module")
def whole(files, tmp_path_factory):
    """Digests of the products of an uninterrupted run, its number of batches, and its record."""
    out, (engine, calls) = tmp_path_factory.mktemp("whole") / "out", stopping(-1)
    record = run(files, out, engine)
    return digests(out), len(calls), record


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_the_result_is_that_of_an_uninterrupted_run(files, whole, tmp_path, share):
    products, batches, record = whole
    interrupted(files, tmp_path / "out", int(share * batches))
    engine, calls = stopping(-1)
    resumed = run(files, tmp_path / "out", engine, resume=True)
    assert digests(tmp_path / "out") == products
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(
        tmp_path / "out", *CLASS_PRODUCTS
    )
    assert resumed["classes"] == record["classes"]
    if share > 0.3:
        assert len(calls) < batches
        assert 0 < resumed["resumed_after_row"] < record["grid"]["height"]


def test_rows_whose_classes_are_not_there_do_not_count(files, whole, tmp_path):
    out = tmp_path / "out"
    interrupted(files, out)
    path = out / PARTIAL / CLASS_ROWS
    width, kept = whole[2]["grid"]["width"], path.stat().st_size
    os.truncate(path, kept - 70 * width)
    resumed = run(files, out, resume=True)
    assert 0 < resumed["resumed_after_row"] <= kept // width - 70
    assert digests(out) == whole[0]


@pytest.mark.parametrize("damage", ["changed", "gone", "counted wrong"])
def test_without_any_class_that_is_whole_it_starts_at_the_top(files, whole, tmp_path, damage, caplog):
    out = tmp_path / "out"
    interrupted(files, out)
    path, journal = out / PARTIAL / CLASS_ROWS, out / PARTIAL / "journal.jsonl"
    if damage == "changed":
        stored = np.fromfile(path, dtype=np.uint8)
        stored[0] ^= 1
        stored.tofile(path)
    elif damage == "gone":
        path.unlink()
    else:
        lines = [json.loads(line) for line in journal.read_text().splitlines() if line]
        journal.write_text("\n".join(json.dumps({**line, "classes": 1} if "rows" in line else line) for line in lines))
    resumed = run(files, out, resume=True)
    assert "starting at the top" in caplog.text
    assert "resumed_after_row" not in resumed
    assert digests(out) == whole[0]


def test_a_run_of_other_classes_is_refused(files, tmp_path):
    interrupted(files, tmp_path / "out")
    with pytest.raises(UsageError, match="classes was"):
        run(files, tmp_path / "out", mixing_engine(), resume=True)


def test_a_disk_that_is_full_for_the_classes_loses_nothing_before(files, whole, tmp_path, monkeypatch):
    append, calls = RowsFile.append, []

    def full(self, rows):
        calls.append(1)
        if len(calls) == 8:  # the fourth strip's classes, after its confidence
            raise OutputError("full")
        append(self, rows)

    with monkeypatch.context() as context:
        context.setattr(RowsFile, "append", full)
        with pytest.raises(OutputError, match="full"):
            run(files, tmp_path / "out")
    resumed = run(files, tmp_path / "out", resume=True)
    assert resumed["resumed_after_row"] > 0
    assert digests(tmp_path / "out") == whole[0]


def test_a_complete_run_is_known_again_and_a_changed_one_refused(files, whole, tmp_path):
    out = tmp_path / "out"
    run(files, out)
    engine, calls = stopping(-1)
    assert run(files, out, engine, resume=True)["classes"] == whole[2]["classes"]
    assert not calls
    (out / "classes.tif").write_bytes(b"another")
    with pytest.raises(UsageError, match=r"not those of its run\.json"):
        run(files, out, resume=True)
