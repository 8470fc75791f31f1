"""Claims: each job belongs to one watcher, whoever races for it and whoever dies."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from landslip.runtime.watch.attempts import ATTEMPTS, read_attempts
from landslip.runtime.watch.claims import adopt, claim_held, claim_new, forget_unborn, held_jobs
from landslip.runtime.watch.ended_jobs import ended_in_done
from landslip.runtime.watch.outcomes import finish_done
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.watchers import Watcher

RACER = """
import json, sys
from pathlib import Path
from landslip.runtime.watch.claims import claim_held, claim_new
from landslip.runtime.watch.job_queue import JobQueue
from landslip.runtime.watch.outcomes import finish_done
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.watchers import Watcher
spool, got = open_spool(Path(sys.argv[1])), []
with Watcher(spool, 60.0) as watcher:
    queue = JobQueue(spool, watcher, "rename", 1.0)
    print("ready", flush=True)
    sys.stdin.readline()
    while candidates := queue.look().candidates:
        for candidate in candidates:
            job, held = candidate.job, candidate.held
            claim = claim_held(spool, watcher, held) if held else claim_new(spool, watcher, job.file, job.name, 0.0)
            if claim is not None:
                assert claim.is_held() and claim.file.exists()
                got.append(claim.file.name)
                finish_done(spool, claim)
print(json.dumps(got))
"""


@pytest.fixture
def spool(tmp_path):
    return open_spool(tmp_path)


@pytest.fixture
def watcher(spool):
    with Watcher(spool, 60.0) as watcher:
        yield watcher


def put(spool, name):
    path = spool.incoming / name
    path.write_text(f"# {name}\n")
    return path


def only(spool):
    (held,) = held_jobs(spool)
    return held


@pytest.mark.slow
def test_four_processes_race_for_three_hundred_jobs_and_each_is_claimed_once(spool):
    wanted = [f"job-{number}.toml" for number in range(300)]
    for name in wanted:
        put(spool, name)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(spool.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:  # they begin as nearly at once as can be
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    got = [json.loads(racer.communicate()[0]) for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    assert Counter(name for each in got for name in each) == Counter(wanted)
    assert sum(bool(each) for each in got) > 1, "one alone came to anything: this was no race"
    assert sorted(path.name for path in spool.done.iterdir()) == sorted(wanted)
    assert [path.name for path in spool.work.iterdir()] == [".watchers"]
    assert list(spool.incoming.iterdir()) == []


def test_a_claim_takes_the_file_and_its_marker_into_a_folder_of_the_job(spool, watcher):
    file = put(spool, "x.toml")
    put(spool, "x.toml.done")
    claim = claim_new(spool, watcher, file, "x", 5.0)
    assert claim is not None
    assert claim.file == spool.work / "x" / "x.toml"
    assert claim.file.read_text() == "# x.toml\n"
    assert [path.name for path in claim.companions()] == ["x.toml.done"]
    assert read_attempts(claim.folder).arrived == 5.0
    assert list(spool.incoming.iterdir()) == []
    assert only(spool).owner == watcher.id
    assert claim.is_held()


def test_who_comes_second_gets_nothing_and_leaves_nothing(spool, watcher):
    file = put(spool, "x.toml")
    assert claim_new(spool, watcher, file, "x", 0.0) is not None
    with Watcher(spool, 60.0) as other:
        assert claim_new(spool, other, file, "x", 0.0) is None
        assert only(spool).owner == watcher.id
        assert claim_new(spool, other, file, "y", 0.0) is None  # the folder was free, and the file gone
    assert [path.name for path in spool.work.iterdir() if not path.name.startswith(".")] == ["x"]


def test_another_file_of_the_same_name_waits_while_the_job_is_in_hand(spool, watcher):
    assert claim_new(spool, watcher, put(spool, "x.toml"), "x", 0.0) is not None
    again, other = put(spool, "x.toml"), put(spool, "x.json")
    assert claim_new(spool, watcher, again, "x", 0.0) is None
    assert claim_new(spool, watcher, other, "x", 0.0) is None
    assert again.exists()
    assert other.exists()


def test_a_released_job_can_be_claimed_by_one_other(spool, watcher):
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 0.0)
    assert claim is not None
    claim.release()
    assert not claim.is_held()
    held = only(spool)
    assert held.owner is None
    with Watcher(spool, 60.0) as other:
        taken = claim_held(spool, other, held)
        assert taken is not None
        assert taken.is_held()
        assert claim_held(spool, watcher, held) is None
    assert not claim.is_held()


def test_a_job_of_a_dead_watcher_is_taken_by_one_and_the_dead_one_knows_when_it_comes_back(spool, watcher):
    with Watcher(spool, 60.0) as slow:
        claim = claim_new(spool, slow, put(spool, "x.toml"), "x", 0.0)
        assert claim is not None
        held = only(spool)
        taken = claim_held(spool, watcher, held)
        assert taken is not None
        assert claim_held(spool, watcher, held) is None
        assert not claim.is_held()
        claim.release()  # which is no longer its to give
        assert only(spool).owner == watcher.id


def test_a_folder_of_which_nothing_says_whose_it_is_can_be_adopted_once(spool, watcher):
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 0.0)
    assert claim is not None
    (claim.folder / f".owner-{watcher.id}").unlink()
    held = only(spool)
    assert (held.token, held.owner) == ("", None)
    adopt(held)
    adopt(held)
    assert claim_held(spool, watcher, only(spool)) is not None


def test_ending_a_job_removes_its_folder_but_no_file_of_others(spool, watcher):
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 0.0)
    assert claim is not None
    claim.end()  # its file is still there
    assert claim.file.exists()
    claim.file.rename(spool.done / "x.toml")
    (claim.folder / "notes.txt").write_text("of somebody")
    claim.end()
    assert not claim.folder.exists()
    (left,) = spool.work.glob(".left-*/notes.txt")
    assert left.read_text() == "of somebody"


def test_what_a_watcher_was_about_to_claim_with_goes_when_it_is_dead(spool, watcher):
    with Watcher(spool, 60.0) as other:
        mine, its = (spool.work / f".new-{each.id}-12345678" for each in (watcher, other))
    for folder in (mine, its):
        folder.mkdir()
        (folder / ATTEMPTS).write_text("{}")
    forget_unborn(spool, lambda owner: owner == watcher.id)
    assert mine.exists()
    assert not its.exists()


def test_who_was_thought_dead_between_two_steps_of_a_claim_leaves_the_job_of_the_other_alone(
    spool, watcher, monkeypatch
):
    file, rename = put(spool, "x.toml"), Path.rename
    with Watcher(spool, 60.0) as other:

        def held_up(path, target):
            if path == file:
                monkeypatch.undo()
                (held,) = held_jobs(spool)
                claim = claim_held(spool, other, held)
                assert claim is not None
                claim.end()  # there is no file in it
                assert claim_new(spool, other, file, "x", 0.0) is not None
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", held_up)
        assert claim_new(spool, watcher, file, "x", 0.0) is None
        assert only(spool).owner == other.id
        assert (spool.work / "x" / "x.toml").exists()


def test_a_claim_of_a_name_as_long_as_can_be(spool, watcher):
    claim = claim_new(spool, watcher, put(spool, f"{'a' * 250}.toml"), "a", 0.0)
    assert claim is not None
    assert claim.companions() == ()
    finish_done(spool, claim)
    (ended,) = ended_in_done(spool)
    assert [path.name for path in ended.paths] == [f"{'a' * 250}.toml"]


def test_a_claim_is_held_while_nobody_can_tell_and_not_by_who_has_lost_it(spool, watcher):
    claim = claim_new(spool, watcher, put(spool, "x.toml"), "x", 0.0)
    assert claim is not None
    assert replace(claim, folder=claim.folder / ("a" * 300)).is_held()  # the file system says an error
    claim.release()
    assert not claim.is_held()
    (claim.folder / "x.toml").unlink()
    claim.end()
    assert claim.folder.exists()
