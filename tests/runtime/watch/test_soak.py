"""The soak: two watchers, broken jobs and SIGKILLs, and each job has exactly one result or exactly one error.

``LANDSLIP_SOAK=500`` makes it as long as that many jobs are, with a kill for every eight of them; CONTRIBUTING.md has
more.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import sys
from pathlib import Path

import pytest

from helpers.soak import Soak
from helpers.soak_jobs import make_jobs, make_scenes
from helpers.spools import products
from landslip.runtime.watch.job_names import job_name
from landslip.runtime.watch.spool_folders import open_spool

JOBS = int(os.environ.get("LANDSLIP_SOAK", "40"))
KILLS = max(4, JOBS // 8)
SEED = int(os.environ.get("LANDSLIP_SOAK_SEED", "1"))

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")]


@pytest.fixture(scope="module")
def soaked(tmp_path_factory):
    """The spool after a soak, its jobs, what single runs give, and the report."""
    folder = tmp_path_factory.mktemp("soak")
    spool = folder / "spool"
    open_spool(spool)
    expected = make_scenes(folder, spool)
    jobs = make_jobs(JOBS, spool, random.Random(SEED))  # noqa: S311 - an order, no secrets
    soak = Soak(spool, jobs, KILLS, SEED)
    report = soak.run(patience=300.0)
    figures = {
        "jobs": len(jobs), "broken": sum(job.scene is None for job in jobs), "kills": dict(report.kills),
        "starts": report.starts, "seconds": round(report.seconds),
        "memory": {f"{kind} {pid}": _growth(sizes) for (kind, pid), sizes in report.memory.items() if len(sizes) > 20},
    }  # fmt: skip
    sys.stderr.write(f"\nsoak: {json.dumps(figures)}\n")
    return spool, jobs, expected, report


def _growth(sizes):
    """Megabytes at first, once it is warm, and in the end."""
    fifth = max(1, len(sizes) // 5)
    return [round(statistics.median(each) / 1e6, 1) for each in (sizes[fifth : 2 * fifth], sizes[-fifth:])]


def files_in(folder):
    """Names of all files below a folder, as bytes."""
    found = []
    for place, _, names in os.walk(os.fsencode(folder)):
        found += [os.path.relpath(os.path.join(place, name), os.fsencode(folder)) for name in names]  # noqa: PTH118
    return found


def test_each_job_has_exactly_one_outcome_and_it_is_the_right_one(soaked):
    spool, jobs, expected, _ = soaked
    wrong = []
    for job in jobs:
        file = os.fsdecode(job.file)
        name = job_name(file)
        marker = spool / "out" / f"{name}.done"
        is_done = (spool / "done" / file).exists() and marker.exists()
        # Whether a name can be that of a folder or not: the error has the name of the job.
        error = spool / "failed" / f"{name}.error.json"
        is_failed = (spool / "failed" / file).exists() and error.exists()
        if is_done == is_failed or (is_failed and not job.may_fail) != (job.scene is None):
            wrong.append((file, is_done, is_failed))
        elif is_done:
            told = json.loads(marker.read_text())
            if products(spool / "out" / name) != expected[job.scene] or told["job"] != file:
                wrong.append((file, "other bytes"))
        elif json.loads(error.read_text())["error"]["exit_code"] not in (2, 3):
            wrong.append((file, json.loads(error.read_text())["error"]))
    assert not wrong


def test_nothing_is_lost_and_nothing_is_left(soaked):
    spool, jobs, _, _ = soaked
    assert files_in(spool / "in") == []
    assert files_in(spool / "work") == []
    ended = sorted(name for folder in ("done", "failed") for name in files_in(spool / folder))
    job_files = sorted(job.file for job in jobs)
    assert [name for name in ended if not name.endswith(b".error.json")] == job_files
    hidden = [name for name in files_in(spool) if any(part.startswith(b".") for part in name.split(b"/"))]
    assert hidden == []
    done = {Path(os.fsdecode(name)).stem for name in files_in(spool / "done")}
    assert {os.fsdecode(name).partition("/")[0].removesuffix(".done") for name in files_in(spool / "out")} == done


def test_processes_were_killed_and_started_again(soaked):
    report = soaked[3]
    assert sum(report.kills.values()) >= KILLS // 2
    assert min(report.kills["watcher"], report.kills["worker"]) > 0
    assert report.starts == 2 + sum(report.ends.values())
    assert report.ends[-signal.SIGKILL] == report.kills["watcher"]


def test_memory_is_flat(soaked):
    report = soaked[3]
    grown = {}
    for (kind, pid), sizes in report.memory.items():
        if len(sizes) >= 15:  # that many jobs ended while it lived, of this watcher and the other one
            warm, end = _growth(sizes)
            if end - warm > (5 if kind == "watcher" else 60):
                grown[kind, pid] = warm, end
    assert any(len(sizes) >= 15 for sizes in report.memory.values())
    assert not grown
