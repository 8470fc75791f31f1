"""Batches get smaller when memory runs out, and the results stay what they are."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest

from helpers.engines import SPEC, mixture
from helpers.models import batch_of
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions, FakeEngine, open_engine
from landslip.runtime.engines.failures import failure, is_memory
from landslip.runtime.engines.shrinking import ShrinkingEngine, open_shrinking
from landslip.runtime.errors import EngineError, EngineMemoryError


class Small:
    """Opens engines that have room for a few tiles: when opened, or not before they run."""

    def __init__(self, room, *, at_opening=False):
        self.room, self.at_opening = room, at_opening
        self.opened, self.ran = [], []

    def __call__(self, batch):
        self.opened.append(batch)
        if self.at_opening:
            self._check(batch)
        return FakeEngine(SPEC, self._run)

    def _run(self, batch):
        count = len(batch["pre"])
        assert count == self.opened[-1]  # engines have fixed shapes
        self._check(count)
        self.ran.append(count)
        return mixture(batch)

    def _check(self, count):
        if count > self.room:
            raise EngineMemoryError(f"no room for {count} tiles.")


@pytest.mark.parametrize("at_opening", [True, False])
@pytest.mark.parametrize(
    ("batch", "room", "sizes"), [(8, 3, [8, 4, 2]), (6, 1, [6, 3, 1]), (5, 2, [5, 2]), (4, 4, [4])]
)
def test_half_the_batch_and_the_same_results(batch, room, sizes, at_opening, caplog):
    small, tiles = Small(room, at_opening=at_opening), batch_of(batch)
    with ShrinkingEngine(small, batch) as engine:
        for _ in range(2):
            np.testing.assert_array_equal(engine.infer(tiles), mixture(tiles))
    assert small.opened == sizes
    assert set(small.ran) == {sizes[-1]}
    warned = [record for record in caplog.records if "Going on with batches of" in record.message]
    assert len(warned) == len(sizes) - 1


@pytest.mark.parametrize("at_opening", [True, False])
def test_when_a_single_tile_is_too_much_it_is_said(at_opening):
    with (
        pytest.raises(
            EngineMemoryError, match=r"no room for 1 tiles\. That was for a single tile\. Take a smaller"
        ) as e,
        ShrinkingEngine(Small(0, at_opening=at_opening), 4) as engine,
    ):
        engine.infer(batch_of(4))
    assert e.value.exit_code == 4


def test_other_failures_are_not_taken_for_it():
    def broken(batch):
        raise EngineError("broken.")

    engine = ShrinkingEngine(lambda _: FakeEngine(SPEC, broken), 4)
    with pytest.raises(EngineError, match="broken"):
        engine.infer(batch_of(4))


def test_it_passes_for_the_engine_inside():
    options = EngineOptions(engine="onnxruntime", device="cpu", batch=2, tile=64)
    tiles = batch_of(2)
    with open_shrinking(DEMO_MODEL, options) as engine, open_engine(DEMO_MODEL, options) as inside:
        for name in ("name", "version", "device", "precision", "lanes", "spec"):
            assert getattr(engine, name) == getattr(inside, name)
        np.testing.assert_array_equal(engine.infer(tiles), inside.infer(tiles))


class Lanes:
    """Opens engines that two threads call; ``meanwhile`` happens in each call, and may raise."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile
        self.opened, self.calls, self.closed_in_use = [], 0, 0
        self._lock = threading.Lock()

    def __call__(self, batch):
        self.opened.append(batch)
        engine = FakeEngine(SPEC, self._run, lanes=2)
        engine.close = self._close
        return engine

    def _close(self):
        self.closed_in_use += self.calls

    def _run(self, batch):
        with self._lock:
            self.calls += 1
        try:
            if len(self.opened) == 1:
                self.meanwhile(len(batch["pre"]))
            return mixture(batch)
        finally:
            with self._lock:
                self.calls -= 1

    def map(self, *batches):
        """Let two threads infer these batches."""
        with ShrinkingEngine(self, 4) as engine, ThreadPoolExecutor(engine.lanes) as pool:
            for found, batch in zip(pool.map(engine.infer, batches), batches, strict=True):
                np.testing.assert_array_equal(found, mixture(batch))


def test_two_calls_that_run_short_halve_the_batch_once(caplog):
    both = threading.Barrier(2)

    def fail(count):
        both.wait(60)
        raise EngineMemoryError(f"no room for {count} tiles.")

    lanes = Lanes(fail)
    lanes.map(*[batch_of(4)] * 6)
    assert (lanes.opened, lanes.closed_in_use) == ([4, 2], 0)
    assert caplog.text.count("Going on with batches of") == 1


def test_when_it_cannot_be_opened_again_every_call_says_why():
    both = threading.Barrier(2)

    def fail(count):
        both.wait(60)
        raise EngineMemoryError(f"no room for {count} tiles.")

    lanes = Lanes(fail)

    def open_once(batch):
        if lanes.opened:
            raise EngineError("the device is lost.")
        return lanes(batch)

    with ShrinkingEngine(open_once, 4) as engine, ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(engine.infer, batch_of(4)) for _ in range(2)]
        for answer in (*answers, pool.submit(engine.infer, batch_of(4))):
            with pytest.raises(EngineError, match="the device is lost"):
                answer.result()


def test_a_call_under_way_ends_before_the_engine_is_replaced():
    failing, under_way = threading.Event(), threading.Event()

    def fail_or_dawdle(count):
        if count == 4:
            assert under_way.wait(60)
            failing.set()
            raise EngineMemoryError("no room for 4 tiles.")
        under_way.set()
        assert failing.wait(60)
        time.sleep(0.1)  # by now the other call wants to replace the engine

    lanes = Lanes(fail_or_dawdle)
    lanes.map(batch_of(2), batch_of(4), batch_of(4))
    assert (lanes.opened, lanes.closed_in_use) == ([4, 2], 0)


def test_when_a_single_tile_is_too_much_both_calls_say_so():
    both = threading.Barrier(2)

    def fail(count):
        with suppress(threading.BrokenBarrierError):  # one of them tries again alone
            both.wait(0.2)
        raise EngineMemoryError(f"no room for {count} tiles.")

    lanes = Lanes(fail)
    with ShrinkingEngine(lanes, 1) as engine, ThreadPoolExecutor(2) as pool:
        for answer in [pool.submit(engine.infer, batch_of(1)) for _ in range(2)]:
            with pytest.raises(EngineMemoryError, match="That was for a single tile"):
                answer.result()
    assert lanes.opened == [1]


@pytest.mark.parametrize(
    "words",
    [
        "Failed to allocate memory for requested buffer of size 4294967296",
        "std::bad_alloc",
        "CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED",
        "CUDA: cudaMalloc failed with cudaErrorMemoryAllocation (out of memory)",
        "[GPU] CUDA out of memory",
    ],
)
def test_words_of_libraries_that_have_no_memory(words):
    assert is_memory(RuntimeError(words))
    assert isinstance(failure("it failed", RuntimeError(words)), EngineMemoryError)


def test_other_words():
    assert not is_memory(RuntimeError("Got invalid dimensions for input: pre"))
    assert is_memory(MemoryError())
    assert str(failure("it failed", MemoryError())) == "it failed: MemoryError."


SHORT_OF_MEMORY = """
import json, resource, sys, numpy as np
from pathlib import Path
from landslip.runtime.engines import EngineOptions, shrinking
opened = []
genuine = shrinking.open_engine
shrinking.open_engine = lambda model, options: opened.append(options.batch) or genuine(model, options)
engine = shrinking.open_shrinking(Path(sys.argv[1]), EngineOptions("onnxruntime", "cpu", batch=4, tile=896, threads=2))
batch = {e.name: np.zeros((4, e.bands, 896, 896), e.dtype) for e in engine.spec.inputs}
used = int(next(l for l in open("/proc/self/status") if l.startswith("VmSize")).split()[1]) << 10
most = used + (int(sys.argv[2]) << 20)
resource.setrlimit(resource.RLIMIT_AS, (most, most))
print(json.dumps([opened, engine.infer(batch).shape]))
"""


@pytest.mark.slow
def test_a_real_engine_without_memory_is_one_that_can_be_helped():
    """ONNX Runtime in a process with little address space: large tiles do not fit, and one of them does.

    How much address space that is depends on the processor, so it is narrowed until four tiles at once do not fit.
    """
    for megabytes in range(640, 160, -30):
        command = [sys.executable, "-c", SHORT_OF_MEMORY, str(DEMO_MODEL), str(megabytes)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"with {megabytes} MB: {done.stderr}"
        opened, shape = json.loads(done.stdout)
        assert shape == [4, 1, 896, 896]
        if opened != [4]:
            break
    assert opened == [4, 1]
    assert done.stderr.count("Going on with batches of 1.") == 1
    assert done.stderr.count("Going on") == 1


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_real_engines_can_be_closed_twice(name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    engine = open_engine(DEMO_MODEL, EngineOptions(engine=name, device="cpu", batch=1, tile=64))
    engine.close()
    engine.close()
