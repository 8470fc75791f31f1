"""What others take of the machine is told from what this process and its children take."""

from __future__ import annotations

import os
import time

import pytest

from landslip.benchmarks.measuring.other_load import OtherLoad, watch_load, watched_share

CORE = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None

pytestmark = pytest.mark.skipif(CORE is None, reason="the system tells no process its cores")


def tell(proc, core, ours=0, child=0, other=0):
    """Write what ``/proc`` would say: ticks of the core in each state, and of three processes."""
    proc.mkdir(exist_ok=True)
    (proc / "stat").write_text(f"cpu 9 9 9 9\ncpu{CORE} {' '.join(map(str, core))}\ncpu4096 7 7 7 7\n")
    parents = {os.getpid(): (1, ours), 4_000_001: (os.getpid(), child), 4_000_002: (1, other)}
    for pid, (parent, ticks) in parents.items():
        (proc / str(pid)).mkdir(exist_ok=True)
        (proc / str(pid) / "stat").write_text(f"{pid} (a) name) S {parent}{' 0' * 9} {ticks} 0 0 0 20 0\n")


def test_what_is_neither_idle_nor_ours_was_taken_by_others(tmp_path):
    #        user nice system idle iowait irq softirq steal guest
    tell(tmp_path, (100, 0, 50, 500, 20, 0, 0, 5, 90), ours=60, child=10, other=80)
    load = OtherLoad(tmp_path)
    tell(tmp_path, (160, 5, 70, 600, 30, 0, 0, 10, 99), ours=100, child=20, other=110)
    # 200 ticks, of which 90 were busy and 50 of those ours.
    assert load.share() == pytest.approx(0.2)


def test_a_quiet_machine_has_no_others(tmp_path):
    tell(tmp_path, (0, 0, 0, 0, 0, 0, 0, 0))
    load = OtherLoad(tmp_path)
    tell(tmp_path, (98, 0, 0, 2, 0, 0, 0, 0), ours=99)  # counted a tick earlier than the core's
    assert load.share() == 0


def test_a_system_that_tells_nothing_is_no_quiet_one(tmp_path):
    assert OtherLoad(tmp_path / "nothing").share() is None
    tell(tmp_path, (1, 1, 1, 1, 0, 0, 0, 0))
    assert OtherLoad(tmp_path).share() is None


def test_this_machine_tells_a_share():
    shared = {}
    assert watched_share(shared) is None
    watch_load(shared)
    end = time.monotonic() + 5.0
    while (share := watched_share(shared)) is None and time.monotonic() < end:
        sum(range(100_000))
    if share is None:
        pytest.skip("the clock of the system's cores stands still")
    assert 0 <= share <= 1
