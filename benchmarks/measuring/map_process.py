"""A map in a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
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
    arguments = [str(scene), str(out), *([] if model is None else [str(model)])]
    return said_by("landslip.benchmarks.studies.one_map", arguments, f"The map of {scene}", lean=True)


def said_by(module: str, arguments: Sequence[str], what: str, *, lean: bool) -> dict[str, Any]:
    """Run a module in a process of its own, and give the JSON object that it prints.

    Args:
        module: run as ``python -m``.
        arguments: what it is told.
        what: subject of the error.
        lean: whether the process is set up as those of landslip's commands are.

    Raises:
        LandslipError: it failed; says why.
    """
    modules = ["landslip.benchmarks.measuring.lean_module"] * lean + [module]
    result = subprocess.run([sys.executable, "-m", *modules, *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or [_silent_end(result.returncode)])[-1]
        raise LandslipError(f"{what} failed: {last}")
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def _silent_end(code: int) -> str:
    """Words for the exit code of a process that said nothing."""
    if code == -signal.SIGKILL:
        return "killed, as where the memory of the machine does not suffice"
    return f"exit code {code}, without a word"
