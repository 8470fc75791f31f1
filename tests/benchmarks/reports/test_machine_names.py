"""Reports lie in folders named after their machine."""

from __future__ import annotations

import pytest

from landslip.benchmarks.reports.machine_names import machine_name
from landslip.runtime.system.machine import describe_environment


@pytest.mark.parametrize(
    ("facts", "slug"),
    [
        ({"cpu": "AMD EPYC", "cores": 2, "instruction_sets": ["avx2"]}, "amd-epyc-2-cores"),
        (
            {"cpu": "AMD EPYC", "cores": 2, "instruction_sets": ["avx2", "avx512f", "avx512_vnni", "avx512_bf16"]},
            "amd-epyc-vnni-bf16-2-cores",
        ),
        ({"cpu": "AMD EPYC 9V74 80-Core Processor", "cores": 1}, "amd-epyc-9v74-1-core"),
        (
            {"cpu": "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", "cores": 16, "gpu": "NVIDIA H100"},
            "intel-xeon-gold-6338-16-cores-nvidia-h100",
        ),
        (
            {"cpu": "ARM Cortex-A78AE", "cores": 8, "instruction_sets": ["asimd", "asimdhp", "asimddp"]},
            "arm-cortex-a78ae-dotprod-8-cores",
        ),
        ({"cpu": "../../etc", "cores": 4}, "etc-4-cores"),
    ],
)  # fmt: skip
def test_names(facts, slug):
    assert machine_name(facts) == slug


def test_this_machine_has_a_name():
    assert "core" in machine_name(describe_environment())
