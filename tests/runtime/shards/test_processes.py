"""Maps in shards by processes of this machine: killed, interrupted, out of space, begun again."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from helpers.results import names_of_results
from helpers.shards import shard_event
from landslip.runtime.errors import CancelledError, OutputError, ResourceError
from landslip.runtime.run.product_names import SHARDS
from landslip.runtime.shards.map_anywhere import map_scene
from landslip.runtime.shards.sharded_map import map_in_shards

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="signals and limits of Linux")]


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    return shard_event(tmp_path_factory.mktemp("event"))


def workers_of(pid):
    """Worker processes below a process."""
    with_commands = psutil.Process(pid).children(recursive=True)
    return [child for child in with_commands if "spawn_main" in " ".join(_command(child))]


def _command(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def once(found, seconds=120.0):
    """Wait for something to be there, and give it."""
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
    return value


def acting(act):
    """A thread that does something beside a map."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


def drafts(out):
    """Rows that workers have begun to write."""
    return list((out / SHARDS).glob("*/.landslip-partial-*-rows-*"))


def test_a_worker_that_is_killed_costs_its_shard_alone(tmp_path, event, caplog):
    out = tmp_path / "out"

    def kill():
        once(lambda: drafts(out))
        victims = once(lambda: workers_of(os.getpid()))
        os.kill(victims[0].pid, signal.SIGKILL)

    killer = acting(kill)
    record = map_in_shards(event.request(out), "processes:2")
    killer.join()
    assert "a worker has ended before its shard was done" in caplog.text
    assert event.digests(out) == event.one_process
    assert record["shards"]["on"] == "processes"
    assert sorted(path.name for path in out.iterdir()) == names_of_results(out)


def test_workers_that_always_die_end_the_map_and_what_is_finished_is_kept(tmp_path, event):
    out, go_on = tmp_path / "out", threading.Event()

    def kill():
        while not go_on.is_set():
            for worker in workers_of(os.getpid()):
                if drafts(out) or (out / SHARDS).exists():
                    worker.kill()
            time.sleep(0.05)

    killer = acting(kill)
    with pytest.raises(ResourceError, match="workers have ended 3 times"):
        map_in_shards(event.request(out), "processes:2")
    go_on.set()
    killer.join()
    once(lambda: not workers_of(os.getpid()), 30)


def ended_in_time(process, victims, seconds=3.0):
    """Wait for a command and its workers to end; whether it took no longer than that, with slack for a busy machine."""
    began = time.monotonic()
    code = process.wait(timeout=60)
    psutil.wait_procs(victims, timeout=10 * seconds)
    assert not [victim for victim in victims if victim.is_running() and victim.status() != psutil.STATUS_ZOMBIE]
    return code, time.monotonic() - began


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_no_worker_outlives_its_driver_and_resume_goes_on(tmp_path, event, number, code):
    out = tmp_path / "out"
    process = subprocess.Popen(
        event.command(out, "--on", "processes:2"), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    once(lambda: drafts(out))
    victims = workers_of(process.pid)
    assert victims
    process.send_signal(number)
    found, seconds = ended_in_time(process, victims)
    process.stderr.close()
    assert found == code
    assert seconds < 15  # three on a machine that does nothing else
    assert not list(out.glob("*.tif"))
    done = subprocess.run(
        [*event.command(out, "--on", "processes:2", "--resume"), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["shards"]["on"] == "processes"
    assert event.digests(out) == event.one_process
    assert sorted(path.name for path in out.iterdir()) == names_of_results(out)


def test_a_driver_that_dies_leaves_finished_shards_to_the_next_one(tmp_path, event):
    out = tmp_path / "out"
    process = subprocess.Popen(
        event.command(out, "--on", "processes:1"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    once(lambda: list((out / SHARDS).glob("*/rows-*")))
    others = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    psutil.wait_procs(others, timeout=30)
    map_in_shards(event.request(out, resume=(out / ".landslip-partial" / "rows.raw").exists()), "processes:1")
    assert event.digests(out) == event.one_process


def test_a_disk_that_is_full_for_a_worker_is_said_and_what_is_finished_is_kept(tmp_path, event):
    out = tmp_path / "out"

    def limit():
        once((out / SHARDS).exists)
        for worker in once(lambda: workers_of(os.getpid())):
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, (5000, 5000))

    limiter = acting(limit)
    with pytest.raises(OutputError) as caught:
        map_in_shards(event.request(out), "processes:2")
    limiter.join()
    assert str(out / SHARDS) in caught.value.where
    once(lambda: not workers_of(os.getpid()), 30)
    map_in_shards(event.request(out, resume=True), "processes:2")
    assert event.digests(out) == event.one_process


def test_a_map_in_shards_can_be_given_up(tmp_path, event):
    out, cancel = tmp_path / "out", threading.Event()
    acting(lambda: once(lambda: drafts(out)) and cancel.set())
    files = event.files
    options = {"pre": files.pre, "post": files.post, "dem": files.dem, "masks": files.masks, "tile": 64}
    with pytest.raises(CancelledError):
        map_scene(model=event.model, out=out, on="processes:2", cancel=cancel, engine="onnxruntime", **options)
    once(lambda: not workers_of(os.getpid()), 30)
    assert not list(out.glob("*.tif"))


def test_a_script_without_a_guard_is_told_what_is_missing(tmp_path, event):
    script = tmp_path / "script.py"
    given = {"pre": event.files.pre, "post": event.files.post, "dem": event.files.dem, "model": event.model}
    named = {name: str(path) for name, path in (given | {"out": tmp_path / "out"}).items()}
    script.write_text(f"import landslip\nlandslip.map_scene(**{named!r}, on='processes:2', tile=64)\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert done.returncode == 1
    assert "__main__" in done.stderr.splitlines()[-1]
