"""Watchers that are killed at every step: another one goes on, nothing is lost, and nothing is mapped twice for it."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from helpers.spools import (
    job_text,
    make_spool,
    marker,
    names,
    products,
    put,
    running_watcher,
    single_run,
    start_doomed,
    wait_for,
    watch_once,
    workers_of,
)
from landslip.runtime.watch.observer import SilentObserver

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="kills, and reads /proc")]


class Started(SilentObserver):
    """Names of the jobs that were given to a worker."""

    def __init__(self):
        self.jobs, self.ends = [], []

    def job_started(self, job):
        self.jobs.append(job.name)

    def job_ended(self, job, outcome, seconds, km2, tiles_per_second):
        del seconds, tiles_per_second
        self.ends.append((job.name, outcome, km2 > 0))


@pytest.mark.parametrize(
    ("step", "attempts", "is_mapped_again"),
    [
        ("before claim", 1, True),
        ("within claim", 1, True),
        ("after claim", 1, True),
        ("mid map", 2, True),
        ("before marker", 2, False),
        ("before move", 1, False),
    ],
)
def test_a_watcher_killed_at_a_step(tmp_path, step, attempts, is_mapped_again):
    config = make_spool(tmp_path / "spool")
    whole = single_run(config, tmp_path / "whole")
    put(config, "x.toml")
    with start_doomed(config, step) as doomed:
        assert doomed.wait(120) == -signal.SIGKILL
    assert names(config, "done") == []
    out = tmp_path / "spool" / "out" / "x"
    assert (out / "run.json").exists() is not is_mapped_again
    assert (out.parent / "x.done").exists() is (step == "before move")
    record = (out / "run.json").read_bytes() if not is_mapped_again else b""
    for name in ("pre.tif",) if step == "before move" else ():
        (tmp_path / "spool" / name).unlink()  # with the marker there, not even the inputs are needed
    observer = Started()
    assert watch_once(config, observer) == 0
    assert products(out) == whole
    assert (out / "run.json").read_bytes() == record or is_mapped_again
    assert marker(config, "x")["attempts"] == attempts
    assert names(config, "done") == ["x.toml"]
    assert [names(config, folder) for folder in ("in", "work", "failed")] == [[], [], []]
    assert list((tmp_path / "spool" / "work" / ".watchers").iterdir()) == []
    assert observer.jobs == ([] if step == "before move" else ["x"])


def test_a_failure_that_was_decided_is_carried_out_by_the_next(tmp_path):
    config = make_spool(tmp_path)
    put(config, "x.toml", job_text(pre="nowhere.tif"))
    with start_doomed(config, "failure decided") as doomed:
        assert doomed.wait(120) == -signal.SIGKILL
    assert names(config, "failed") == []
    (tmp_path / "in" / "nowhere.tif").write_bytes((tmp_path / "pre.tif").read_bytes())  # it would succeed by now
    assert watch_once(config) == 0
    assert names(config, "failed") == ["x.error.json", "x.toml"]
    assert [names(config, folder) for folder in ("work", "done", "out")] == [[], [], []]


def checkpoints(out):
    journal = out / ".landslip-partial" / "journal.jsonl"
    return journal.exists() and "checksum" in journal.read_text()


def test_a_map_goes_on_where_the_killed_watcher_had_saved_it(tmp_path):
    config = make_spool(tmp_path / "spool", scene_m=40_000.0)
    whole = single_run(config, tmp_path / "whole")
    put(config, "x.toml")
    out = tmp_path / "spool" / "out" / "x"
    with running_watcher(config, "--once") as watcher:
        wait_for(lambda: checkpoints(out))
        (worker,) = workers_of(watcher.pid)
        watcher.kill()
        watcher.communicate()
        wait_for(lambda: not is_running(worker))
    assert names(config, "work") == ["x"]
    assert watch_once(config) == 0
    assert products(out) == whole
    assert marker(config, "x")["resumed_after_row"] > 0


def test_a_worker_dies_with_its_watcher(tmp_path):
    config = make_spool(tmp_path)
    with running_watcher(config) as watcher:
        (worker,) = wait_for(lambda: workers_of(watcher.pid))
        watcher.kill()
        watcher.communicate()
    wait_for(lambda: not is_running(worker))


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Murderer(Started):
    """Kills the worker as soon as it has certain jobs."""

    def __init__(self, victims):
        super().__init__()
        self.victims, self.killed = victims, 0

    def job_started(self, job):
        super().job_started(job)
        if job.name in self.victims:
            (worker,) = workers_of(os.getpid())
            os.kill(worker, signal.SIGSEGV)
            self.killed += 1


def test_a_job_that_kills_its_worker_each_time_is_put_aside_and_the_others_are_mapped(tmp_path):
    config = make_spool(tmp_path)
    config.write_text(config.read_text().replace("pause = 0.05", "pause = 0.05\ncrashes = 2"))
    for name in ("a", "poison", "z"):
        put(config, f"{name}.toml")
    observer = Murderer({"poison"})
    for _ in range(3):
        code = watch_once(config, observer)
    assert observer.killed == 2
    assert code == 0
    assert names(config, "done") == ["a.toml", "z.toml"]
    assert names(config, "failed") == ["poison.error.json", "poison.toml"]
    told = json.loads((tmp_path / "failed" / "poison.error.json").read_text())
    assert told["attempts"]["crashes"] == 2
    assert "SIGSEGV" in told["error"]["what"]
    assert len(told["attempts"]["ends"]) == 2
    assert ("poison", "retried", False) in observer.ends
    assert ("poison", "failed", False) in observer.ends
    assert names(config, "out") == ["a", "a.done", "z", "z.done"]


def test_a_job_whose_watcher_goes_down_each_time_is_put_aside(tmp_path):
    config = make_spool(tmp_path)
    config.write_text(config.read_text().replace("pause = 0.05", "pause = 0.05\nstarts = 2"))
    put(config, "x.toml")
    for _ in range(2):
        with start_doomed(config, "mid map") as doomed:
            assert doomed.wait(120) == -signal.SIGKILL
    assert watch_once(config) == 1
    told = json.loads((tmp_path / "failed" / "x.error.json").read_text())
    assert told["attempts"]["starts"] == 2
    assert "2 attempts were begun" in told["error"]["what"]


def test_what_was_begun_with_other_options_is_begun_anew(tmp_path):
    config = make_spool(tmp_path, scene_m=40_000.0)
    put(config, "x.toml")
    with running_watcher(config, "--once") as watcher:
        wait_for(lambda: checkpoints(tmp_path / "out" / "x"))
        watcher.kill()
        watcher.communicate()
    config.write_text(f"{config.read_text()}[engine]\ntile = 64\n")
    assert watch_once(config) == 0
    assert marker(config, "x")["resumed_after_row"] is None
    assert json.loads((tmp_path / "out" / "x" / "run.json").read_text())["tile"] == 64
