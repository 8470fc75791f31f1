"""The memory of this process and of the machine, as the system counts it."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path


def resident_bytes() -> int | None:
    """Memory this process holds now, in bytes; None where the system does not say."""
    return _status_bytes("VmRSS")


def peak_rss_bytes() -> int | None:
    """Memory this process has held at the most so far, in bytes; None where the system does not say."""
    # Neither psutil, which knows no peak but on Windows, nor getrusage where it can be helped: on Linux its maximum
    # includes what the parent held when it started this process.
    peak = _status_bytes("VmHWM")
    if peak is not None:
        return peak
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def free_bytes() -> int | None:
    """Memory that programs may still take without others being paged out, in bytes; None where nobody says."""
    with contextlib.suppress(OSError, ValueError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)
    return None


def _status_bytes(field: str) -> int | None:
    """Size that Linux tells of this process, in bytes."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), None)
    return None
