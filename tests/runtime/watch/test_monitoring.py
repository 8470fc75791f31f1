"""What a service tells of itself while its spool is worked off."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from landslip.runtime.watch.metrics import Metrics
from landslip.runtime.watch.monitoring import Monitoring
from landslip.runtime.watch.notify import Notifier
from landslip.runtime.watch.spool_job import SpoolJob

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="sockets of this kind are of Unix")

JOB = SpoolJob("iburi", Path("in/iburi.toml"), 0.0)


@contextmanager
def monitored(folder, metrics=None):
    """A monitoring, a clock of the watchdog, and a function for what the manager heard since the last call."""
    now = [0.0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.setblocking(False)

        def heard():
            messages = []
            while True:
                try:
                    messages.append(manager.recv(4096).decode())
                except BlockingIOError:
                    return messages

        notifier = Notifier({"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "40000000"}, lambda: now[0])
        with Monitoring(notifier, metrics) as monitoring:
            yield monitoring, now, heard


def test_a_service_is_told_of_from_its_start_to_its_end(tmp_path):
    with monitored(tmp_path) as (monitoring, _, heard):
        monitoring.started()
        assert heard() == ["STATUS=waits for jobs", "READY=1", "WATCHDOG=1"]
        monitoring.queue(3)
        monitoring.job_started(JOB)
        monitoring.job_progress(JOB, 4, 70)
        monitoring.job_progress(JOB, 4, 70)
        monitoring.job_ended(JOB, "done", 12.0, 1.5, 6.0)
        assert heard() == ["STATUS=maps iburi", "STATUS=maps iburi: 4 of 70 tiles", "STATUS=iburi done; 3 wait"]
        monitoring.stopping()
        assert heard() == ["STOPPING=1", "STATUS=stops"]


def test_the_watchdog_is_fed_by_tiles_and_by_looks_at_the_spool_and_by_nothing_else(tmp_path):
    with monitored(tmp_path) as (monitoring, now, heard):
        monitoring.started()
        heard()
        for act in (
            lambda: monitoring.queue(0),
            monitoring.idle,
            lambda: monitoring.job_started(JOB),
            lambda: monitoring.job_progress(JOB, 1, 2),
            lambda: monitoring.job_ended(JOB, "retried", 1.0, 0.0, 0.0),
        ):
            now[0] += 11.0  # more than a quarter of what it waits
            act()
            assert "WATCHDOG=1" in heard()
        now[0] += 1000.0  # a map hangs: the service waits for it and calls nothing
        assert heard() == []


def test_what_is_waited_for_is_told_once(tmp_path):
    with monitored(tmp_path) as (monitoring, _, heard):
        for _ in range(3):
            monitoring.held_back(JOB, "disk")
            monitoring.queue(1)
            monitoring.idle()
        assert [message for message in heard() if message.startswith("STATUS")] == ["STATUS=iburi waits for disk"]
        monitoring.held_back(None, "")
        monitoring.queue(0)
        monitoring.idle()
        assert "STATUS=waits for jobs" in heard()


def test_what_a_busy_manager_has_not_taken_is_told_again(tmp_path):
    with monitored(tmp_path) as (monitoring, now, heard):
        monitoring.started()
        for done in range(100):  # more than the system keeps for a manager that does not read
            monitoring.job_progress(JOB, done, 100)
        monitoring.idle()
        now[0] += 11.0
        monitoring.idle()
        assert "STATUS=waits for jobs" not in heard()[1:]
        monitoring.idle()
        assert heard() == ["WATCHDOG=1", "STATUS=waits for jobs"]


def test_figures_are_written_and_closed(tmp_path):
    path = tmp_path / "landslip.prom"
    with monitored(tmp_path, Metrics(path, tmp_path)) as (monitoring, _, _):
        monitoring.started()
        monitoring.queue(2)
        monitoring.held_back(JOB, "memory")
        monitoring.job_started(JOB)
        monitoring.job_progress(JOB, 4, 4)
        monitoring.job_ended(JOB, "done", 12.0, 1.5, 6.0)
        monitoring.idle()
        monitoring.stopping()
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }
    assert found["landslip_queue_jobs",] == 2
    assert found["landslip_claims_held_back", "memory"] == 1
    assert found["landslip_jobs_total", "done"] == 1
    assert found["landslip_tiles_total",] == 4
    Metrics(path, tmp_path).close()  # nobody holds it any more


def test_nobody_needs_to_listen(tmp_path):
    with Monitoring(Notifier({}), None) as monitoring:
        monitoring.started()
        monitoring.queue(1)
        monitoring.held_back(JOB, "disk")
        monitoring.job_started(JOB)
        monitoring.job_progress(JOB, 0, 0)
        monitoring.job_ended(JOB, "failed", 0.0, 0.0, 0.0)
        monitoring.idle()
        monitoring.stopping()


def test_the_service_itself_has_no_heavy_import():
    """It waits for its worker process all day, and there may be many of it."""
    code = "import sys, landslip.runtime.watch.front; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"numpy", "rasterio", "numba", "shapely", "pyogrio", "onnxruntime", "openvino"} & set(loaded)
