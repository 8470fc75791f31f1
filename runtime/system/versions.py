"""Versions that are installed."""

from __future__ import annotations

from importlib.metadata import version


def landslip_version() -> str:
    """The installed version."""
    return version("landslip")
