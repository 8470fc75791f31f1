"""A map in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from landslip.runtime.errors import LandslipError


def map_in_process(scene: Path, out: Path, model: Path | None) -> dict[str, Any]:
    """Map a synthetic event and give the run record.

    Args:
        scene: folder of the event's files.
        out: for the map.
        model: ONNX file; None for the fake engine.

    Raises:
        LandslipError: the map failed; says why.
    """
    command = [sys.executable, "-m", "landslip.benchmarks.studies.one_map", str(scene), str(out)]
    result = subprocess.run(
        [*command, *([] if model is None else [str(model)])], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise LandslipError(f"The map of {scene} failed: {result.stderr.strip().splitlines()[-1]}")
    record: dict[str, Any] = json.loads(result.stdout)
    return record
