"""Reports lie in folders named after their machine."""

from __future__ import annotations

import pytest

from landslip.benchmarks.reports.machine_names import machine_name
from landslip.runtime.system.machine import describe_environment


@pytest.mark.parametrize(
    ("cpu", "cores", "gpu", "slug"),
    [
        ("AMD EPYC", 2, None, "amd-epyc-2-cores"),
        ("AMD EPYC 9V74 80-Core Processor", 1, None, "amd-epyc-9v74-1-core"),
        ("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 16, "NVIDIA H100", "intel-xeon-gold-6338-16-cores-nvidia-h100"),
        ("../../etc", 4, None, "etc-4-cores"),
    ],
)  # fmt: skip
def test_names(cpu, cores, gpu, slug):
    assert machine_name({"cpu": cpu, "cores": cores} | ({"gpu": gpu} if gpu else {})) == slug


def test_this_machine_has_a_name():
    assert "core" in machine_name(describe_environment())
