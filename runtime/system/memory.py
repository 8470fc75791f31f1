"""The memory of this process."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path


def peak_rss_bytes() -> int | None:
    """The most memory this process has held so far, in bytes; None where the system does not say."""
    with contextlib.suppress(OSError):
        # Not getrusage: on Linux its maximum includes what the parent held when it started this process.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
