"""Record of an artifact as it lies beside it, for who can do without."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.artifacts.artifact_types import ArtifactRecord
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.errors import InputError


def record_beside(artifact: Path) -> ArtifactRecord | None:
    """Record of an artifact; None where there is none, or none that can be read."""
    try:
        return ArtifactRecord.read(record_path(artifact))
    except InputError:
        return None
