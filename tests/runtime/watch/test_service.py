"""The service: what becomes of each job, with a real worker process, a real engine and real files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from shutil import rmtree

import pytest

import landslip
from helpers.spools import (
    error_of,
    job_text,
    make_spool,
    marker,
    names,
    products,
    put,
    running_watcher,
    single_run,
    wait_for,
    watch_once,
    workers_of,
)
from landslip.runtime.errors import EngineError, ModelError, OutputError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import PARTIAL
from landslip.runtime.watch import service
from landslip.runtime.watch.observer import SilentObserver
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.spool_toml import read_spool_toml

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Notes(SilentObserver):
    """All that an observer hears."""

    def __init__(self):
        self.heard, self.workers = [], set()

    def queue(self, length):
        self.heard.append(("queue", length))

    def job_started(self, job):
        self.heard.append(("started", job.name))
        self.workers.update(workers_of(os.getpid()))

    def job_progress(self, job, done, total):
        if total:
            self.heard.append(("progress", job.name, done, total))

    def job_ended(self, job, outcome, seconds, km2, tiles_per_second):
        self.heard.append(("ended", job.name, outcome, seconds > 0, km2 > 0, tiles_per_second > 0))

    def stopping(self):
        self.heard.append(("stopping",))

    def ends(self):
        return [each[1:3] for each in self.heard if each[0] == "ended"]


@pytest.fixture
def config(tmp_path):
    return make_spool(tmp_path / "spool")


@pytest.mark.slow
@LINUX
def test_jobs_are_mapped_in_their_order_by_one_worker_to_the_bytes_of_single_runs(config, tmp_path):
    whole = single_run(config, tmp_path / "whole")
    put(config, "b.toml")
    put(config, "a.toml", priority=-1)
    put(config, "urgent.toml", priority=5)
    put(config, "bad.toml", job_text(pre="nowhere.tif"))
    notes = Notes()
    assert watch_once(config, notes) == 1
    assert [each[1] for each in notes.heard if each[0] == "started"] == ["urgent", "b", "bad", "a"]
    assert notes.ends() == [("urgent", "done"), ("b", "done"), ("bad", "failed"), ("a", "done")]
    assert ("ended", "b", "done", True, True, True) in notes.heard
    assert ("ended", "bad", "failed", True, False, False) in notes.heard
    assert any(each[:2] == ("progress", "b") and each[2] == each[3] for each in notes.heard)
    assert notes.heard[0] == ("queue", 4)
    assert notes.heard[-1] == ("stopping",)
    assert len(notes.workers) == 1
    out = config.parent / "out"
    for name in ("a", "b", "urgent"):
        assert products(out / name) == whole
        told = marker(config, name)
        assert told["job"] == f"{name}.toml"
        assert {*told["products"]} == {path.name for path in (out / name).iterdir()}
        assert all(entry["sha256"] == sha256_of(out / name / each) for each, entry in told["products"].items())
        assert told["fingerprint"] == landslip.RunRecord.read(out / name / "run.json").fingerprint
        assert told["observed_km2"] > 0
        assert told["landslip"] == landslip.__version__
    assert names(config, "done") == ["a.toml", "b.toml", "urgent.toml"]
    assert error_of(config, "bad")["error"]["kind"] == "InputMissingError"
    assert [names(config, folder) for folder in ("in", "work")] == [[], []]


@pytest.mark.slow
def test_wrong_jobs_fail_with_a_reason_and_are_kept(config, tmp_path):
    wrong = {
        "typo.toml": (job_text(pre="../pre.tif", pots="x"), 3, "pots"),
        "option.toml": (job_text({"threshold": 2.0}), 3, "threshold"),
        "text.toml": ("no toml", 3, "TOML"),
        "damaged.toml": (job_text(post="broken.tif"), 3, "broken.tif"),
        "twice.toml": (job_text(post="../pre.tif"), 3, "force"),
        "stac.json": ("{}", 3, "stac.json"),
        "x.done.toml": (job_text(), 2, "second ending"),
        f"{'n' * 240}.toml": (job_text(), 2, "240 bytes"),
        os.fsdecode(b"\xff.toml"): (job_text(), 2, "UTF-8"),
        "new\nline.toml": (job_text(), 2, "not printed"),
    }
    (config.parent / "in" / "broken.tif").write_bytes(b"II*\0 no raster")
    for name, (text, _, _) in wrong.items():
        try:
            put(config, name, text)
        except OSError:  # the hidden name is too long
            (config.parent / "in" / name).write_text(text)
    assert watch_once(config) == 1
    found = {}
    for path in (config.parent / "failed").glob("*.error.json"):
        told = json.loads(path.read_text())
        found[told["job"]] = told["error"]
    assert {*found} == {*wrong}
    for name, (text, code, said) in wrong.items():
        assert (config.parent / "failed" / name).read_text() == text
        assert found[name]["exit_code"] == code, name
        assert said in f"{found[name]['what']} {found[name]['remedy']}", name
        assert found[name]["retryable"] is False
    assert names(config, "out") == names(config, "work") == []


@pytest.mark.slow
def test_a_job_put_in_again_is_checked_and_not_mapped_and_overwrite_maps_it(config):
    put(config, "x.toml")
    assert watch_once(config) == 0
    record = (config.parent / "out" / "x" / "run.json").read_bytes()
    put(config, "x.toml")
    assert watch_once(config) == 0
    assert (config.parent / "out" / "x" / "run.json").read_bytes() == record
    assert names(config, "done") == ["x.toml"]  # the same bytes
    put(config, "x.toml", threshold=0.9)
    put(config, "x.json", "{}")
    assert watch_once(config) == 1
    assert (config.parent / "out" / "x" / "run.json").read_bytes() == record
    assert error_of(config, "x")["error"]["exit_code"] in {2, 3}
    assert "x.done" in names(config, "out")
    put(config, "x.toml", threshold=0.9, overwrite=True)
    assert watch_once(config) == 0
    assert landslip.RunRecord.read(config.parent / "out" / "x" / "run.json").threshold == 0.9
    assert names(config, "done") == ["x.2.toml", "x.toml"]
    assert not (config.parent / "out" / "x" / PARTIAL).exists()
    assert marker(config, "x")["fingerprint"] != json.loads(record)["fingerprint"]


@pytest.mark.slow
def test_a_job_of_stac_is_mapped_from_where_it_was_put(config, tmp_path):
    folder = config.parent
    whole = single_run(config, tmp_path / "whole")
    (folder / "in" / "images").mkdir()
    for name in ("pre", "post", "dem", "mask"):
        (folder / f"{name}.tif").rename(folder / "in" / "images" / f"{name}.tif")
    assets = {name: {"href": f"./images/{name}.tif", "landslip:role": name} for name in ("pre", "post", "dem", "mask")}
    told = {"title": "By STAC"}
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": "event", "geometry": None, "links": [], "assets": assets,
        "properties": {"datetime": "2020-01-01T00:00:00Z", "landslip:job": told},
    }  # fmt: skip
    put(config, "event.json", json.dumps(item))
    given = {key: f"images/{key}.tif" for key in ("pre", "post", "dem")}
    put(config, "file.toml", job_text(**given, masks=["images/mask.tif"]))
    assert watch_once(config) == 0
    assert products(folder / "out" / "file") == whole
    same = folder / "in" / ".single.json"  # hidden, and so no job
    same.write_text(json.dumps(item))
    landslip.map_scene(same, model=folder / "m.onnx", out=tmp_path / "single", title="By STAC")
    assert products(folder / "out" / "event") == products(tmp_path / "single")


@pytest.mark.slow
def test_an_error_that_passes_is_tried_again_and_others_come_in_between(config):
    put(config, "x.toml", deadline=0.001, priority=5)
    put(config, "y.toml")
    config.write_text(config.read_text().replace("pause = 0.05", "pause = 1000\nattempts = 2"))
    notes = Notes()
    assert watch_once(config, notes) == 1
    assert notes.ends() == [("x", "retried"), ("y", "done")]
    assert names(config, "work") == ["x"]
    assert watch_once(config, notes) == 1  # it pauses, also for a service that was started anew
    assert len(notes.ends()) == 2
    config.write_text(config.read_text().replace("pause = 1000", "pause = 0.05"))
    attempts = config.parent / "work" / "x" / ".attempts.json"
    told = json.loads(attempts.read_text())
    attempts.write_text(json.dumps(told | {"not_before": 0.0}))
    assert watch_once(config, notes) == 1
    assert notes.ends()[2:] == [("x", "failed")]
    told = error_of(config, "x")
    assert told["error"]["kind"] == "DeadlineError"
    assert told["error"]["retryable"] is True
    assert told["attempts"]["errors"] == told["attempts"]["starts"] == len(told["attempts"]["ends"]) == 2
    assert names(config, "done") == ["y.toml"]
    assert names(config, "out") == ["y", "y.done"]


@pytest.mark.slow
def test_a_folder_that_another_run_writes_to_is_an_error_that_passes(config):
    from landslip.runtime.run.hidden_folder import HiddenFolder

    put(config, "x.toml")
    held = HiddenFolder(config.parent / "out" / "x")
    notes = Notes()
    assert watch_once(config, notes) == 1
    assert {*notes.ends()} == {("x", "retried")}
    held.let_go()
    time.sleep(0.2)
    assert watch_once(config, notes) == 0
    assert notes.ends()[-1] == ("x", "done")


@pytest.mark.parametrize(
    ("line", "error", "code"),
    [('[engine]\nprecision = "int8"', EngineError, 4), ("", ModelError, 3)],
)
@pytest.mark.slow
def test_an_engine_that_cannot_be_used_stops_the_service_and_leaves_the_job(config, line, error, code):
    config.write_text(f"{config.read_text()}{line}\n")
    if code == 3:
        (config.parent / "m.onnx").write_bytes(b"no model")
    put(config, "x.toml")
    with pytest.raises(error) as raised:
        watch_once(config)
    assert raised.value.exit_code == code
    assert names(config, "failed") == []
    assert names(config, "in") == ["x.toml"]  # it was not even claimed
    command = [sys.executable, "-m", "landslip", "watch", str(config)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == code


@pytest.mark.slow
@LINUX
def test_an_engine_that_fails_in_a_map_stops_the_service_and_the_job_goes_back(config, monkeypatch):
    from landslip.runtime.watch import service

    def failing(worker, *_):
        return service.Refused({"kind": "EngineError", "what": "The device is gone.", "remedy": "", "exit_code": 4})

    monkeypatch.setattr(service, "supervised_map", failing)
    put(config, "x.toml")
    with pytest.raises(EngineError, match="gone"):
        watch_once(config)
    folder = config.parent / "work" / "x"
    assert (folder / ".waiting").exists()
    assert json.loads((folder / ".attempts.json").read_text())["starts"] == 0
    monkeypatch.undo()
    assert watch_once(config) == 0
    assert marker(config, "x")["attempts"] == 1


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_map_the_job_goes_back_and_the_code_is_that_of_success(tmp_path, number):
    config = make_spool(tmp_path, scene_m=40_000.0)
    put(config, "x.toml")
    journal = tmp_path / "out" / "x" / PARTIAL / "journal.jsonl"
    with running_watcher(config) as watcher:
        wait_for(lambda: journal.exists() and "checksum" in journal.read_text())
        (worker,) = workers_of(watcher.pid)
        watcher.send_signal(number)
        _, said = watcher.communicate(timeout=60)
    assert watcher.returncode == 0, said
    assert not workers_of(watcher.pid)
    assert not os.path.exists(f"/proc/{worker}/cmdline")  # noqa: PTH110
    assert (tmp_path / "work" / "x" / ".waiting").exists()
    assert json.loads((tmp_path / "work" / "x" / ".attempts.json").read_text())["starts"] == 0
    assert watch_once(config) == 0
    assert marker(config, "x")["resumed_after_row"] > 0
    assert marker(config, "x")["attempts"] == 1


@pytest.mark.slow
@LINUX
def test_the_worker_is_renewed_after_some_jobs(config):
    config.write_text(f"{config.read_text()}[worker]\nrenew_after = 1\n")
    for name in ("a", "b"):
        put(config, f"{name}.toml")
    notes = Notes()
    assert watch_once(config, notes) == 0
    assert notes.ends() == [("a", "done"), ("b", "done")]
    assert len(notes.workers) == 2


@pytest.mark.slow
def test_a_job_is_not_claimed_while_an_observer_has_a_reason(config):
    class Wary(Notes):
        def may_claim(self, job):
            return "there is no room" if job.name == "large" else None

    put(config, "large.toml", priority=9)
    put(config, "small.toml")
    notes = Wary()
    assert watch_once(config, notes) == 1
    assert notes.ends() == [("small", "done")]
    assert names(config, "in") == ["large.toml"]


@pytest.mark.slow
@LINUX
def test_a_job_that_was_taken_over_is_left_to_the_other(tmp_path):
    config = make_spool(tmp_path, scene_m=40_000.0)
    put(config, "x.toml")

    class Robbed(Notes):
        def job_progress(self, *_):
            folder = config.parent / "work" / "x"
            for token in folder.glob(".owner-*"):
                token.rename(folder / f".owner-{'a' * 12}-{'b' * 8}")
            (config.parent / "work" / ".watchers" / f"{'a' * 12}-{'b' * 8}").write_bytes(b"")

    notes = Robbed()
    assert watch_once(config, notes) == 0
    assert notes.ends() == []
    assert names(config, "work") == ["x"]
    assert names(config, "done") == names(config, "failed") == []
    assert not (config.parent / "out" / "x.done").exists()


@pytest.mark.slow
@pytest.mark.parametrize("is_wrong", [False, True], ids=["mapped", "failed"])
def test_what_came_of_a_job_that_was_taken_over_at_the_end_is_left_to_the_other(tmp_path, monkeypatch, is_wrong):
    config = make_spool(tmp_path)
    put(config, "x.toml", job_text(pre="nowhere.tif") if is_wrong else None)
    mapped = service.supervised_map

    def robbed(*given):
        attempted = mapped(*given)
        (token,) = (config.parent / "work" / "x").glob(".owner-*")
        token.rename(token.with_name(f".owner-{'a' * 12}-{'b' * 8}"))
        (config.parent / "work" / ".watchers" / f"{'a' * 12}-{'b' * 8}").write_bytes(b"")
        return attempted

    monkeypatch.setattr(service, "supervised_map", robbed)
    notes = Notes()
    assert watch_once(config, notes) == 0
    assert notes.ends() == []
    assert sorted(path.name for path in (config.parent / "work" / "x").iterdir()) == [
        ".attempts.json", f".owner-{'a' * 12}-{'b' * 8}", "x.toml",
    ]  # fmt: skip
    assert names(config, "done") == names(config, "failed") == []
    assert not (config.parent / "out" / "x.done").exists()


@pytest.mark.slow
def test_the_end_of_a_map_that_nobody_waits_for_any_more_is_not_that_of_the_next(config, tmp_path):
    put(config, "x.toml")
    put(config, "y.toml", priority=-1)

    class Failing(Notes):
        is_hurt = False

        def job_progress(self, job, *_):
            if job.name == "x" and not self.is_hurt:
                self.is_hurt = True
                raise OSError("nobody listens")

    notes = Failing()
    while watch_once(config, notes):
        pass
    assert products(config.parent / "out" / "y") == single_run(config, tmp_path / "whole")
    assert [marker(config, name)["folder"] for name in ("x", "y")] == ["x", "y"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_spool_that_is_gone_for_a_while_is_said_once(config):
    with running_watcher(config) as watcher:
        wait_for(lambda: workers_of(watcher.pid))
        for name in ("x", "y"):
            (config.parent / "in").rename(config.parent / "elsewhere")
            time.sleep(1.0)  # many looks
            (config.parent / "elsewhere").rename(config.parent / "in")
            put(config, f"{name}.toml", "nonsense")
            wait_for(lambda name=name: f"{name}.toml" in names(config, "failed"))
        watcher.terminate()
        _, said = watcher.communicate(timeout=60)
    assert 1 <= said.count("the spool cannot be read now") <= 2


@pytest.mark.parametrize("gone", ["in", "work"])
def test_once_ends_where_the_spool_cannot_be_read(config, gone):
    spool, read = open_spool(config.parent), read_spool_toml(config)
    rmtree(config.parent / gone)
    if gone == "work":
        with pytest.raises(OutputError):
            service.watch(spool, read, SilentObserver(), once=True)
    else:
        assert service.watch(spool, read, SilentObserver(), once=True) == 1


@pytest.mark.slow
def test_markers_go_with_their_jobs_and_are_no_markers_of_the_next(config):
    config.write_text('complete = "marker"\n' + config.read_text())
    for name in ("x.toml", "bad.toml", "later.toml"):
        put(config, name, job_text(pre="nowhere.tif") if name == "bad.toml" else None)
    for name in ("x.toml.ready", "bad.done"):
        (config.parent / "in" / name).write_text("")
    assert watch_once(config) == 1
    assert names(config, "done") == ["x.toml", "x.toml.ready"]
    assert names(config, "failed") == ["bad.done", "bad.error.json", "bad.toml"]
    put(config, "x.toml")
    assert watch_once(config) == 0
    assert names(config, "in") == ["later.toml", "x.toml"]


@pytest.mark.slow
def test_once_waits_for_a_file_that_may_still_be_written(config):
    config.write_text('complete = "stable"\nstable = 1\n' + config.read_text())
    put(config, "x.toml")
    assert watch_once(config) == 0
    assert names(config, "done") == ["x.toml"]


def test_nothing_to_do_takes_no_engine(config):
    assert watch_once(config) == 0
    assert workers_of(os.getpid()) == []


def test_the_service_loads_nothing_heavy():
    code = (
        "import sys, landslip.runtime.watch.front; heavy = {'numpy', 'numba', 'rasterio', 'shapely', 'onnxruntime', "
        "'pyogrio', 'PIL', 'tqdm'}; print(sorted(heavy & {*sys.modules}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
