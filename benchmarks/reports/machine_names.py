"""Names of machines, for the folders of their reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NOISE = re.compile(r"\(r\)|\(tm\)|\bcpu\b|\bprocessor\b|@.*|\b\d+-core\b", re.IGNORECASE)
"""Parts of the names of CPUs that tell no two apart."""


_ARITHMETIC = {
    "amx_int8": "amx", "avx512_vnni": "vnni", "avx_vnni": "vnni", "avx512_bf16": "bf16", "amx_bf16": "bf16",
    "i8mm": "i8mm", "asimddp": "dotprod", "bf16": "bf16",
}  # fmt: skip
"""Words for the instruction sets that decide how fast a network is in INT8 and bf16; the others are left out."""


def machine_name(environment: Mapping[str, Any]) -> str:
    """Name such as ``amd-epyc-vnni-bf16-2-cores``, or with a GPU ``intel-xeon-vnni-16-cores-nvidia-h200``.

    Processors that go by one name, and compute a network several times as fast as one another, get names of their own.

    Args:
        environment: as from :func:`landslip.runtime.system.machine.describe_environment`.
    """
    cores = environment["cores"]
    parts = [
        _NOISE.sub(" ", environment["cpu"]),
        *narrow_arithmetic(environment),
        f"{cores} core{'s' * (cores != 1)}",
        environment.get("gpu", ""),
    ]
    return "-".join(re.findall("[a-z0-9]+", " ".join(parts).lower()))


def narrow_arithmetic(environment: Mapping[str, Any]) -> list[str]:
    """Words such as ``vnni`` and ``bf16`` for what a processor has beyond fp32; none where a report does not tell.

    Args:
        environment: as from :func:`landslip.runtime.system.machine.describe_environment`.
    """
    found = environment.get("instruction_sets", ())
    return list(dict.fromkeys(_ARITHMETIC[each] for each in found if each in _ARITHMETIC))
