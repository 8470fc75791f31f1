"""Room for more in memory: what the machine, or the container or service the process runs in, can still give.

Linux only; the limits of a container or service are those of its control group and of all groups around it, in both
versions of the interface.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class MemoryRoom:
    """Memory that may be used, in bytes; None where the system does not say."""

    free: int | None
    """Bytes that can still be had without swapping, now."""
    total: int | None
    """Bytes that there are, for everything."""


def memory_room(root: Path = Path("/")) -> MemoryRoom:
    """Memory of the machine, within the limits that hold for this process.

    Args:
        root: folder in which ``proc`` and ``sys`` lie.
    """
    frees, totals = [], []
    told = _numbers(root / "proc/meminfo")
    if "MemTotal:" in told:
        totals.append(told["MemTotal:"] << 10)
        frees.append(told.get("MemAvailable:", told.get("MemFree:", told["MemTotal:"])) << 10)
    for limit, used in _groups(root):
        totals.append(limit)
        frees.append(max(0, limit - used))
    return MemoryRoom(min(frees, default=None), min(totals, default=None))


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """Limit and use of the control groups around this process that have a limit, in bytes."""
    mounted = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines():
            _, controllers, path = [*line.split(":", 2), "", "", ""][:3]
            if not path.startswith("/"):
                continue
            if not controllers:
                names, place, stale = ("memory.max", "memory.current"), mounted, "inactive_file"
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
                place, stale = mounted / "memory", "total_inactive_file"
            else:
                continue
            group = PurePosixPath(path.lstrip("/"))
            for folder in (place / each for each in (group, *group.parents)):
                limit, used = (_number(folder / name) for name in names)
                if limit is not None and used is not None:
                    # Files that nobody uses are given up first, so they count as free.
                    yield limit, max(0, used - _numbers(folder / "memory.stat").get(stale, 0))


def _number(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii"))  # "max" is no number: there is no limit
    return None


def _numbers(path: Path) -> dict[str, int]:
    """First word of each line, and the number after it."""
    numbers = {}
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="ascii", errors="replace").splitlines():
            name, number, *_ = [*line.split(), "", ""]
            if number.isdecimal():
                numbers[name] = int(number)
    return numbers
