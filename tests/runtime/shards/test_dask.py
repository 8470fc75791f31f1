"""Maps in shards by real Dask clusters: a LocalCluster, and workers that were started by themselves."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers.shards import shard_event
from landslip.runtime.errors import ResourceError, UsageError
from landslip.runtime.shards.sharded_map import map_in_shards

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="started with Linux's commands")]

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    return shard_event(tmp_path_factory.mktemp("event"))


def once(found, seconds=120.0):
    """Wait for something to be there, and give it."""
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
    return value


class Cluster:
    """A scheduler and workers, each a process with a folder of its own, that share one folder as a spool."""

    def __init__(self, folder):
        self._folder, self._stack = folder, contextlib.ExitStack()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.on = f"dask://127.0.0.1:{self.port}"
        self.scheduler = self._started("scheduler", "--host", "127.0.0.1", "--port", self.port)
        self.workers = []

    def worker(self, *options, **environment):
        number = len(self.workers)
        own = self._folder / f"worker-{number}"
        own.mkdir()
        address = f"tcp://127.0.0.1:{self.port}"
        arguments = [address, "--nthreads", 1, "--local-directory", own, "--death-timeout", 30, *options]
        self.workers.append(self._started("worker", *arguments, folder=own, **environment))

    def _started(self, what, *arguments, folder=None, **environment):
        log = self._stack.enter_context((self._folder / f"{what}-{time.monotonic_ns()}.log").open("wb"))
        command = [sys.executable, "-m", "distributed.cli.dask_" + what, *map(str, arguments)]
        command += ["--no-dashboard"]
        paths = {"PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"}
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=folder or self._folder, env={**os.environ, **paths, **environment},
            start_new_session=True,
        )  # fmt: skip
        self._stack.callback(self._end, process)
        return process

    @staticmethod
    def _end(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill(self, process):
        """End a worker and its nanny, or a scheduler, at once."""
        self._end(process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    with Cluster(folder) as found:
        yield found


def drafts(spool):
    return list(spool.glob("*/.landslip-partial-*-rows-*"))


def test_a_local_cluster_makes_the_same_bytes(tmp_path, event):
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path / "dask"
    ) as local:
        address = local.scheduler_address.removeprefix("tcp://")
        record = map_in_shards(event.request(tmp_path / "out"), f"dask://{address}", tmp_path / "spool")
    assert event.digests(tmp_path / "out") == event.one_process
    assert (record["shards"]["on"], record["shards"]["workers"], record["shards"]["count"]) == ("dask", 2, 2)
    assert not (tmp_path / "spool").exists()


def test_workers_with_folders_of_their_own_and_one_that_is_killed(tmp_path, event, cluster):
    cluster.worker()
    cluster.worker()
    out, spool = tmp_path / "out", tmp_path / "spool"

    def kill():
        once(lambda: drafts(spool))
        cluster.kill(cluster.workers[0])

    killer = threading.Thread(target=kill)
    killer.start()
    map_in_shards(event.request(out), cluster.on, spool)
    killer.join()
    assert cluster.workers[0].poll() is not None
    assert event.digests(out) == event.one_process
    assert not spool.exists()


def test_a_scheduler_that_goes_away_is_said_and_another_one_goes_on(tmp_path, event, cluster):
    cluster.worker()
    out, spool = tmp_path / "out", tmp_path / "spool"

    def kill():
        once(lambda: drafts(spool))
        cluster.kill(cluster.scheduler)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ResourceError) as caught:
        map_in_shards(event.request(out), cluster.on, spool)
    killer.join()
    assert "scheduler" in str(caught.value)
    assert caught.value.retryable
    folder = tmp_path / "other"
    folder.mkdir()
    with Cluster(folder) as other:
        other.worker()
        map_in_shards(event.request(out, resume=True), other.on, spool)
    assert event.digests(out) == event.one_process


def test_workers_of_another_version_are_refused(tmp_path, event, cluster):
    cluster.worker()
    info = tmp_path / "path" / "landslip-9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: landslip\nVersion: 9.9\n")
    once(lambda: list((tmp_path / "cluster" / "worker-0").iterdir()))
    cluster.worker(PYTHONPATH=f"{info.parent}:{ROOT}")
    once(lambda: list((tmp_path / "cluster" / "worker-1").iterdir()))

    spool, outs = tmp_path / "spool", []

    def until_both_have_had_a_shard():
        for number in range(5):
            outs.append(tmp_path / f"out-{number}")
            map_in_shards(event.request(outs[-1]), cluster.on, spool)

    with pytest.raises(UsageError) as caught:
        until_both_have_had_a_shard()
    assert "9.9" in caught.value.what
    assert caught.value.option == "on"
    # The worker of the right version may have finished shards by then; the same again goes on from them.
    cluster.kill(cluster.workers[1])
    map_in_shards(event.request(outs[-1], resume=True), cluster.on, spool)
    assert event.digests(outs[-1]) == event.one_process
    assert not list(spool.glob("*/*"))


def test_workers_with_a_gpu_alone_get_shards_where_there_are_any(tmp_path, event, cluster):
    cluster.worker("--resources", "GPU=1")
    cluster.worker()
    once(lambda: list((tmp_path / "cluster" / "worker-1").iterdir()))
    record = map_in_shards(event.request(tmp_path / "out"), cluster.on, tmp_path / "spool")
    assert record["shards"]["workers"] == 1
    assert event.digests(tmp_path / "out") == event.one_process


def test_a_scheduler_that_is_not_there_is_said(tmp_path, event):
    with pytest.raises(ResourceError, match="no Dask scheduler answers"):
        map_in_shards(event.request(tmp_path / "out"), "dask://127.0.0.1:9", tmp_path / "spool")
    assert not (tmp_path / "out").exists()
