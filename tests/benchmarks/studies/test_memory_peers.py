"""Peak memory against MONAI."""

from __future__ import annotations

import importlib.util

import pytest

from landslip.benchmarks.studies.memory_peers import measure_memory_against_monai
from landslip.runtime.errors import LandslipError

INSTALLED = all(importlib.util.find_spec(name) for name in ("torch", "monai"))


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="MONAI is not installed")
def test_both_ways_are_measured_on_the_same_tiles(tmp_path):
    report = measure_memory_against_monai(tmp_path, 600)
    (ours, theirs) = report.tables[0].rows
    assert ours[1] == theirs[1] == 25
    assert all(0 < beyond < peak for _, _, peak, _, beyond in (ours, theirs))
    assert report.findings["peak_memory_vs_monai"].value == pytest.approx(ours[2] / theirs[2])


@pytest.mark.skipif(INSTALLED, reason="MONAI is installed")
def test_without_monai_it_says_what_to_install(tmp_path):
    with pytest.raises(LandslipError, match="bench-peers"):
        measure_memory_against_monai(tmp_path, 300)
