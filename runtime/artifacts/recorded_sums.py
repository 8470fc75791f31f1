"""Sums of 8-bit products in 16 bits, in which x86 processors without VNNI add them up: what a record says of them."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.artifacts.artifact_types import ArtifactRecord
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.errors import InputError


def may_overflow(model: Path) -> bool:
    """Tell whether sums of an artifact may not fit: its record says so, or there is none that says anything."""
    try:
        made = ArtifactRecord.read(record_path(model)).quantisation
    except InputError:
        return True
    return made is not None and made.may_overflow
