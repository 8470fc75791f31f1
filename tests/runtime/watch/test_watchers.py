"""Watchers: which of them live, on this machine and on others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from landslip.runtime.watch import watchers
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.watchers import Watcher, is_id, this_machine

HOLD = """
import sys
from pathlib import Path
from landslip.runtime.watch import watchers
from landslip.runtime.watch.spool_folders import open_spool
from landslip.runtime.watch.watchers import Watcher
watcher = Watcher(open_spool(Path(sys.argv[1])), 60.0)
print(watcher.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def spool(tmp_path):
    return open_spool(tmp_path)


def elsewhere(spool, age, now):
    """A watcher of another machine, as this one sees it."""
    name = f"{'f' * 12}-{'1' * 8}"
    path = spool.watchers / name
    path.write_bytes(b"")
    os.utime(path, (now - age, now - age))
    return name


def test_a_watcher_lives_until_it_is_closed(spool):
    now = spool.file_system_now()
    with Watcher(spool, 60.0) as one, Watcher(spool, 60.0) as other:
        assert is_id(one.id)
        assert one.id != other.id
        assert one.is_alive(other.id, now)
        assert one.is_alive(one.id, now)
        other.close()
        assert not one.is_alive(other.id, now)


def test_a_process_that_is_killed_is_dead_at_once_and_one_that_is_stopped_is_not(spool):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(spool.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process, Watcher(spool, 1.0) as watcher:
        assert process.stdout is not None
        other = process.stdout.readline().strip()
        later = spool.file_system_now() + 1000.0  # far beyond its lease: its lock says that it lives
        process.send_signal(signal.SIGSTOP)
        assert watcher.is_alive(other, later)
        process.kill()
        process.wait()
        assert not watcher.is_alive(other, later)
        assert (spool.watchers / other).exists()
        watcher.forget_dead({other}, later)  # it owns something
        assert (spool.watchers / other).exists()
        watcher.forget_dead(set(), later)
        assert not (spool.watchers / other).exists()


@pytest.mark.parametrize(("age", "lives"), [(5.0, True), (50.0, False)])
def test_a_watcher_of_another_machine_lives_as_long_as_its_heartbeat_is_new(spool, age, lives):
    now = spool.file_system_now()
    with Watcher(spool, 20.0) as watcher:
        other = elsewhere(spool, age, now)
        assert other.partition("-")[0] != this_machine()
        assert watcher.is_alive(other, now) is lives
        watcher.forget_dead(set(), now)
        assert (spool.watchers / other).exists() is lives


def test_without_locks_the_heartbeat_counts_on_the_same_machine_too(spool, monkeypatch):
    monkeypatch.setattr(watchers, "_try_lock", lambda _: None)
    now = spool.file_system_now()
    with Watcher(spool, 20.0) as one, Watcher(spool, 20.0) as other:
        assert one.is_alive(other.id, now + 10)
        assert not one.is_alive(other.id, now + 30)
        assert one.is_alive(one.id, now + 30)


def test_a_heartbeat_gives_the_file_a_new_time_and_makes_it_anew_where_it_was_removed(spool, monkeypatch):
    clock = time.monotonic
    with Watcher(spool, 20.0) as watcher:
        path = spool.watchers / watcher.id
        os.utime(path, (1, 1))
        watcher.beat()  # not due
        assert path.stat().st_mtime == 1
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 10)
        watcher.beat()
        assert path.stat().st_mtime > 1
        path.unlink()
        monkeypatch.setattr(time, "monotonic", lambda: clock() + 20)
        watcher.beat()
        assert path.exists()
        with Watcher(spool, 20.0) as other:
            assert other.is_alive(watcher.id, spool.file_system_now() + 1000)
    assert list(spool.watchers.iterdir()) == []


def test_what_a_watcher_left_half_made_is_forgotten(spool):
    with Watcher(spool, 20.0) as watcher:
        for name in (".clock-1234", ".new-1"):
            (spool.watchers / name).write_bytes(b"")
        watcher.forget_dead(set(), spool.file_system_now())
        assert (spool.watchers / ".clock-1234").exists()
        watcher.forget_dead(set(), spool.file_system_now() + 100)
        assert [path.name for path in spool.watchers.iterdir()] == [watcher.id]
