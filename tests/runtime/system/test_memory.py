"""What this process holds, and held at the most."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from landslip.runtime.system.memory import peak_rss_bytes, resident_bytes

SIZE = 64 << 20

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what a process holds in /proc")


@linux
def test_what_is_held_comes_and_goes_and_the_peak_stays():
    before = resident_bytes()
    held = np.ones(SIZE, np.uint8)
    during = resident_bytes()
    assert during >= before + 0.9 * SIZE
    del held
    assert resident_bytes() <= during - 0.9 * SIZE
    assert peak_rss_bytes() >= 0.99 * during  # the system counts pages for each core, and adds them up later


@linux
def test_a_system_that_does_not_tell_the_peak_in_proc_is_asked_another_way(monkeypatch):
    peak = peak_rss_bytes()
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "Name:\tpython\nVmRSS:\t  12 kB\n")
    assert resident_bytes() == 12 * 1024
    assert peak_rss_bytes() >= 0.99 * peak


def test_a_system_that_tells_nothing_is_no_mistake(monkeypatch):
    def nothing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", nothing)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert resident_bytes() is None
    assert peak_rss_bytes() is None
