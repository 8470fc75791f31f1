"""Maps in shards whose features are computed once for all tiles that show a place: the same bytes as from one run.

A shard begins in the middle of the map, and the features of its first tiles see rows of the one above it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from helpers.shards import sharing_event
from landslip.runtime.errors import CancelledError
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.run.product_names import SHARDS
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.shards.sharded_map import map_in_shards

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")]


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    return sharing_event(tmp_path_factory.mktemp("event"))


@pytest.fixture(scope="module")
def not_shared(event):
    """Digests of the map of tiles that compute their own features: another map."""
    out = event.folder / "not-shared"
    map_scene(replace(event, shares=False).request(out))
    return event.digests(out)


def once(found, seconds=120.0):
    """Wait for something to be there, and give it."""
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
    return value


def killed_driver(event, out):
    """Begin the map with two worker processes, and kill the driver once a shard is finished."""
    process = subprocess.Popen(
        event.command(out, "--on", "processes:2"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    once(lambda: list((out / SHARDS).glob("*/rows-*")))
    others = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    psutil.wait_procs(others, timeout=30)
    assert not (out / "confidence.tif").exists()


def test_worker_processes_make_the_same_bytes(tmp_path, event, not_shared):
    record = map_in_shards(event.request(tmp_path / "out"), "processes:2")
    assert event.digests(tmp_path / "out") == event.one_process != not_shared
    assert record["shards"]["count"] == 2
    assert record["engine"]["shared_features"] is True
    one = RunRecord.read(event.folder / "one-process" / "run.json")
    assert record["fingerprint"] == one.fingerprint


def test_a_dask_cluster_makes_the_same_bytes(tmp_path, event):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path / "dask"
    ) as local:
        address = local.scheduler_address.removeprefix("tcp://")
        record = map_in_shards(event.request(tmp_path / "out"), f"dask://{address}", tmp_path / "spool")
    assert event.digests(tmp_path / "out") == event.one_process
    assert (record["shards"]["on"], record["shards"]["count"]) == ("dask", 2)


def test_what_a_killed_driver_leaves_is_gone_on_with_without_saying_so_again(tmp_path, event):
    out = tmp_path / "out"
    killed_driver(event, out)
    # Of what is left open, the run goes on as it was begun.
    again = replace(event, shares=False).command(out, "--on", "processes:2", "--resume")
    done = subprocess.run(again, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert event.digests(out) == event.one_process
    assert RunRecord.read(out / "run.json").engine.shared_features is True


def test_a_run_begun_in_one_process_goes_on_in_shards(tmp_path, event):
    out, seen = tmp_path / "out", []

    def give_up(block):
        seen.append(block)
        if len(seen) == 4:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        map_scene(event.request(out), listeners=Listeners(on_block=give_up))
    record = map_in_shards(event.request(out, resume=True), "processes:2")
    assert record["resumed_after_row"] > 0
    assert event.digests(out) == event.one_process
