"""Workers: every tile computed once, in its place, whoever's batch it is; nothing under way when a call returns."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.engines.failures import failure
from landslip.runtime.engines.workers import LANES, Shares, Workers
from landslip.runtime.errors import EngineMemoryError
from landslip.runtime.system import machine
from landslip.runtime.system.machine import physical_cores, usable_cores

TILE = 4


def batch_of(values):
    return {"slope": np.broadcast_to(np.float32(values)[:, None, None, None], (len(values), 1, TILE, TILE))}


def doubled(inputs, confidence):
    np.multiply(inputs["slope"], 2, out=confidence)


@given(batch=st.integers(1, 64), threads=st.integers(1, 64))
def test_no_more_tiles_side_by_side_than_cores_or_tiles(batch, threads):
    shares = Shares.of("cpu", batch, threads)
    assert shares.part == 1
    assert 1 <= shares.workers <= min(batch, threads)
    assert shares.workers + (shares.helpers or 0) <= threads
    each = -(-threads // batch)  # of the cores, so that all tiles of the batch are under way at once
    assert shares.workers == threads // each
    assert shares.tiles == shares.workers


@pytest.mark.parametrize(
    ("batch", "threads", "workers", "helpers"),
    [(4, 2, 2, 0), (4, 4, 4, 0), (4, 6, 3, 3), (4, 8, 4, 4), (1, 6, 1, None), (8, 1, 1, None), (2, 3, 1, None)],
)
def test_as_many_tiles_as_have_equal_shares_of_the_cores(batch, threads, workers, helpers):
    assert Shares.of("cpu", batch, threads) == Shares(1, workers, helpers)


def test_threads_are_as_many_as_cores_unless_they_are_given():
    assert Shares.of("cpu", 64, 0) == Shares.of("cpu", 64, physical_cores())


@pytest.mark.parametrize("device", ["cuda", "gpu", "npu"])
def test_a_gpu_takes_the_whole_batch(device):
    assert Shares.of(device, 16, 0) == Shares(16, LANES)


def test_two_logical_cores_can_be_one(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "_CPUS", tmp_path)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 3, 4, 5}, raising=False)
    for core, siblings in {0: "0,4", 4: "0,4", 1: "1,5", 5: "1,5", 2: "2-3", 3: "2-3"}.items():
        (tmp_path / f"cpu{core}" / "topology").mkdir(parents=True)
        (tmp_path / f"cpu{core}" / "topology" / "thread_siblings_list").write_text(f"{siblings}\n")
    assert (usable_cores(), physical_cores()) == (5, 3)
    monkeypatch.setattr(machine, "_CPUS", tmp_path / "nothing here")
    assert (usable_cores(), physical_cores()) == (5, 5)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("part", [1, 2, 6])
def test_every_tile_has_its_place(count, part):
    with Workers(Shares(part, count)) as workers:
        found = workers.confidence_of(batch_of(range(6)), doubled)
    assert (found.shape, found.dtype) == ((6, 1, TILE, TILE), np.float32)
    np.testing.assert_array_equal(found[:, 0, 0, 0], 2 * np.arange(6))


def test_batches_of_several_calls_do_not_mix():
    with Workers(Shares(1, 2)) as workers, ThreadPoolExecutor(4) as callers:
        batches = [batch_of(range(start, start + 5)) for start in range(40)]
        for start, found in enumerate(callers.map(lambda batch: workers.confidence_of(batch, doubled), batches)):
            np.testing.assert_array_equal(found[:, 0, 0, 0], 2 * np.arange(start, start + 5))


def test_no_more_at_once_than_there_are_workers():
    lock, now, most = threading.Lock(), [0], [0]

    def job(inputs, confidence):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with lock:
            now[0] -= 1
        doubled(inputs, confidence)

    with Workers(Shares(1, 2)) as workers, ThreadPoolExecutor(3) as callers:
        list(callers.map(lambda batch: workers.confidence_of(batch, job), [batch_of(range(4))] * 3))
    assert most == [2]


def test_the_first_part_is_computed_alone_whatever_other_workers_do():
    """OpenVINO's binding comes to a deadlock where its first two calls run side by side."""
    now, ended, beside_the_first = [], [], []

    def job(inputs, confidence):
        now.append(1)
        if not ended:
            beside_the_first.append(len(now))
        time.sleep(0.01)
        doubled(inputs, confidence)
        now.pop()
        ended.append(1)

    with Workers(Shares(1, 2)) as one, Workers(Shares(1, 2)) as other, ThreadPoolExecutor(2) as callers:
        list(callers.map(lambda workers: workers.confidence_of(batch_of(range(6)), job), [one, other]))
    assert beside_the_first == [1]
    assert len(ended) == 12


def test_parts_after_the_first_are_computed_side_by_side():
    both = threading.Barrier(2, timeout=30)

    def job(inputs, confidence):
        doubled(inputs, confidence)
        if inputs["slope"][0, 0, 0, 0] > 0:
            both.wait()

    with Workers(Shares(1, 2)) as workers:
        assert workers.confidence_of(batch_of(range(3)), job)[2].max() == 4


def test_a_worker_whose_part_failed_starts_no_other():
    begun = []

    def job(inputs, confidence):
        del confidence
        begun.append(int(inputs["slope"][0, 0, 0, 0]))
        raise ValueError("gone")

    with Workers(Shares(1, 1)) as workers, pytest.raises(ValueError, match="gone"):
        workers.confidence_of(batch_of(range(50)), job)
    assert begun == [0]


def test_an_error_stops_the_batch_and_comes_out_when_nothing_of_it_is_under_way():
    begun, ended = [], []

    def job(inputs, confidence):
        del confidence
        value = int(inputs["slope"][0, 0, 0, 0])
        begun.append(value)
        time.sleep(0.02)
        if value == 1:
            raise ValueError(f"tile {value}")
        time.sleep(0.05)
        ended.append(value)

    with Workers(Shares(1, 2)) as workers:
        with pytest.raises(ValueError, match="tile 1"):
            workers.confidence_of(batch_of(range(20)), job)
        assert {*begun} == {*ended, 1}
        assert len(begun) < 20
        assert workers.confidence_of(batch_of([7]), doubled).max() == 14


def test_a_thread_that_does_not_start_is_a_want_of_memory(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    with Workers(Shares(1, 2)) as workers:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with pytest.raises(RuntimeError, match="thread") as caught:
                workers.confidence_of(batch_of(range(4)), doubled)
        assert isinstance(failure("it failed", caught.value), EngineMemoryError)
        assert workers.confidence_of(batch_of([7]), doubled).max() == 14


def test_what_a_failed_part_had_in_hand_is_let_go():
    """Engines are opened again when memory runs out, and it is still taken while anything holds on to the error."""
    held = []

    def job(inputs, confidence):
        del confidence
        memory = np.zeros(4)
        held.append(weakref.ref(memory))
        raise MemoryError(str(inputs["slope"].max()))

    gc.disable()
    try:
        with Workers(Shares(1, 2)) as workers, contextlib.suppress(MemoryError):
            workers.confidence_of(batch_of(range(4)), job)
        assert held
        assert not any(memory() is not None for memory in held)
    finally:
        gc.enable()


def test_closed_workers_take_nothing():
    workers = Workers(Shares(1, 2))
    workers.close()
    workers.close()
    with pytest.raises(RuntimeError):
        workers.confidence_of(batch_of([1]), doubled)


def test_a_model_for_one_tile_gets_one_on_every_device():
    assert Shares.of("cuda", 8, 0).part == 8
    assert Shares.of("cuda", 8, 0, single=True).part == 1
    assert Shares.of("cpu", 8, 2, single=True) == Shares.of("cpu", 8, 2)
