"""Place of the record of an artifact: beside it."""

from __future__ import annotations

from pathlib import Path


def record_path(artifact: Path) -> Path:
    """Path of the record of an artifact or engine, which lies beside it."""
    return artifact.with_name(f"{artifact.name}.json")
