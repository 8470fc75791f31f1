"""Names of machines, for the folders of their reports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NOISE = re.compile(r"\(r\)|\(tm\)|\bcpu\b|\bprocessor\b|@.*|\b\d+-core\b", re.IGNORECASE)
"""Parts of the names of CPUs that tell no two apart."""


def machine_name(environment: Mapping[str, Any]) -> str:
    """Name such as ``amd-epyc-2-cores``, or with a GPU ``intel-xeon-16-cores-nvidia-h200``.

    Args:
        environment: as from :func:`landslip.runtime.system.machine.describe_environment`.
    """
    cores = environment["cores"]
    parts = [_NOISE.sub(" ", environment["cpu"]), f"{cores} core{'s' * (cores != 1)}", environment.get("gpu", "")]
    return "-".join(re.findall("[a-z0-9]+", " ".join(parts).lower()))
