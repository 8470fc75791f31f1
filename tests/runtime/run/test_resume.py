"""Interrupted maps go on where they were, and come out the same, byte for byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pyogrio.raw
import pytest
import rasterio
from rasterio import shutil
from rasterio.vrt import WarpedVRT

from helpers.engines import SPEC, mixing_engine, mixture
from helpers.killing import digests
from helpers.rasters import rgb, scene_mixed, write
from helpers.results import names_of_results
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import EngineError, OutputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run import run_files
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.system.drafts import PARTIAL

BATCH = 3


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return scene_mixed(tmp_path_factory.mktemp("scene"), height_m=3000.0, width_m=1200.0)


@pytest.fixture(autouse=True)
def every_row_is_saved(monkeypatch):
    monkeypatch.setattr(run_files, "INTERVAL", 0.0)


def request_for(files, out, *, tile=64, batch=BATCH, **options):
    return MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=tile, batch=batch), **options)


def run(files, out, engine=None, **options):
    return map_scene(request_for(files, out, **options), engine=engine or mixing_engine())


@pytest.fixture(scope="module")
def whole(files, tmp_path_factory):
    """Products of an uninterrupted run: their digests, and the number of batches."""
    out, calls = tmp_path_factory.mktemp("whole") / "out", []

    def counted(batch):
        calls.append(1)
        return mixture(batch)

    record = run(files, out, FakeEngine(SPEC, counted))
    return digests(out), len(calls), record


def stopping(call, error=KeyboardInterrupt):
    """An engine that fails at a call, and counts its calls."""
    calls = []

    def function(batch):
        calls.append(1)
        if len(calls) - 1 == call:
            raise error
        return mixture(batch)

    return FakeEngine(SPEC, function), calls


def interrupted(files, out, call=12, error=KeyboardInterrupt, **options):
    with pytest.raises(error if isinstance(error, type) else type(error)):
        run(files, out, stopping(call, error)[0], **options)


def test_the_map_that_is_compared_has_polygons_of_all_kinds(files, tmp_path):
    run(files, tmp_path / "out")
    read = partial(pyogrio.raw.read, tmp_path / "out" / "landslides.gpkg", read_geometry=False)
    meta, _, _, columns = read(layer="landslides")
    found = dict(zip(meta["fields"], columns, strict=True))
    assert found["edge"].any()
    for name in ("elev_min", "reach_angle", "slope_mean", "aspect_mean"):
        assert np.isfinite(found[name]).sum() > 3, name
    _, _, _, (_, reasons, _) = read(layer="not_observed")
    assert set(reasons)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 0.8, 0.99])
def test_the_result_is_that_of_an_uninterrupted_run(files, whole, tmp_path, share):
    products, batches, record = whole
    interrupted(files, tmp_path / "out", int(share * batches))
    engine, calls = stopping(-1)
    resumed = run(files, tmp_path / "out", engine, resume=True)
    assert digests(tmp_path / "out") == products
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(tmp_path / "out")
    assert resumed["tiles"] == record["tiles"]
    if share > 0.3:
        assert len(calls) < batches
        assert 0 < resumed["resumed_after_row"] < record["grid"]["height"]


def test_any_batch_size_can_go_on(files, whole, tmp_path):
    interrupted(files, tmp_path / "out", 12)
    run(files, tmp_path / "out", batch=7, resume=True)
    assert digests(tmp_path / "out") == whole[0]


def test_it_can_be_interrupted_again_and_again(files, whole, tmp_path):
    for call in (9, 5, 6, 7):
        interrupted(files, tmp_path / "out", call, resume=True)
    run(files, tmp_path / "out", resume=True)
    assert digests(tmp_path / "out") == whole[0]


def test_the_notebooks_protocol_goes_on_too(files, tmp_path):
    run(files, tmp_path / "whole", protocol="notebook")
    interrupted(files, tmp_path / "out", 5, protocol="notebook")
    run(files, tmp_path / "out", protocol="notebook", resume=True)
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_how_to_go_on_is_said(files, tmp_path, caplog):
    interrupted(files, tmp_path / "out", 12)
    assert "rows are kept in" in caplog.text
    assert "resume=True" in caplog.text


def test_a_caller_that_cannot_go_on_hears_nothing_of_it_and_nothing_is_left(files, tmp_path, caplog):
    interrupted(files, tmp_path / "out", 12, keep=False)
    assert "rows are kept in" not in caplog.text
    assert not (tmp_path / "out").exists()


def test_what_failed_before_the_first_row_leaves_nothing(files, tmp_path, caplog):
    interrupted(files, tmp_path / "out", 0)
    assert not (tmp_path / "out").exists()
    assert "resume=True" not in caplog.text


def test_what_a_run_left_before_its_first_row_is_in_nobodys_way(files, whole, tmp_path):
    partial = tmp_path / "out" / PARTIAL
    partial.mkdir(parents=True)
    (partial / "rows.raw").touch()
    (partial / "journal.jsonl").write_text('{"landslip": "run", "identity": {"other": 1}}')
    (partial / "left").mkdir()
    run(files, tmp_path / "out")
    assert digests(tmp_path / "out") == whole[0]


def test_without_a_word_an_unfinished_run_is_neither_lost_nor_taken(files, whole, tmp_path):
    interrupted(files, tmp_path / "out")
    with pytest.raises(UsageError, match=r"not finished\. Add resume=True to go on with it, or overwrite=True"):
        run(files, tmp_path / "out")
    assert (tmp_path / "out" / PARTIAL / "rows.raw").stat().st_size > 0
    engine, calls = stopping(-1)
    record = run(files, tmp_path / "out", engine, overwrite=True)
    assert len(calls) == whole[1]
    assert "resumed_after_row" not in record


def test_with_nothing_to_go_on_with_it_starts_at_the_top(files, whole, tmp_path, caplog):
    caplog.set_level("INFO", "landslip")
    run(files, tmp_path / "out", resume=True)
    assert digests(tmp_path / "out") == whole[0]
    assert "no unfinished run" in caplog.text


def test_results_that_are_complete_are_not_made_again(files, tmp_path):
    record = run(files, tmp_path / "out")
    engine, calls = stopping(-1)
    assert run(files, tmp_path / "out", engine, resume=True) == record
    assert calls == []
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(tmp_path / "out")


@pytest.mark.parametrize("spoilt", [None, "{", "[]", "{}"])
def test_results_of_something_else_are_not_touched(files, tmp_path, spoilt):
    run(files, tmp_path / "out")
    if spoilt is not None:
        (tmp_path / "out" / "run.json").write_text(spoilt)
    before = digests(tmp_path / "out")
    with pytest.raises(UsageError, match="holds results already, of something else"):
        run(files, tmp_path / "out", resume=True, threshold=0.4)
    assert digests(tmp_path / "out") == before


def test_both_ways_at_once_are_refused(files, tmp_path):
    with pytest.raises(UsageError, match="give one of the two"):
        request_for(files, tmp_path, resume=True, overwrite=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threshold": 0.3}, "threshold was 0.5 and is 0.3"),
        ({"overlap": 0.25}, "overlap was 0.5 and is 0.25"),
        ({"tile": 96}, "tile was 64 and is 96"),
        ({"min_area": 0.0}, "min_area_m2 was 400.0 and is 0.0"),
        ({"protocol": "notebook"}, 'protocol was "gaussian" and is "notebook"'),
    ],
)
def test_other_parameters_are_refused(files, tmp_path, options, words):
    interrupted(files, tmp_path / "out")
    with pytest.raises(UsageError, match=f"of something else: .*{words}.*overwrite=True"):
        run(files, tmp_path / "out", resume=True, **options)
    assert (tmp_path / "out" / PARTIAL / "rows.raw").stat().st_size > 0


def test_another_title_is_taken_by_the_run_that_ends(files, tmp_path):
    interrupted(files, tmp_path / "out", title="Before")
    assert run(files, tmp_path / "out", resume=True, title="After")["title"] == "After"


def test_a_complete_run_keeps_its_title_and_says_so(files, tmp_path, caplog):
    run(files, tmp_path / "out", title="Before")
    before = digests(tmp_path / "out")
    assert run(files, tmp_path / "out", resume=True)["title"] == "Before"
    assert "title" not in caplog.text
    assert run(files, tmp_path / "out", resume=True, title="After")["title"] == "Before"
    assert "keeps the title it was made with" in caplog.text
    assert digests(tmp_path / "out") == before


def test_another_model_or_engine_is_refused(files, tmp_path):
    interrupted(files, tmp_path / "out")
    engine = mixing_engine(replace(SPEC, name="other"))
    with pytest.raises(UsageError, match='model name was "test" and is "other"'):
        run(files, tmp_path / "out", engine, resume=True)
    engine = mixing_engine()
    engine.precision = "fp16"
    with pytest.raises(UsageError, match='engine precision was "fp32" and is "fp16"'):
        run(files, tmp_path / "out", engine, resume=True)


def test_other_inputs_are_refused_and_renamed_ones_taken(files, whole, tmp_path):
    interrupted(files, tmp_path / "out")
    other = write(tmp_path / "other.tif", rgb(300, 120, seed=5), 10.0)
    with pytest.raises(UsageError, match="inputs sha256 was"):
        run(replace(files, post=other), tmp_path / "out", resume=True)
    moved = tmp_path / "moved.tif"
    moved.write_bytes(files.post.read_bytes())
    run(replace(files, post=moved), tmp_path / "out", resume=True)
    assert digests(tmp_path / "out") == whole[0]


def damage_journal(partial):
    text = (partial / "journal.jsonl").read_text()
    (partial / "journal.jsonl").write_text(text[: len(text) - 25])


def forget_the_end(partial):
    content = (partial / "rows.raw").read_bytes()
    (partial / "rows.raw").write_bytes(content[: len(content) * 2 // 3])


def spoil_the_end(partial):
    content = bytearray((partial / "rows.raw").read_bytes())
    content[-5] ^= 1
    (partial / "rows.raw").write_bytes(content)


def spoil_all(partial):
    size = (partial / "rows.raw").stat().st_size
    (partial / "rows.raw").write_bytes(os.urandom(size))


def lose_the_journal(partial):
    (partial / "journal.jsonl").unlink()


def flip_a_byte_of_the_pictures(partial):
    content = bytearray((partial / "images.raw").read_bytes())
    content[len(content) // 3] ^= 0x40
    (partial / "images.raw").write_bytes(content)


def lose_the_pictures(partial):
    (partial / "images.raw").write_bytes((partial / "images.raw").read_bytes()[:2000])


def fill_with_rubbish(partial):
    lines = (partial / "journal.jsonl").read_text().splitlines()
    rubbish = ["[]", "{", '{"rows": "many"}', '{"rows": -1, "checksum": 0}', "null", '{"a": 1}', "\x00"]
    (partial / "journal.jsonl").write_text("\n".join([*lines, *rubbish]))


@pytest.mark.parametrize(
    "damage",
    [
        damage_journal,
        forget_the_end,
        spoil_the_end,
        spoil_all,
        lose_the_journal,
        lose_the_pictures,
        flip_a_byte_of_the_pictures,
        fill_with_rubbish,
    ],
)
def test_what_a_crash_has_spoilt_is_made_again(files, whole, tmp_path, damage):
    interrupted(files, tmp_path / "out", 20)
    damage(tmp_path / "out" / PARTIAL)
    run(files, tmp_path / "out", resume=True)
    assert digests(tmp_path / "out") == whole[0]


def test_a_failing_engine_and_a_damaged_input_lose_nothing(files, whole, tmp_path):
    interrupted(files, tmp_path / "out", 12, EngineError("the engine failed."))
    engine, calls = stopping(-1)
    run(files, tmp_path / "out", engine, resume=True)
    assert digests(tmp_path / "out") == whole[0]
    assert len(calls) < whole[1]


def test_a_disk_that_is_full_for_a_while(files, whole, tmp_path, monkeypatch):
    """At the seam: the real thing is in test_full_disk.py."""
    from landslip.runtime.run import rows_file

    written = []

    def full(file, content):
        written.append(len(content))
        if len(written) > 6:
            file.write(content[: len(content) // 2])
            raise OSError(28, "No space left on device")
        file.write(content)

    with monkeypatch.context() as context:
        context.setattr(rows_file, "write_all", full)
        with pytest.raises(OutputError, match=r"rows\.raw cannot be written .*free disk space"):
            run(files, tmp_path / "out")
    record = run(files, tmp_path / "out", resume=True)
    assert record["resumed_after_row"] > 0
    assert digests(tmp_path / "out") == whole[0]


def test_products_that_could_not_be_finished_are_made_from_the_rows(files, whole, tmp_path, monkeypatch):
    def broken(*_):
        raise OutputError("no space")

    with monkeypatch.context() as context:
        context.setattr("landslip.runtime.mapping.map_and_products.write_cog", broken)
        with pytest.raises(OutputError):
            run(files, tmp_path / "out")
    engine, calls = stopping(-1)
    run(files, tmp_path / "out", engine, resume=True)
    assert digests(tmp_path / "out") == whole[0]
    assert calls == []


def test_a_run_that_died_between_two_renames_is_finished(files, whole, tmp_path, monkeypatch):
    moved, real = [], type(tmp_path).replace

    def dying(path, target):
        if target.parent == tmp_path / "out":
            moved.append(target.name)
            if len(moved) == 2:
                raise KeyboardInterrupt
        return real(path, target)

    with monkeypatch.context() as context:
        context.setattr(type(tmp_path), "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            run(files, tmp_path / "out")
    assert not (tmp_path / "out" / "run.json").exists()
    run(files, tmp_path / "out", resume=True)
    assert digests(tmp_path / "out") == whole[0]


def test_the_record_of_a_resumed_run_is_readable(files, tmp_path):
    interrupted(files, tmp_path / "out", 12)
    record = run(files, tmp_path / "out", resume=True)
    assert json.loads((tmp_path / "out" / "run.json").read_text()) == record
    assert np.isfinite(record["tiles_per_second"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("rounds", "kind"),
    [
        (2, "confidence"),
        pytest.param(2, "classes", marks=pytest.mark.slow),
        *(pytest.param(20, kind, marks=pytest.mark.slow) for kind in ("confidence", "classes")),
    ],
)
def test_killed_at_random_moments_it_comes_out_the_same(tmp_path, rounds, kind):
    command = [sys.executable, "-W", "ignore", "-m", "helpers.killing", str(tmp_path), str(rounds), kind]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": path}, timeout=600
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["killed"] >= rounds
    assert report["kept"] > 0
    assert all(result == report["whole"] for result in report["results"])
    assert len(report["results"]) == rounds + 1


@pytest.mark.parametrize(
    ("name", "words"), [("confidence.tif", "holds results already"), ("landslides.gpkg", "already")]
)
def test_results_of_which_one_is_missing_are_not_called_complete(files, tmp_path, name, words):
    run(files, tmp_path / "out")
    (tmp_path / "out" / name).unlink()
    with pytest.raises(UsageError, match=words):
        run(files, tmp_path / "out", resume=True)


def test_results_that_were_changed_are_not_called_complete(files, tmp_path):
    run(files, tmp_path / "out")
    (tmp_path / "out" / "landslides.gpkg").write_bytes(b"")
    with pytest.raises(UsageError, match=r"not those of its run\.json: they were damaged or changed"):
        run(files, tmp_path / "out", resume=True)


def test_rows_of_which_nobody_knows_do_not_replace_complete_results(files, tmp_path, caplog):
    run(files, tmp_path / "out")
    before = digests(tmp_path / "out")
    (tmp_path / "out" / PARTIAL).mkdir()
    (tmp_path / "out" / PARTIAL / "rows.raw").write_bytes(bytes(10_000))
    with pytest.raises(UsageError, match="holds results already"):
        run(files, tmp_path / "out", resume=True, threshold=0.3)
    assert digests(tmp_path / "out") == before


def test_a_restart_is_said(files, whole, tmp_path, caplog):
    interrupted(files, tmp_path / "out", 20)
    (tmp_path / "out" / PARTIAL / "journal.jsonl").unlink()
    run(files, tmp_path / "out", resume=True)
    assert "nothing usable is left" in caplog.text
    assert digests(tmp_path / "out") == whole[0]


def test_what_a_vrt_refers_to_is_part_of_the_inputs(files, tmp_path):
    source = tmp_path / "source.tif"
    source.write_bytes(files.post.read_bytes())
    with rasterio.open(source) as dataset, WarpedVRT(dataset) as virtual:
        shutil.copy(virtual, tmp_path / "post.vrt", driver="VRT")
    referring = replace(files, post=tmp_path / "post.vrt")
    interrupted(referring, tmp_path / "out")
    source.write_bytes(write(tmp_path / "other.tif", rgb(300, 120, seed=5), 10.0).read_bytes())
    with pytest.raises(UsageError, match="parts was"):
        run(referring, tmp_path / "out", resume=True)


def test_a_nodata_value_that_is_no_number_can_be_gone_on_with(files, tmp_path):
    unusual = replace(files, reading=ReadOptions(dem_nodata=float("nan")))
    interrupted(unusual, tmp_path / "out")
    assert run(unusual, tmp_path / "out", resume=True)["resumed_after_row"] > 0


def test_an_interrupt_after_the_results_have_their_names_leaves_them(files, whole, tmp_path, monkeypatch):
    publish = Workspace.publish

    def then_stop(self, names):
        publish(self, names)
        raise KeyboardInterrupt

    monkeypatch.setattr(Workspace, "publish", then_stop)
    with pytest.raises(KeyboardInterrupt):
        run(files, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(tmp_path / "out")
    assert digests(tmp_path / "out") == whole[0]
