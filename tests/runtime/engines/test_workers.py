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

from landslip.runtime.engines.workers import Shares, Workers
from landslip.runtime.environment import physical_cores, usable_cores

TILE = 4


def batch_of(values):
    return {"slope": np.broadcast_to(np.float32(values)[:, None, None, None], (len(values), 1, TILE, TILE))}


def doubled(inputs, confidence):
    np.multiply(inputs["slope"], 2, out=confidence)


@given(batch=st.integers(1, 64), threads=st.integers(0, 64))
def test_no_more_tiles_side_by_side_than_cores_or_tiles(batch, threads):
    shares = Shares.of(batch, threads)
    assert shares.threads == (threads or physical_cores())
    assert shares.workers == min(batch, shares.threads)


def test_two_logical_cores_can_be_one():
    assert 1 <= physical_cores() <= usable_cores()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("part", [1, 2, 6])
def test_every_tile_has_its_place(count, part):
    with Workers(count, part) as workers:
        found = workers.confidence_of(batch_of(range(6)), doubled)
    assert (found.shape, found.dtype) == ((6, 1, TILE, TILE), np.float32)
    np.testing.assert_array_equal(found[:, 0, 0, 0], 2 * np.arange(6))


def test_batches_of_several_calls_do_not_mix():
    with Workers(2, 1) as workers, ThreadPoolExecutor(4) as callers:
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

    with Workers(2, 1) as workers, ThreadPoolExecutor(3) as callers:
        list(callers.map(lambda batch: workers.confidence_of(batch, job), [batch_of(range(4))] * 3))
    assert most == [2]


def test_an_error_comes_out_when_all_of_the_batch_has_ended():
    done = []

    def job(inputs, confidence):
        value = int(inputs["slope"][0, 0, 0, 0])
        if value in (1, 3):
            raise ValueError(f"tile {value}")
        time.sleep(0.02)
        done.append(value)

    with Workers(2, 1) as workers:
        with pytest.raises(ValueError, match="tile 1"):
            workers.confidence_of(batch_of(range(5)), job)
        assert sorted(done) == [0, 2, 4]
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
        with Workers(2, 1) as workers:
            with contextlib.suppress(MemoryError):
                workers.confidence_of(batch_of(range(4)), job)
            assert [memory() for memory in held] == [None] * 4
    finally:
        gc.enable()


def test_closed_workers_take_nothing():
    workers = Workers(2, 1)
    workers.close()
    workers.close()
    with pytest.raises(RuntimeError):
        workers.confidence_of(batch_of([1]), doubled)
