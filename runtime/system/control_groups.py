"""Limit on processor time that a service or a container has set for this process, as Linux's control groups tell it.

:mod:`~landslip.runtime.system.memory_room` reads those on memory.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def cpu_limit(root: Path = Path("/")) -> float | None:
    """Cores' worth of time that this process may take at the most; None where there is no limit.

    systemd's ``CPUQuota=150%`` is 1.5. The process may still run on every core, and then waits.

    Args:
        root: folder in which ``proc`` and ``sys`` lie.
    """
    limits = []
    for folder in _groups(root):
        both = _numbers(folder / "cpu.max") or [
            number for name in ("quota", "period") for number in _numbers(folder / f"cpu.cfs_{name}_us")
        ]
        limits += [both[0] / both[1]] if len(both) == 2 else []
    return min(limits, default=None)


def _numbers(path: Path) -> list[float]:
    """Numbers of a file; none where it is not there or sets no limit, which is ``max`` or -1."""
    with contextlib.suppress(OSError, ValueError):
        numbers = [float(word) for word in path.read_text(encoding="ascii").split()]
        if all(0 < number < math.inf for number in numbers):
            return numbers
    return []


def _groups(root: Path) -> Iterator[Path]:
    """Folders of this process's group and of those around it, in both versions of the interface."""
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines():
            _, controllers, path = [*line.split(":", 2), "", "", ""][:3]
            if path.startswith("/") and (not controllers or "cpu" in controllers.split(",")):
                own = PurePosixPath(path.lstrip("/"))
                # A container may see its own group as the root of the tree: folders that are not there are passed over.
                tree = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
                yield from (tree / folder for folder in (own, *own.parents))
