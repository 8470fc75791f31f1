"""A running service as its operators see it: service manager, metrics, room and retention, with real processes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from helpers.spools import QUICK, error_of, make_spool, names, put, start_watcher, wait_for, watch_once, workers_of
from landslip.runtime.system.memory_room import MemoryRoom
from landslip.runtime.watch import job_room
from landslip.runtime.watch.back_pressure import RoomLeft
from landslip.runtime.watch.front import check_spool, run_watch
from landslip.runtime.watch.observer import SilentObserver

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")]

GB = 10**9
PLENTY = RoomLeft(100 * GB, 1000 * GB, MemoryRoom(100 * GB, 100 * GB))


@contextmanager
def managed(config, monkeypatch, usec="400000"):
    """A service, and what its manager has heard so far."""
    address, messages = str(config.parent / "notify"), []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", usec)

        def heard():
            try:
                while True:
                    messages.append(manager.recv(4096).decode())
            except BlockingIOError:
                return messages

        process = start_watcher(config)
        try:
            yield process, heard
        finally:
            process.kill()
            process.communicate()


def values(path):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def test_a_service_manager_and_prometheus_are_told(tmp_path, monkeypatch):
    config = make_spool(tmp_path, f'{QUICK}[metrics]\nfile = "landslip.prom"\n')
    put(config, "whole.toml")
    put(config, "broken.toml", "pre = 3\n")
    with managed(config, monkeypatch) as (process, heard):
        wait_for(lambda: names(config, "done") and len(names(config, "failed")) == 2)
        wait_for(lambda: [each for each in heard() if each.startswith("STATUS=")][-1] == "STATUS=waits for jobs")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        messages = heard()
    assert "READY=1" in messages[:3]
    assert "STATUS=maps whole" in messages
    assert "WATCHDOG=1" in messages
    assert "STOPPING=1" in messages[-3:]
    found = values(tmp_path / "landslip.prom")
    assert [found["landslip_jobs_total", each] for each in ("done", "failed", "retried")] == [1, 1, 0]
    assert found["landslip_job_attempts_total",] == 2
    assert found["landslip_observed_square_meters_total",] > 0
    assert found["landslip_last_success_timestamp_seconds",] > 1e9
    assert found["landslip_queue_jobs",] == 0


def test_a_map_that_hangs_gives_no_sign_of_life(tmp_path, monkeypatch):
    config = make_spool(tmp_path)
    with managed(config, monkeypatch) as (process, heard):
        wait_for(lambda: "READY=1" in heard())
        heard().clear()
        wait_for(lambda: heard().count("WATCHDOG=1") > 3)  # it waits, and lives
        (worker,) = workers_of(process.pid)
        put(config, "hangs.toml")
        wait_for(lambda: names(config, "work"))
        os.kill(worker, signal.SIGSTOP)
        time.sleep(0.5)
        heard().clear()
        time.sleep(2.0)  # five times what the watchdog waits
        assert "WATCHDOG=1" not in heard()
        os.kill(worker, signal.SIGCONT)
        wait_for(lambda: names(config, "done"))
        assert "WATCHDOG=1" in heard()


class Heard(SilentObserver):
    """Takes down what is waited for."""

    def __init__(self):
        self.waits = []

    def held_back(self, job, resource):
        self.waits.append((job.name if job else None, resource))


@pytest.mark.parametrize(
    ("resource", "room"),
    [
        ("disk", RoomLeft(1000, 1000 * GB, MemoryRoom(100 * GB, 100 * GB))),
        ("memory", RoomLeft(100 * GB, 1000 * GB, MemoryRoom(1000, 100 * GB))),
    ],
)
def test_a_job_that_does_not_fit_is_not_claimed(tmp_path, monkeypatch, caplog, resource, room):
    config, observer = make_spool(tmp_path), Heard()
    put(config, "large.toml")
    monkeypatch.setattr(job_room, "room_at", lambda _: room)
    assert watch_once(config, observer) == 1
    assert names(config, "in") == ["large.toml"]
    assert names(config, "work") == []
    assert observer.waits == [("large", resource)]
    monkeypatch.setattr(job_room, "room_at", lambda _: PLENTY)
    assert watch_once(config) == 0
    assert names(config, "done") == ["large.toml"]


@pytest.mark.parametrize(
    "room",
    [RoomLeft(1000, 1000, MemoryRoom(100 * GB, 100 * GB)), RoomLeft(100 * GB, 1000 * GB, MemoryRoom(1000, 1000))],
)
def test_a_job_that_can_never_fit_fails_and_says_so(tmp_path, monkeypatch, room):
    config = make_spool(tmp_path)
    put(config, "country.toml")
    monkeypatch.setattr(job_room, "room_at", lambda _: room)
    assert watch_once(config) == 1
    error = error_of(config, "country")["error"]
    assert error["exit_code"] == 3
    assert "in all" in error["what"]
    assert names(config, "in") == names(config, "out") == []


def test_what_is_waited_for_is_said_once(tmp_path):
    config = make_spool(tmp_path, "poll = 0.05\n[room]\nleast_free_gb = 1e6\n")
    for number in range(3):
        put(config, f"job{number}.toml")
    process = start_watcher(config)
    try:
        lines = [process.stderr.readline() for _ in range(4)]
        while "not claimed" not in lines[-1]:
            lines.append(process.stderr.readline())
        time.sleep(2.0)
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        process.communicate()
    assert "disk" in lines[-1]
    assert "not claimed" not in rest
    assert len(names(config, "in")) == 3


def test_results_go_by_the_rules_and_a_check_says_beforehand_which(tmp_path):
    config = make_spool(tmp_path)
    put(config, "older.toml")
    assert run_watch(config, once=True) == 0
    put(config, "newer.toml", also=["geojson"], report=True)
    assert run_watch(config, once=True) == 0
    with config.open("a") as stream:
        stream.write('[retention]\nout_count = 1\ndone_count = 0\n[metrics]\nfile = "m.prom"\n')
    told = "\n".join(check_spool(config))
    assert f"{tmp_path / 'out' / 'older'}: would be removed, 1 newer ones are kept" in told
    assert "m.prom: can be written" in told
    assert "newer: would be" not in told
    assert len(names(config, "out")) == 4
    assert run_watch(config, once=True) == 0
    assert names(config, "out") == ["newer", "newer.done"]
    assert names(config, "done") == []
    config.write_text(config.read_text().replace("out_count = 1", "out_count = 0"))
    assert run_watch(config, once=True) == 0
    assert names(config, "out") == []
