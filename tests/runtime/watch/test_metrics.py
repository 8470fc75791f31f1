"""The metrics file, as prometheus_client's own parser reads it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

import landslip
from landslip import OutputError, UsageError
from landslip.runtime.system.locks import open_locked
from landslip.runtime.watch.metrics import Metrics


@pytest.fixture
def path(tmp_path):
    folder = tmp_path / "textfile"
    folder.mkdir()
    return folder / "landslip.prom"


@pytest.fixture
def clock():
    return Clock()


class Clock:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


def values(path):
    """Every sample by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(path.read_text())
        for sample in family.samples
    }


def value(path, name, **labels):
    return values(path)[(name, *sorted(labels.items()))]


def test_all_outcomes_are_there_from_the_beginning(path, tmp_path):
    with Metrics(path, tmp_path):
        for outcome in ("done", "failed", "retried"):
            assert value(path, "landslip_jobs_total", outcome=outcome) == 0
        for reason in ("disk", "memory"):
            assert value(path, "landslip_claims_held_back", reason=reason) == 0
        assert value(path, "landslip_build_info", version=landslip.__version__) == 1
        assert value(path, "landslip_disk_free_bytes") > 0
        assert value(path, "landslip_last_success_timestamp_seconds") == 0


def test_what_happened_is_counted(path, tmp_path, clock):
    with Metrics(path, tmp_path, clock) as metrics:
        metrics.queue(7)
        metrics.job_started()
        assert value(path, "landslip_job_running") == 1
        for done in (0, 4, 8, 12):
            metrics.job_progress("iburi", done)
        clock.now += 40.0
        metrics.job_ended("done", 40.0, 2.5, 0.3)
        metrics.job_started()
        metrics.job_progress("palu", 2)
        metrics.job_ended("failed", 3.0, 0.0, 0.0)
        metrics.job_started()
        metrics.job_ended("retried", 3.0, 0.0, 0.0)
    found = values(path)
    assert found["landslip_queue_jobs",] == 7
    assert found["landslip_job_running",] == 0
    assert found["landslip_job_attempts_total",] == 3
    assert [found["landslip_jobs_total", ("outcome", each)] for each in ("done", "failed", "retried")] == [1, 1, 1]
    assert found["landslip_tiles_total",] == 14
    assert found["landslip_observed_square_meters_total",] == 2.5e6
    assert found["landslip_tiles_per_second",] == 0.3
    assert found["landslip_last_success_timestamp_seconds",] == clock.now
    assert found["landslip_job_duration_seconds_count",] == 1
    assert found["landslip_job_duration_seconds_sum",] == 40.0
    assert found["landslip_job_duration_seconds_bucket", ("le", "30.0")] == 0
    assert found["landslip_job_duration_seconds_bucket", ("le", "60.0")] == 1


def test_a_job_that_was_given_back_runs_no_more(path, tmp_path, clock):
    with Metrics(path, tmp_path, clock) as metrics:
        metrics.job_started()
        clock.now += 6.0
        metrics.idle()
        assert value(path, "landslip_job_running") == 0


def test_a_job_that_begins_anew_counts_its_tiles_again_and_never_backwards(path, tmp_path):
    with Metrics(path, tmp_path) as metrics:
        for done in (3, 5, 5, 4, 6):
            metrics.job_progress("a", done)
        metrics.job_progress("b", 1)
    assert value(path, "landslip_tiles_total") == 3 + 2 + 2 + 1


def test_what_is_waited_for_is_told_until_it_is_there(path, tmp_path):
    with Metrics(path, tmp_path) as metrics:
        metrics.held_back("disk")
        metrics.sign(now=True)
        assert value(path, "landslip_claims_held_back", reason="disk") == 1
        assert value(path, "landslip_claims_held_back", reason="memory") == 0
        metrics.held_back("")
        metrics.sign(now=True)
        assert value(path, "landslip_claims_held_back", reason="disk") == 0


def test_names_follow_the_conventions(path, tmp_path):
    """The rules of ``promtool check metrics``."""
    Metrics(path, tmp_path).close()
    families = list(text_string_to_metric_families(path.read_text()))
    assert len(families) == 13
    for family in families:
        assert re.fullmatch(r"landslip_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith(".")
        assert family.type in {"counter", "gauge", "histogram"}
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")
            assert sample.name.endswith(("_bucket", "_count", "_sum")) == (family.type == "histogram")
        words = set(family.name.split("_"))
        assert not words & {"km", "km2", "kilometers", "ms", "minutes", "hours", "mb", "gb", "percent", "sec"}
        assert not words & {"counter", "gauge", "histogram", "created"}


def test_a_reader_never_sees_half_a_file(path, tmp_path):
    with Metrics(path, tmp_path) as metrics:
        writing = threading.Thread(target=lambda: [metrics.sign(now=True) for _ in range(300)])
        writing.start()
        reads = 0
        while writing.is_alive():
            assert len(list(text_string_to_metric_families(path.read_text()))) == 13
            reads += 1
        writing.join()
    assert reads
    assert sorted(each.name for each in path.parent.iterdir()) == [".landslip.prom.lock", "landslip.prom"]


def test_the_file_is_written_now_and_then_while_nothing_ends(path, tmp_path, clock):
    with Metrics(path, tmp_path, clock) as metrics:
        metrics.queue(1)
        assert value(path, "landslip_queue_jobs") == 0
        clock.now += 6.0
        metrics.queue(2)
        assert value(path, "landslip_queue_jobs") == 2
        assert value(path, "landslip_heartbeat_timestamp_seconds") == clock.now
        clock.now -= 3600.0  # somebody set the clock
        metrics.queue(3)
        assert value(path, "landslip_queue_jobs") == 3


def test_the_last_success_outlives_a_restart_and_counters_begin_anew(path, tmp_path, clock):
    with Metrics(path, tmp_path, clock) as metrics:
        metrics.job_ended("done", 1.0, 1.0, 1.0)
    success = clock.now
    clock.now += 1000.0
    with Metrics(path, tmp_path, clock):
        assert value(path, "landslip_last_success_timestamp_seconds") == success
        assert value(path, "landslip_jobs_total", outcome="done") == 0


@pytest.mark.parametrize(
    "content", [b"\xff\x00", b"landslip_last_success_timestamp_seconds soon\n", b"# HELP\n{{", b""]
)
def test_a_damaged_file_of_before_is_written_anew(path, tmp_path, content):
    path.write_bytes(content)
    with Metrics(path, tmp_path):
        assert value(path, "landslip_last_success_timestamp_seconds") == 0


def test_two_services_do_not_write_one_file(path, tmp_path):
    with Metrics(path, tmp_path):
        with pytest.raises(UsageError, match="Another service") as caught:
            Metrics(path, tmp_path)
        assert (caught.value.option, caught.value.where) == ("metrics", str(path))
    Metrics(path, tmp_path).close()


def test_what_a_killed_service_left_beside_it_is_removed(path, tmp_path):
    left = path.with_name(".landslip-partial-0123abcd-landslip.prom.new.17.140")
    left.write_text("half")
    other = path.with_name(".landslip-partial-0123abcd-other.prom.new.17.140")
    other.write_text("of another service")
    Metrics(path, tmp_path).close()
    assert not left.exists()
    assert other.exists()


def test_a_name_that_nothing_reads_is_refused(tmp_path):
    with pytest.raises(UsageError) as caught:
        Metrics(tmp_path / "landslip.txt", tmp_path)
    assert caught.value.option == "metrics"


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(OutputError) as caught:
        Metrics(tmp_path / "nowhere" / "landslip.prom", tmp_path)
    assert "nowhere" in caught.value.where


def test_a_file_that_cannot_be_written_any_more_is_said_once_and_ends_nothing(path, tmp_path, caplog):
    with Metrics(path, tmp_path) as metrics:
        path.unlink()
        path.mkdir()
        (path / "in the way").touch()
        for _ in range(5):
            metrics.sign(now=True)
        assert len(caplog.records) == 1
        assert path.name in caplog.text
        (path / "in the way").unlink()
        path.rmdir()
        metrics.sign(now=True)
        assert value(path, "landslip_queue_jobs") == 0


def test_a_link_under_its_name_is_replaced_and_not_followed(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    path.symlink_to(victim)
    Metrics(path, tmp_path).close()
    assert victim.read_text() == "mine"
    assert not path.is_symlink()


def test_without_prometheus_client_it_is_said_what_to_install(path, tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "prometheus_client"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    # Import of a module that is None raises without a name in the error, as a missing one does with it.
    monkeypatch.setattr("builtins.__import__", _without(__import__, "prometheus_client"))
    with pytest.raises(UsageError, match=r"landslip\[watch\]"):
        Metrics(path, tmp_path)
    with open_locked(path.with_name(f".{path.name}.lock")) as lock:
        assert lock is not None


def _without(imported, missing):
    def importing(name, *arguments, **options):
        if name.split(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return imported(name, *arguments, **options)

    return importing


def test_the_module_is_imported_without_it():
    code = "import sys; import landslip.runtime.watch.metrics; sys.exit('prometheus_client' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_for_operators_tells_of_every_figure_and_of_no_other(path, tmp_path):
    Metrics(path, tmp_path).close()
    made = {re.sub(r"_(bucket|count|sum)$", "", name) for name, *_ in values(path)}
    page = (Path(__file__).parents[3] / "docs/how-to/watch-service.md").read_text()
    told = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\blandslip_[a-z_]+", page)}
    assert told == made
