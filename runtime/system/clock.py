"""The time of day, as records have it."""

from __future__ import annotations

from datetime import datetime, timezone


def now() -> str:
    """UTC time in ISO 8601, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
