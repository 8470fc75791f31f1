"""The queue: which job files are complete, and in which order jobs come."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from landslip.runtime.watch import job_file
from landslip.runtime.watch.attempts import read_attempts, write_attempts
from landslip.runtime.watch.claims import claim_new
from landslip.runtime.watch.job_queue import JobQueue
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.spool_toml import RetryRule
from landslip.runtime.watch.watchers import Watcher


@pytest.fixture
def spool(tmp_path):
    return open_spool(tmp_path)


@pytest.fixture
def watcher(spool):
    with Watcher(spool, 60.0) as watcher:
        yield watcher


def put(spool, name, text=""):
    hidden = spool.incoming / f".{name}"
    hidden.write_text(text)
    return hidden.rename(spool.incoming / name)


def found(queue):
    return [candidate.job.name for candidate in queue.look().candidates]


def test_priority_comes_before_arrival_and_arrival_before_the_name(spool, watcher):
    queue = JobQueue(spool, watcher, "rename", 1.0)
    for name, priority in (("late", 0), ("b", 0), ("urgent", 9), ("never", -3), ("a", 0)):
        put(spool, f"{name}.toml", f"[job]\npriority = {priority}\n")
        time.sleep(0.02)
    put(spool, "broken.toml", "no toml")
    put(spool, "stac.json", '{"type": "Feature", "properties": {"landslip:job": {"priority": 5}}}')
    assert found(queue) == ["urgent", "stac", "late", "b", "a", "broken", "never"]


def test_hidden_and_unfinished_files_folders_and_links_are_no_jobs(spool, watcher, tmp_path):
    for name in (".x.toml", "x.toml.part", "x.toml.tmp", "image.tif", "x.toml.done"):
        (spool.incoming / name).write_text("")
    (spool.incoming / "folder.toml").mkdir()
    (tmp_path / "real.toml").write_text("")
    (spool.incoming / "link.toml").symlink_to(tmp_path / "real.toml")
    assert found(JobQueue(spool, watcher, "rename", 1.0)) == []


@pytest.mark.parametrize("marker", ["x.toml.done", "x.toml.ready", "x.done", "x.ready"])
def test_with_markers_a_job_waits_for_its_own(spool, watcher, marker):
    queue = JobQueue(spool, watcher, "marker", 1.0)
    put(spool, "x.toml")
    put(spool, "y.toml")
    assert found(queue) == []
    (spool.incoming / marker).write_text("")
    assert found(queue) == ["x"]


def test_a_file_that_is_written_to_is_taken_when_it_has_stayed_the_same(spool, watcher, monkeypatch):
    clock, passed = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + passed[0])
    queue, file = JobQueue(spool, watcher, "stable", 100.0), spool.incoming / "x.toml"
    file.write_text("pre")
    for change in (lambda: file.write_text("pre = 'a"), lambda: os.utime(file, (5, 5)), lambda: None):
        look = queue.look()
        assert (look.candidates, look.arriving) == ((), 1)
        passed[0] += 70
        change()
    assert queue.look().candidates == ()
    passed[0] += 70
    look = queue.look()
    assert ([each.job.name for each in look.candidates], look.arriving) == (["x"], 0)


def test_jobs_in_hand_are_nobody_elses_and_those_that_pause_wait(spool, watcher):
    queue = JobQueue(spool, watcher, "rename", 1.0)
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 7.0)
    assert claim is not None
    put(spool, "x.json")  # of the same name as one in hand
    assert found(queue) == []
    attempts = read_attempts(claim.folder)
    write_attempts(claim.folder, replace(attempts, not_before=time.time() + 1000, pause=1000.0))
    claim.release()
    look = queue.look()
    assert (look.candidates, look.paused) == ((), 1)
    write_attempts(claim.folder, replace(attempts, not_before=time.time() - 1))
    (candidate,) = queue.look().candidates
    assert (candidate.job.name, candidate.job.arrived) == ("x", 7.0)
    assert candidate.held is not None
    assert candidate.job.file == claim.file


def test_jobs_of_dead_watchers_come_again_and_those_of_living_ones_on_other_machines_do_not(spool, watcher):
    queue = JobQueue(spool, watcher, "rename", 1.0)
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 7.0)
    assert claim is not None
    other = f"{'e' * 12}-{'2' * 8}"
    (claim.folder / f".owner-{watcher.id}").rename(claim.folder / f".owner-{other}")
    lease = spool.watchers / other
    lease.write_bytes(b"")
    assert found(queue) == []
    os.utime(lease, (lease.stat().st_mtime - 61,) * 2)
    assert found(queue) == ["x"]
    queue.tidy()
    assert lease.exists()  # it owns the job until that is taken over
    lease.unlink()
    assert found(queue) == ["x"]


def test_a_folder_that_belongs_to_nobody_is_adopted_after_a_minute(spool, watcher):
    queue, folder = JobQueue(spool, watcher, "rename", 1.0), spool.work / "x"
    folder.mkdir()
    (folder / "x.toml").write_text("")
    assert found(queue) == []
    os.utime(folder, (time.time() - 100,) * 2)
    assert found(queue) == []
    assert found(queue) == ["x"]


@pytest.mark.parametrize("rule", ["rename", "marker"])
def test_a_name_as_long_as_can_be_is_no_trouble_to_others(spool, watcher, rule):
    (spool.incoming / f"{'a' * 250}.toml").write_text("")
    put(spool, "x.toml")
    put(spool, "x.toml.done")
    queue = JobQueue(spool, watcher, rule, 1.0)
    assert "x" in [each.job.name for each in queue.look().candidates]


def test_a_job_does_not_wait_for_a_clock_that_was_set_back(spool, watcher):
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 0.0)
    assert claim is not None
    failed = read_attempts(claim.folder).begun().after_error("it failed", 1, RetryRule(pause=30.0))
    write_attempts(claim.folder, failed)
    claim.release()
    queue = JobQueue(spool, watcher, "rename", 1.0)
    assert queue.look().paused == 1
    write_attempts(claim.folder, replace(failed, not_before=failed.not_before + 86_400.0))
    assert queue.look().paused == 0


@pytest.mark.slow
def test_files_are_read_once_however_many_there_are(spool, watcher, monkeypatch):
    for number in range(10_500):
        (spool.incoming / f"{number}.toml").write_text(f"[job]\npriority = {number % 50}\n")
    queue = JobQueue(spool, watcher, "rename", 1.0)
    first = queue.look()
    monkeypatch.setattr(job_file, "read_job_options", None)
    assert queue.look() == first
    assert [first.candidates[place].job.priority for place in (0, -1)] == [49, 0]
